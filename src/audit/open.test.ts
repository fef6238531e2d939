import { test } from "node:test";
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { appendFile, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { act, sampleLog } from "../../test/audit/sample-log.ts";
import type { SampleLog } from "../../test/audit/sample-log.ts";
import { faults, faultyFiles } from "../../test/audit/faulty-files.ts";
import type { Fault } from "../../test/audit/faulty-files.ts";
import type { ActionId, SessionId } from "../base/ids.ts";
import { readEvents } from "./events.ts";
import { directoryFiles } from "./files.ts";
import type { LogFiles } from "./files.ts";
import { segmentName, segmentsOf } from "./lines.ts";
import { AuditUnavailable } from "./log.ts";

async function verified(sample: SampleLog): Promise<Awaited<ReturnType<SampleLog["verify"]>>> {
  const report = await sample.verify();
  assert.deepEqual(report.problems, []);
  return report;
}

test("acts without outcome are named at the next start, once", async () => {
  const sample = await sampleLog();
  const first = await sample.open();
  act(first.log, "a");
  act(first.log, "b", false);
  await first.log.close();
  assert.deepEqual((await verified(sample)).openActs, ["s_sample.b"]);
  const second = await sample.open();
  assert.deepEqual(second.recovered.unknownOutcomes, ["s_sample.b"]);
  await second.log.close();
  const report = await verified(sample);
  assert.deepEqual([report.openActs.length, report.unknownOutcomes, report.records], [0, 1, 4]);
  const third = await sample.open();
  assert.deepEqual(third.recovered, { tornBytes: 0, unknownOutcomes: [], replayed: 0, size: 4 });
  await third.log.close();
  await sample.remove();
});

test("more open acts than fit one record are recovered in several", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open();
  for (let i = 0; i < 2500; i += 1) act(log, String(i), false);
  await log.close();
  const { log: again, recovered } = await sample.open();
  assert.equal(recovered.unknownOutcomes.length, 2500);
  await again.close();
  assert.equal((await verified(sample)).unknownOutcomes, 2500);
  await sample.remove();
});

test("a long transaction is told in several records, none of its acts cut off", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open();
  const actions = Array.from({ length: 12_345 }, (_, i) => `s_0123456789abcdef.${i}` as ActionId);
  log.append({ kind: "transaction_ended", session: "s_0123456789abcdef" as SessionId, end: "committed", actions, rowsChanged: 7 });
  await log.close();
  const told: string[] = [];
  let rows = 0;
  for await (const { event } of readEvents({ directory: sample.directory })) {
    if (event.kind !== "transaction_ended") continue;
    told.push(...event.actions);
    rows += event.rowsChanged;
  }
  assert.deepEqual([told, rows], [actions, 7]);
  await sample.remove();
});

test("a torn last line is set aside, kept, and said", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open();
  act(log, "a");
  await log.close();
  await appendFile(join(sample.directory, segmentName(0)), '{"n":2,"t":17');
  assert.equal((await sample.verify()).tornTailBytes, 13);
  const { log: again, recovered } = await sample.open();
  assert.equal(recovered.tornBytes, 13);
  await again.close();
  const report = await verified(sample);
  assert.deepEqual(report.tornFiles, ["torn-000001"]);
  assert.equal(await readFile(join(sample.directory, "torn-000001"), "utf8"), '{"n":2,"t":17');
  await sample.remove();
});

test("blocks that the machine never wrote are torn; an edited line at the end is not", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open();
  act(log, "a");
  await log.close();
  const second = await sample.copy();
  await appendFile(join(sample.directory, segmentName(0)), Buffer.concat([Buffer.alloc(64), Buffer.from('ent"}\n{"n":3}\n')]));
  const { log: again, recovered } = await sample.open();
  assert.equal(recovered.tornBytes, 64 + 14);
  await again.close();
  await verified(sample);
  await appendFile(join(second.directory, segmentName(0)), "this is no record\n");
  await assert.rejects(second.open(), { name: "AuditDamaged", message: /does not begin a record/ });
  await Promise.all([sample.remove(), second.remove()]);
});

test("a log goes on across segments, and starts without reading the old ones", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open({ segmentBytesMax: 500 });
  for (let i = 0; i < 40; i += 1) {
    act(log, String(i));
    await log.seal();
  }
  await log.close();
  const segments = segmentsOf(await readdir(sample.directory));
  assert.ok(segments.length > 5, `${segments.length} segments`);
  await verified(sample);
  const { log: again, recovered } = await sample.open({ segmentBytesMax: 500 });
  assert.equal(recovered.replayed, 0);
  act(again, "last");
  await again.close();
  assert.equal((await verified(sample)).records, 82);
  await rm(join(sample.directory, (segments[2] as { name: string }).name));
  const report = await sample.verify();
  assert.deepEqual([report.ok, report.lines, report.firstBad?.code], [false, false, "segment_gap"]);
  await sample.remove();
});

test("a lost or false frontier only costs time", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open();
  for (let i = 0; i < 9; i += 1) act(log, String(i));
  await log.close();
  const path = join(sample.directory, "frontier");
  const good = await readFile(path, "utf8");
  for (const text of [null, "", good.slice(0, 40), good.replace(/"size":\d+/, '"size":17')]) {
    if (text === null) await rm(path);
    else await writeFile(path, text);
    const { log: again, recovered } = await sample.open();
    assert.deepEqual([recovered.replayed, recovered.size], [18, 18]);
    await again.close();
  }
  await sample.remove();
});

test("two writers never share a log; a lock left by a killed process is taken over", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open();
  await assert.rejects(sample.open(), /is in use by process \d+: stop it first/);
  await log.close();
  // A process id that lives, with another start time: the number was given out again.
  await writeFile(join(sample.directory, "lock"), `${process.pid} 1 x\n`);
  const { log: second } = await sample.open();
  await second.close();
  await writeFile(join(sample.directory, "lock"), "999999999 1 x\n");
  const { log: third } = await sample.open();
  await third.close();
  assert.deepEqual(
    (await readdir(sample.directory)).filter((name) => name.startsWith("lock")),
    [],
  );
  await sample.remove();
});

test("a foreign key or another origin does not open a log", async () => {
  const sample = await sampleLog();
  const other = await sampleLog();
  await (await sample.open()).log.close();
  await assert.rejects(sample.open({ signer: other.options.signer }), { name: "AuditDamaged", message: /not signed by this log's key/ });
  await assert.rejects(sample.open({ origin: "holdfast.example/other" }), { name: "AuditDamaged" });
  await Promise.all([sample.remove(), other.remove()]);
});

test("after close nothing is taken, and what was taken is there", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open();
  act(log, "a");
  await Promise.all([log.close(), log.close()]);
  assert.throws(() => act(log, "b"), AuditUnavailable);
  await assert.rejects(log.seal(), AuditUnavailable);
  assert.equal((await verified(sample)).records, 2);
  await sample.remove();
});

test("records nobody seals are written within the bound", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open();
  act(log, "a");
  // The timer is unreferenced: something must keep the process alive while it is waited for.
  const alive = setInterval(() => {}, 1000);
  while ((await sample.verify()).records === 0) await setTimeout(20);
  clearInterval(alive);
  await log.close();
  await sample.remove();
});

/** Runs one whole life of a log on `files` that may fail; returns the ids of acts whose seal resolved. */
async function life(
  sample: SampleLog,
  failAt: number,
  fault: Fault,
): Promise<{ sealed: string[]; operations: readonly string[]; failed: boolean }> {
  const { files, operations } = await faultyFiles(sample.directory, failAt, fault);
  const sealed: string[] = [];
  let failed = false;
  try {
    const { log } = await sample.open({ files, segmentBytesMax: 400, checkpointRecords: 4 });
    try {
      for (const name of ["1", "2", "3", "4", "5"]) {
        act(log, `${failAt}-${name}`);
        await log.seal();
        sealed.push(`s_sample.${failAt}-${name}`);
      }
      await log.close();
    } catch (error) {
      assert.ok(error instanceof AuditUnavailable || /no space left/.test(String(error)), String(error));
      failed = true;
      // Broken for good: neither append nor seal ever succeeds again.
      await assert.rejects(log.seal(), AuditUnavailable);
      assert.throws(() => act(log, "after"), AuditUnavailable);
      await log.close().catch(() => {});
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    failed = true;
  }
  return { sealed, operations, failed };
}

test("the_log_verifies_after_every_failed_write: each write failing, half done, and failing though it persisted", async () => {
  const sample = await sampleLog();
  const { operations } = await life(sample, -1, "not_done");
  assert.ok(operations.length > 15, operations.join(", "));
  await sample.remove();
  for (const fault of faults) {
    for (let failAt = 0; failAt < operations.length; failAt += 1) {
      const place = `${fault} at ${failAt}: ${operations[failAt]}`;
      const one = await sampleLog();
      // Something in the log already, with a torn end, so that recovery writes too.
      const before = await one.open();
      act(before.log, "before", false);
      await before.log.close();
      await appendFile(join(one.directory, segmentName(0)), '{"n":');
      const { sealed, failed } = await life(one, failAt, fault);
      assert.ok(failed, `nothing failed: ${place}`);
      await sealedAreThere(one, sealed, place);
      await one.remove();
    }
  }
});

test("a log that broke gives its files back only when the checkpoint under way is through with them", async () => {
  const sample = await sampleLog();
  const real = await directoryFiles(sample.directory);
  const gate = new EventEmitter();
  let slow = false;
  let full = false;
  const files: LogFiles = {
    ...real,
    async openAppend(name) {
      const file = await real.openAppend(name);
      if (name !== segmentName(0)) return file;
      return { append: (bytes) => (full ? Promise.reject(new Error("no space left")) : file.append(bytes)), close: () => file.close() };
    },
    async replace(name, bytes) {
      if (slow) {
        gate.emit("reached");
        await once(gate, "let go");
      }
      await real.replace(name, bytes);
    },
  };
  const { log } = await sample.open({ files, checkpointRecords: 2 });
  slow = true;
  const reached = once(gate, "reached");
  act(log, "a");
  await log.seal();
  await reached;
  full = true;
  act(log, "b");
  await assert.rejects(log.seal());
  let closed = false;
  const closing = log.close().catch(() => {});
  const done = closing.then(() => {
    closed = true;
  });
  await setTimeout(30);
  assert.equal(closed, false);
  slow = false;
  gate.emit("let go");
  await done;
  assert.deepEqual((await sample.verify()).problems, []);
  await sample.remove();
});

async function sealedAreThere(sample: SampleLog, sealed: readonly string[], place: string): Promise<void> {
  assert.deepEqual((await sample.verify()).problems, [], `before it is opened again, ${place}`);
  const { log } = await sample.open();
  await log.close();
  const report = await sample.verify();
  assert.deepEqual(report.problems, [], place);
  assert.deepEqual(report.openActs, [], place);
  assert.equal(report.anchored, report.records, place);
  let text = "";
  for (const { name } of segmentsOf(await readdir(sample.directory))) text += await readFile(join(sample.directory, name), "utf8");
  for (const action of ["s_sample.before", ...sealed]) {
    assert.ok(text.includes(`"kind":"intent","action":"${action}"`), `${action} is lost: ${place}`);
  }
  for (const name of await readdir(sample.directory)) assert.ok(!name.endsWith(".new"), `${name} was left: ${place}`);
}
