import { test } from "node:test";
import assert from "node:assert/strict";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { act, sampleLog } from "../../test/audit/sample-log.ts";
import type { SampleLog } from "../../test/audit/sample-log.ts";
import { segmentName } from "./lines.ts";

/** Two sessions of writing, three checkpoints beyond the empty one, everything anchored. */
async function small(): Promise<SampleLog> {
  const sample = await sampleLog();
  for (const round of [1, 2]) {
    const { log } = await sample.open({ checkpointRecords: 3 });
    act(log, `${round}a`);
    await log.seal();
    act(log, `${round}b`);
    await log.close();
  }
  return sample;
}

const segment = segmentName(0);

async function edit(sample: SampleLog, file: string, change: (lines: string[]) => string[]): Promise<void> {
  const path = join(sample.directory, file);
  const lines = (await readFile(path, "utf8")).split("\n");
  await writeFile(path, change(lines).join("\n"));
}

test("an untouched log verifies, and everything is anchored", async () => {
  const sample = await small();
  const report = await sample.verify();
  assert.deepEqual(report.problems, []);
  assert.equal(report.ok, true);
  assert.deepEqual([report.records, report.anchored, report.unanchored, report.openActs.length], [8, 8, 0, 0]);
  assert.ok(report.checkpoints.count >= 3);
  await sample.remove();
});

test("one flipped byte anywhere in any file is found", async () => {
  const sample = await small();
  let flips = 0;
  for (const name of await readdir(sample.directory)) {
    const path = join(sample.directory, name);
    const original = await readFile(path);
    for (let at = 0; at < original.length; at += 1) {
      const mask = 1 << (at % 8);
      const changed = Buffer.from(original);
      changed[at] = (changed[at] as number) ^ mask;
      await writeFile(path, changed);
      const report = await sample.verify();
      assert.equal(report.ok, false, `byte ${at} of ${name} flipped by ${mask} was not found`);
      assert.ok(report.problems.length > 0);
      flips += 1;
    }
    await writeFile(path, original);
  }
  assert.ok(flips > 2000, `only ${flips} bytes were flipped`);
  assert.equal((await sample.verify()).ok, true);
  await sample.remove();
});

test("an edited line is named with its place, by tree and by chain apart", async () => {
  const sample = await small();
  await edit(sample, segment, (lines) => lines.map((line, n) => (n === 1 ? line.replace('"rowsChanged":2', '"rowsChanged":3') : line)));
  const report = await sample.verify();
  assert.deepEqual([report.tree, report.chain, report.lines, report.sequence], [false, false, true, true]);
  assert.equal(report.checkpoints.signatures, true);
  assert.equal(report.anchored, 0);
  assert.equal(report.firstBad?.code, "chain");
  assert.equal(report.firstBad?.record, 2);
  await sample.remove();
});

test("a deleted line and two swapped lines break the sequence at their place", async () => {
  const sample = await small();
  const second = await sample.copy();
  await edit(sample, segment, (lines) => lines.filter((_, n) => n !== 3));
  const deleted = await sample.verify();
  assert.deepEqual([deleted.sequence, deleted.tree], [false, false]);
  assert.deepEqual([deleted.firstBad?.code, deleted.firstBad?.record], ["sequence", 3]);
  await edit(second, segment, (lines) => [...lines.slice(0, 2), lines[3] as string, lines[2] as string, ...lines.slice(4)]);
  const swapped = await second.verify();
  assert.deepEqual([swapped.sequence, swapped.tree, swapped.firstBad?.record], [false, false, 2]);
  await Promise.all([sample.remove(), second.remove()]);
});

test("a cut tail is found, also when it is cut between two lines", async () => {
  const sample = await small();
  await edit(sample, segment, (lines) => [...lines.slice(0, 6), ""]);
  const report = await sample.verify();
  assert.equal(report.tree, false);
  assert.ok(report.problems.some((p) => p.code === "log_shorter_than_checkpoint"));
  await assert.rejects(sample.open(), /the log ends at record 6, and its newest checkpoint signs 8/);
  await sample.remove();
});

test("a replaced, foreign or missing checkpoint is named", async () => {
  const sample = await small();
  const other = await small();
  const own = await readFile(join(sample.directory, "checkpoint"));
  await writeFile(join(sample.directory, "checkpoint"), await readFile(join(other.directory, "checkpoint")));
  assert.deepEqual(
    (await sample.verify()).problems.map((p) => p.code),
    ["newest_checkpoint"],
  );
  await writeFile(join(sample.directory, "checkpoint"), own);
  await writeFile(join(sample.directory, "checkpoints"), await readFile(join(other.directory, "checkpoints")));
  const foreign = await sample.verify();
  assert.equal(foreign.checkpoints.signatures, false);
  assert.ok(foreign.problems.some((p) => p.code === "checkpoint_signature"));
  await rm(join(sample.directory, "checkpoints"));
  await rm(join(sample.directory, "checkpoint"));
  assert.ok((await sample.verify()).problems.some((p) => p.code === "checkpoint_missing"));
  await Promise.all([sample.remove(), other.remove()]);
});

test("a rollback of the whole directory is found by a checkpoint kept elsewhere, and only by it", async () => {
  const sample = await small();
  const before = await sample.copy();
  const { log } = await sample.open();
  act(log, "3");
  await log.close();
  const witness = await readFile(join(sample.directory, "checkpoint"), "utf8");
  assert.equal((await before.verify()).ok, true);
  const report = await before.verify(witness);
  assert.deepEqual([report.ok, ...report.problems.map((p) => p.code)], [false, "rolled_back"]);
  assert.deepEqual(report.witness, { count: 1, newest: 10 });
  assert.equal((await sample.verify(witness)).ok, true);
  // A log that went another way after the rollback disagrees with the witness at that size.
  const { log: forked } = await before.open();
  act(forked, "4");
  await forked.close();
  assert.equal((await before.verify()).ok, true);
  assert.deepEqual(
    (await before.verify(witness)).problems.map((p) => p.code),
    ["witness_disagrees"],
  );
  await Promise.all([sample.remove(), before.remove()]);
});

test("an unanchored tail, acts in flight and acts without intent are reported apart", async () => {
  const sample = await small();
  const { log } = await sample.open();
  act(log, "5", false);
  await log.seal();
  const live = await sample.verify();
  assert.deepEqual([live.ok, live.anchored, live.unanchored], [true, 8, 1]);
  assert.deepEqual(live.openActs, ["s_sample.5"]);
  log.append({ kind: "outcome", action: "s_sample.6" as never, outcome: { status: "unknown", because: "test" } });
  await log.close();
  const report = await sample.verify();
  assert.deepEqual([report.ok, report.firstBad?.code, report.firstBad?.record], [false, "act_without_intent", 9]);
  assert.deepEqual([report.tree, report.chain, report.sequence], [true, true, true]);
  await sample.remove();
});
