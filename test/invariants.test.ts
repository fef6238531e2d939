/** ARCHITECTURE.md names the tests that carry the invariants; each must exist, so that a renamed test cannot leave one bare. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { filesUnder, home } from "../scripts/files.ts";

test("every test that ARCHITECTURE.md names for an invariant exists", () => {
  const rows = readFileSync(join(home, "ARCHITECTURE.md"), "utf8")
    .split("\n")
    .filter((line) => /^\| \d \|/.test(line));
  assert.equal(rows.length, 9);
  const names = rows.flatMap((row) => [...(row.split("|")[3] as string).matchAll(/`([^`/]+)`/g)].map((match) => match[1] as string));
  assert.ok(names.length >= 9);
  const texts = [...filesUnder("src"), ...filesUnder("test")]
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(home, file), "utf8"));
  assert.deepEqual(
    names.filter((name) => !texts.some((text) => text.includes(`test("${name}`))),
    [],
  );
});
