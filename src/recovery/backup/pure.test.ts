import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { manualClock } from "../../base/clock.ts";
import type { BackupId } from "../../base/ids.ts";
import type { Backup } from "../../model/recovery.ts";
import { AlarmBook } from "./alarm-book.ts";
import { alarmsOf, type BackupFacts } from "./alarms.ts";
import { placeProblem, sameRadius, workedIn } from "./place.ts";
import { retained } from "./retention.ts";
import { dueAtMs } from "./schedule.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 12);
const made: string[] = [];
after(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-place-"));
  made.push(folder);
  return folder;
}

function backup(daysAgo: number, position: string, timeline = 1): Backup & { segmentBytes: number } {
  const startedAtMs = NOW - daysAgo * DAY;
  const id = `k_${daysAgo}` as BackupId;
  const own = { target: "shop", method: "basebackup" as const, startedAtMs, endedAtMs: startedAtMs + 1, bytes: 1, serverVersion: 150000 };
  return { id, ...own, from: position, to: position, timeline, databases: [], segmentBytes: 16 * 1024 ** 2 };
}

describe("retention", () => {
  const removed = (backups: readonly Backup[], full: number, days: number) =>
    retained(backups, { full, ageMs: days * DAY }, NOW).removed.map(({ id }) => id);

  test("removes what is neither among the newest nor young, oldest first", () => {
    const all = [1, 2, 3, 10, 40, 50].map((days) => backup(days, "0/1000000"));
    assert.deepEqual(removed(all, 2, 5), ["k_50", "k_40", "k_10"]);
    assert.deepEqual(removed(all, 4, 0), ["k_50", "k_40"]);
    assert.deepEqual(removed(all, 1, 45), ["k_50"]);
  });

  test("never removes the newest, however old it is", () => {
    assert.deepEqual(removed([backup(4_000, "0/1000000")], 1, 0), []);
    assert.deepEqual(removed([backup(400, "0/1000000"), backup(300, "0/2000000")], 1, 1), ["k_400"]);
  });

  test("all WAL from the oldest kept base backup on stays, of its timeline and of later ones", () => {
    const from = (...backups: (Backup & { segmentBytes: number })[]) => [...retained(backups, { full: 2, ageMs: 0 }, NOW).walFrom];
    assert.deepEqual(from(backup(1, "0/5000028"), backup(2, "0/3000028"), backup(3, "0/2000028")), [[1, 3n]]);
    assert.deepEqual(from(backup(1, "0/9000028", 2), backup(2, "0/3000028", 1)), [[1, 3n]], "timeline 2 is left whole");
    const { from: _, to: _to, timeline: _timeline, ...dump } = backup(1, "0/0");
    assert.deepEqual(from(dump as Backup & { segmentBytes: number }), [], "a dump needs no WAL, and says nothing about it");
  });
});

describe("the schedule", () => {
  const tried = { goodMs: NOW, failedMs: undefined, failures: 0 };

  test("is due at once without a backup, then every so often, or at its time of day", () => {
    assert.equal(dueAtMs({ kind: "every", ms: DAY }, { ...tried, goodMs: undefined }), -Infinity);
    assert.equal(dueAtMs({ kind: "every", ms: DAY }, tried), NOW + DAY);
    assert.equal(dueAtMs({ kind: "at", minuteOfDay: 195 }, tried), Date.UTC(2026, 10, 23, 3, 15));
    assert.equal(dueAtMs({ kind: "at", minuteOfDay: 13 * 60 }, tried), Date.UTC(2026, 10, 22, 13));
    assert.equal(dueAtMs({ kind: "at", minuteOfDay: 12 * 60 }, tried), Date.UTC(2026, 10, 23, 12), "not twice at the same moment");
  });

  test("after a failure is tried again after a minute, two, four, and hourly in the end", () => {
    const due = (failures: number) => dueAtMs({ kind: "every", ms: DAY }, { goodMs: undefined, failedMs: NOW, failures }) - NOW;
    assert.deepEqual([1, 2, 3, 30].map(due), [60_000, 120_000, 240_000, 3_600_000]);
  });
});

const fine: BackupFacts = {
  nowMs: NOW,
  sinceMs: NOW - DAY,
  running: false,
  newest: { startedAtMs: NOW - DAY, bytes: 1_000 },
  previous: { bytes: 1_000 },
  oldMs: 2.5 * DAY,
  failure: undefined,
  repository: undefined,
  sameRadius: undefined,
  broken: [],
  wal: {
    state: "streaming",
    sinceMs: NOW - DAY,
    problem: undefined,
    lost: undefined,
    lagBytes: 100,
    lagBytesMax: 1_000,
    slot: "reserved",
    missing: [],
  },
};

describe("alarms", () => {
  const alarms = (change: Partial<BackupFacts>) => [...alarmsOf({ ...fine, ...change })].map(([about, because]) => `${about}: ${because}`);
  const wal = (change: Partial<NonNullable<BackupFacts["wal"]>>) =>
    alarms({ wal: { ...(fine.wal as NonNullable<BackupFacts["wal"]>), ...change } });

  test("there is none while all is well, nor for the first minutes before a first backup", () => {
    assert.deepEqual(alarms({}), []);
    assert.deepEqual(alarms({ newest: undefined, previous: undefined, sinceMs: NOW - 60_000 }), []);
    assert.deepEqual(alarms({ newest: undefined, previous: undefined, running: true }), []);
    assert.deepEqual(alarms({ wal: undefined }), []);
    assert.deepEqual(wal({ state: "waiting", sinceMs: NOW - 60_000 }), [], "a server that restarts");
    assert.deepEqual(wal({ state: "elsewhere", sinceMs: 0 }), [], "another gateway receives");
  });

  test("each is raised by its own cause", () => {
    assert.deepEqual(alarms({ newest: undefined, broken: ["x: cut"] }), ["no_backup: there is no backup of it: x: cut"]);
    assert.deepEqual(alarms({ newest: { startedAtMs: NOW - 3 * DAY, bytes: 1_000 } }), ["old_backup: the newest backup is 3 days old"]);
    assert.deepEqual(alarms({ newest: { startedAtMs: NOW, bytes: 10 } }), [
      "empty_backup: the newest backup has 10 bytes, and the one before it had 1000",
    ]);
    assert.deepEqual(alarms({ failure: { because: "pg_dump is missing", empty: false } }), ["backup_failed: pg_dump is missing"]);
    assert.deepEqual(alarms({ failure: { because: "nothing in it", empty: true } }), ["empty_backup: nothing in it"]);
    assert.deepEqual(alarms({ sameRadius: "one disk" }), ["same_blast_radius: one disk"]);
    assert.deepEqual(alarms({ repository: "not mounted", newest: undefined }), ["repository_unreachable: not mounted"]);
    assert.match(wal({ state: "waiting", sinceMs: NOW - 3_600_000, problem: "no route" })[0] ?? "", /wal_failing: .* 60 min: no route/);
    assert.match(wal({ lagBytes: 1_001 })[0] ?? "", /wal_failing: 1001 bytes/);
    assert.match(wal({ missing: ["000000010000000000000003"] })[0] ?? "", /wal_failing: 1 WAL segments are missing/);
    assert.match(wal({ slot: "unreserved" })[0] ?? "", /about to throw away/);
    assert.match(wal({ slot: "lost" })[0] ?? "", /has thrown away/);
    assert.match(wal({ lost: "removed" })[0] ?? "", /new base backup is due/);
  });

  test("begin once and end once, over a restart too", async () => {
    const told: string[] = [];
    const clock = manualClock(NOW);
    const parts = {
      file: join(await newFolder(), "deep", "alarms.json"),
      clock,
      record: (event: { kind: string; about: string }) => void told.push(`${event.kind} ${event.about}`),
      tell: (_: unknown, over: boolean) => void told.push(over ? "told over" : "told"),
      warn: assert.fail,
    };
    const among = ["old_backup", "no_backup"] as const;
    const book = await AlarmBook.open(parts);
    book.set("shop", among, new Map([["old_backup", "3 days"]]));
    clock.advance(1_000);
    book.set("shop", among, new Map([["old_backup", "4 days"]]));
    await book.close();
    const again = await AlarmBook.open(parts);
    again.set("shop", among, new Map([["old_backup", "5 days"]]));
    assert.deepEqual(
      again.standing("shop").map(({ because, sinceMs }) => [because, sinceMs]),
      [["5 days", NOW]],
    );
    again.set("shop", ["no_backup"], new Map());
    again.set("shop", among, new Map());
    again.set("shop", among, new Map());
    assert.deepEqual(told, ["recovery_alarm old_backup", "told", "recovery_alarm_over old_backup", "told over"]);
    await again.close();
  });
});

describe("the repository's place", () => {
  const uid = process.getuid?.() ?? null;

  test("a private folder is one; a folder of everybody's, a working copy and an agent's folder are none", async () => {
    const folder = await newFolder();
    assert.equal(await placeProblem(join(folder, "not", "there"), uid), undefined);
    assert.match((await workedIn(join(folder, "backups"), ["/nowhere", folder])) ?? "", /where an agent works or has worked/);
    assert.equal(await workedIn(folder, [join(folder, "beside"), `${folder}-2`]), undefined);
    await mkdir(join(folder, "shop", ".git"), { recursive: true });
    assert.match((await placeProblem(join(folder, "shop", "backups"), uid)) ?? "", /lies in a working copy/);
    await mkdir(join(folder, "open"));
    await chmod(join(folder, "open"), 0o777);
    assert.match((await placeProblem(join(folder, "open", "backups"), uid)) ?? "", /everybody on this machine may write/);
    assert.match((await placeProblem(folder, (uid ?? 0) + 4_321)) ?? "", uid === 0 ? /^$/ : /belongs to another account/);
  });

  test("on the data's own file system it goes with the data", async () => {
    const folder = await newFolder();
    await mkdir(join(folder, "data"));
    assert.match((await sameRadius(join(folder, "backups"), join(folder, "data"), true)) ?? "", /one accident takes both/);
    assert.equal(await sameRadius(join(folder, "backups"), join(folder, "data"), false), undefined, "another machine");
    assert.equal(await sameRadius(join(folder, "backups"), "/no/such/server/path", true), undefined, "a container's path");
    assert.equal(await sameRadius("/proc/backups", join(folder, "data"), true), undefined, "another file system");
  });
});
