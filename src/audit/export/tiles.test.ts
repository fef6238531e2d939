import { test } from "node:test";
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { act, sampleLog } from "../../../test/audit/sample-log.ts";
import { compactRange, leafHash } from "../merkle.ts";
import { parseCheckpoint } from "../note.ts";
import { readEvents } from "../events.ts";
import { exportTiles, tilePath } from "./tiles.ts";

test("tile paths are those of the specification", () => {
  assert.deepEqual([0, 67, 1000, 1234067].map(tilePath), ["000", "067", "x001/000", "x001/x234/067"]);
});

test("the root of the exported tiles is the one that the checkpoint signs", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open();
  for (let i = 0; i < 400; i += 1) act(log, String(i));
  await log.close();
  const into = join(sample.directory, "tiles");
  assert.equal(await exportTiles(sample.directory, into), 800);
  const checkpoint = parseCheckpoint(await readFile(join(into, "checkpoint"), "utf8"));
  const level0 = [];
  for (const name of ["000", "001", "002", "003.p/32"]) level0.push(await readFile(join(into, "tile/0", name)));
  const hashes = Buffer.concat(level0);
  const range = compactRange();
  for (let i = 0; i < 800; i += 1) range.append(hashes.subarray(i * 32, i * 32 + 32));
  assert.equal(range.root().toString("base64"), checkpoint?.root);
  // The upper level is what a full tile below folds to.
  const first = compactRange();
  for (let i = 0; i < 256; i += 1) first.append(hashes.subarray(i * 32, i * 32 + 32));
  const level1 = await readFile(join(into, "tile/1/000.p/3"));
  assert.deepEqual(level1.subarray(0, 32), first.root());
  await assert.rejects(stat(join(into, "tile/2")));
  for await (const { n, line } of readEvents({ directory: sample.directory, from: 799 }))
    assert.deepEqual(leafHash(line), hashes.subarray(n * 32));
  await sample.remove();
});
