import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { act, sampleLog } from "../../test/audit/sample-log.ts";
import { compactRange, leafHash, nodeHash } from "./merkle.ts";
import { addLines, treeInThread } from "./tree.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** RFC 9162, 2.1.1, word for word: split at the largest power of two smaller than n. */
function rootByDefinition(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return compactRange().root();
  if (leaves.length === 1) return leafHash(leaves[0] as Buffer);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(rootByDefinition(leaves.slice(0, k)), rootByDefinition(leaves.slice(k)));
}

test("known roots: the empty tree and one empty leaf", () => {
  const range = compactRange();
  assert.equal(hex(range.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  range.add(Buffer.alloc(0));
  assert.equal(hex(range.root()), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
});

test("the compact range gives the root of the definition at every size, also when continued", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 70 }), fc.nat(), (data, split) => {
      const leaves = data.map((d) => Buffer.from(d));
      const at = split % (leaves.length + 1);
      const first = compactRange();
      for (const leaf of leaves.slice(0, at)) first.add(leaf);
      assert.equal(hex(first.root()), hex(rootByDefinition(leaves.slice(0, at))));
      const second = compactRange(first.size, first.hashes);
      for (const leaf of leaves.slice(at)) second.add(leaf);
      assert.equal(hex(second.root()), hex(rootByDefinition(leaves)));
    }),
    { numRuns: 200 },
  );
  assert.throws(() => compactRange(3, [Buffer.alloc(32)]), RangeError);
});

test("the hashing thread gives the same heads, each over what was added before it was asked", async () => {
  const here = compactRange();
  const tree = treeInThread(compactRange());
  for (let i = 0; i < 50; i += 1) {
    const lines = Buffer.from(`line ${i}\n${"x".repeat(i === 30 ? 300_000 : i * 1000)}\n`);
    addLines(here, lines);
    const given = Buffer.from(lines);
    tree.add(given);
    given.fill(0); // It is the caller's again.
    const head = i % 7 === 0 ? await tree.head() : null;
    if (head !== null) assert.deepEqual([head.size, hex(head.root)], [here.size, hex(here.root())]);
  }
  await tree.close();
  await assert.rejects(tree.head(), /hashing thread/);
});

test("a log hashed in the thread verifies while it is written and after", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open({ hashing: "thread", checkpointRecords: 50 });
  for (let i = 0; i < 300; i += 1) {
    act(log, String(i));
    if (i % 10 === 0) await log.seal();
    if (i % 100 === 0) assert.deepEqual((await sample.verify()).problems, []);
  }
  await log.close();
  const report = await sample.verify();
  assert.deepEqual([report.problems, report.records, report.anchored], [[], 600, 600]);
  await sample.remove();
});
