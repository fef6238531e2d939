import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ActionId, BackupId, BinEntryId, DrillId, UndoId } from "../base/ids.ts";
import type { AuditEvent } from "../model/event.ts";
import { RecoveryFold } from "./told.ts";

const target = "shop";
const backup = "k_1" as BackupId;

function told(...events: readonly AuditEvent[]) {
  const fold = new RecoveryFold();
  for (const [at, event] of events.entries()) fold.step(event, at);
  return fold.told().targets;
}

const put = (entry: string): AuditEvent => ({
  kind: "bin_put",
  entry: entry as BinEntryId,
  target,
  database: "shop",
  tag: "DROP TABLE",
  names: ["public.orders"],
  objects: 3,
  bytes: 8192,
});

describe("what the log tells of recovery", () => {
  test("a backup is running, then done, then gone", () => {
    const started: AuditEvent = { kind: "backup_started", backup, target, method: "dump" };
    const done: AuditEvent = { kind: "backup_done", backup, target, method: "dump", bytes: 7, manifest: "aa" };
    assert.deepEqual(told(started)[0]?.backups, [{ id: backup, method: "dump", atMs: 0, state: "running" }]);
    assert.deepEqual(told(started, done)[0]?.backups, [{ id: backup, method: "dump", atMs: 1, state: "done", bytes: 7 }]);
    assert.deepEqual(told(started, done, { kind: "backup_removed", backup, target, because: "old" })[0]?.backups, []);
  });

  test("a backup that failed keeps its method and says why", () => {
    const started: AuditEvent = { kind: "backup_started", backup, target, method: "basebackup" };
    const failed = told(started, { kind: "backup_failed", backup, target, because: "the disk is full" });
    assert.deepEqual(failed[0]?.backups, [{ id: backup, method: "basebackup", atMs: 1, state: "failed", because: "the disk is full" }]);
  });

  test("an alarm stands until it is over, and each of its kind once", () => {
    const alarm = (because: string): AuditEvent => ({ kind: "recovery_alarm", target, about: "old_backup", because });
    assert.deepEqual(told(alarm("25 h"), alarm("26 h"))[0]?.alarms, [{ about: "old_backup", because: "26 h", sinceMs: 1 }]);
    assert.deepEqual(told(alarm("25 h"), { kind: "recovery_alarm_over", target, about: "old_backup" })[0]?.alarms, []);
  });

  test("the bin holds what was neither restored nor emptied, newest first", () => {
    const gone = { target, database: "shop", names: [], bytes: 0, because: "" } as const;
    const all = told(
      put("n_1"),
      put("n_2"),
      put("n_3"),
      put("n_4"),
      { kind: "bin_restored", entry: "n_2" as BinEntryId, ...gone },
      { kind: "bin_emptied", entry: "n_3" as BinEntryId, ...gone },
    );
    assert.deepEqual(
      all[0]?.bin.map(({ entry }) => entry),
      ["n_4", "n_1"],
    );
  });

  test("an undo is running until its end is told; an end without a beginning tells nothing", () => {
    const undo = "u_1" as UndoId;
    const started: AuditEvent = {
      kind: "undo_started",
      undo,
      target,
      database: "shop",
      transactions: ["771", "772"],
      planDigest: "aa",
      skipConflicts: true,
      person: "ann",
      nonce: "n",
    };
    const tables = [{ table: "public.orders", inserted: 2, updated: 1, deleted: 0, truncated: 0 }];
    const done: AuditEvent = { kind: "undo_done", undo, how: "done", tables, skipped: 4, transaction: "780", because: "" };
    assert.equal(told(started)[0]?.undone[0]?.how, "running");
    assert.deepEqual(told(started, done)[0]?.undone, [
      { undo, atMs: 0, person: "ann", transactions: 2, how: "done", rows: 3, skipped: 4, because: "" },
    ]);
    assert.deepEqual(told(done), []);
  });

  test("targets do not mix, the last point is the newest, and drills come newest first up to 20", () => {
    const drill = (id: number): AuditEvent => ({
      kind: "drill_done",
      drill: `d_${id}` as DrillId,
      target,
      backup,
      passed: true,
      checks: [],
      recoveryMs: 1,
      lostMs: null,
      tables: [],
    });
    const point = (at: string, of: string): AuditEvent => ({
      kind: "recovery_point",
      target: of,
      action: "s_1.1" as ActionId,
      lsn: at,
      name: null,
    });
    const all = told(
      point("0/1", target),
      point("0/2", target),
      point("0/9", "other"),
      ...Array.from({ length: 25 }, (_, id) => drill(id)),
    );
    assert.deepEqual(
      all.map(({ target: name, lastPoint, drills }) => [name, lastPoint?.lsn, drills.length, drills[0]?.id]),
      [
        [target, "0/2", 20, "d_24"],
        ["other", "0/9", 0, undefined],
      ],
    );
  });
});
