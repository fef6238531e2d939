import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { directoryFiles } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-files-"));
after(() => rmSync(folder, { recursive: true }));

const touches: readonly (readonly [what: string, touch: (path: string) => void, said: RegExp])[] = [
  ["removed", (path) => rmSync(path), /was removed or moved: ENOENT/],
  ["moved", (path) => renameSync(path, `${path}.aside`), /was removed or moved/],
  ["emptied", (path) => truncateSync(path, 0), /was cut, or written by somebody else/],
  ["cut", (path) => truncateSync(path, statSync(path).size - 1), /was cut/],
  ["written by somebody else", (path) => appendFileSync(path, "x"), /written by somebody else/],
  [
    "replaced by its own copy",
    (path) => {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
    /another file was put in the place/,
  ],
];

describe("a file that only grows", () => {
  for (const [what, touch, said] of touches)
    test(`${what} past its writer: what is appended then does not count as durable`, async () => {
      const files = await directoryFiles(folder);
      const name = what.replaceAll(" ", "-");
      const file = await files.openAppend(name);
      await file.append(Buffer.from("one\n"));
      await file.append(Buffer.from("two\n"));
      touch(join(folder, name));
      await assert.rejects(file.append(Buffer.from("three\n")), said);
      await file.close();
    });

  test("left alone takes everything, and goes on where it ended", async () => {
    const files = await directoryFiles(folder);
    for (const text of ["one\n", "two\n"]) {
      const file = await files.openAppend("whole");
      await file.append(Buffer.from(text));
      await file.close();
    }
    assert.equal(readFileSync(join(folder, "whole"), "utf8"), "one\ntwo\n");
  });
});
