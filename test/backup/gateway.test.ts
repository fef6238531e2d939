/** Backups by a running gateway: on their own, by command, removed by a person; one at a time; and alarms that begin and end once. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { TargetBackupsView } from "../../src/control/backups-contract.ts";
import { callControl } from "../../src/control/client.ts";
import { holdfast } from "../cli/holdfast.ts";
import { openScene, type Scene, word } from "../grants/scene.ts";
import { environmentOf, newFolder } from "../provision/shop.ts";
import { startServer, type TestServer } from "../support/servers.ts";
import { until } from "./ground.ts";
import { backupLogin } from "./login.ts";

describe("a gateway with `backup`", { timeout: 600_000 }, () => {
  let server: TestServer;
  let scene: Scene;
  let login: string;
  let key: string;
  before(async () => {
    server = await startServer({ version: 18 });
    const repository = join(newFolder(), "repository");
    key = join(newFolder(), "key");
    writeFileSync(key, "a long passphrase for backups 5", { mode: 0o600 });
    login = await backupLogin(server);
    const target = `backup: { repository: ${repository}, login: ${login}, key: { file: ${key} }, keep: { full: 2, days: 0 } }`;
    scene = await openScene(server, { target });
  });
  after(async () => {
    await scene?.stop();
    await server?.stop();
  });

  const views = async () =>
    ((await callControl(scene.socket, { method: "GET", path: "/v1/backups" })) as { targets: TargetBackupsView[] }).targets;
  const view = async (): Promise<TargetBackupsView> => {
    const [found] = await views();
    assert.ok(found !== undefined);
    return found;
  };
  const idle = async (count: number) => {
    await until(`${count} backups, and none being made`, async () => {
      const { backups, running } = await view();
      return backups.length === count && running === null;
    });
  };
  const removals = async () => (await scene.events("backup_removed" as "backup_started")) as unknown as readonly { because: string }[];
  const now = () =>
    callControl(scene.socket, { method: "POST", path: "/v1/backups", body: { target: scene.shop.target } }) as Promise<{ backup: string }>;

  test("makes the first one at once, sealed, with WAL behind it, and records it with its manifest", async () => {
    await idle(1);
    const found = await view();
    const [backup] = found.backups;
    assert.equal(found.sealed, true);
    assert.deepEqual(found.broken, []);
    assert.equal(found.wal?.state, "streaming");
    assert.equal(found.failure, null);
    assert.ok((found.nextAtMs ?? 0) > Date.now() + 23 * 3_600_000);
    assert.match(found.advice[0] ?? "", /max_slot_wal_keep_size/);
    await until("it is recorded", async () => (await scene.events("backup_done")).length > 0);
    const [started] = await scene.events("backup_started");
    const [done] = await scene.events("backup_done");
    assert.deepEqual([started?.backup, done?.backup, done?.manifest], [backup?.id, backup?.id, backup?.manifest]);
    assert.ok(readdirSync(backup?.folder ?? "").includes("base.tar.gz.sealed"));
  });

  test("says once that the backups lie where the data lie", async () => {
    await until("the alarm stands", async () => (await view()).alarms.some(({ about }) => about === "same_blast_radius"));
    await until("it is recorded", async () => (await scene.events("recovery_alarm")).length > 0);
    const raised = await scene.events("recovery_alarm");
    assert.deepEqual(
      raised.map(({ about }) => about),
      ["same_blast_radius"],
    );
    assert.ok(scene.warnings.some((warning) => /ALARM.*same_blast_radius.*one accident takes both/.test(warning)));
  });

  test("makes another by command, one at a time, and keeps as many as it should", async () => {
    const { backup } = await now();
    await assert.rejects(now(), /is being made/);
    await idle(2);
    assert.equal((await view()).backups[0]?.id, backup);
    await now();
    await until("the third is there and the oldest went", async () => (await removals()).length === 1);
    await idle(2);
    const [removed] = await removals();
    assert.match(removed?.because ?? "", /older than the configuration keeps/);
  });

  test("the command tells how it goes, lists, verifies, and opens a sealed file with nothing but the folder and the key", async () => {
    const run = (...words: string[]) => holdfast(["backup", ...words], { cwd: scene.folder, env: environmentOf(scene.shop) });
    const made = await run("now");
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /^done k_[0-9a-z]{12}: [\d.]+ MiB in [\d.]+ s, /);
    assert.match(made.err, /k_[0-9a-z]{12}: .* of about .*\/s/);
    const status = await run("status");
    assert.equal(status.code, 1, "an alarm stands");
    assert.match(status.out, /ALARM +same_blast_radius/);
    assert.match(status.out, /WAL +streaming for/);
    const listed = JSON.parse((await run("list", "--json")).out) as { backups: { id: string; folder: string }[]; broken: string[] };
    assert.deepEqual([listed.backups.length, listed.broken], [2, []]);
    const verified = await run("verify");
    assert.equal(verified.code, 0, verified.out + verified.err);
    assert.match(verified.out, /whole {2}server's list: \d+ files, each with the SHA-256/);
    const folder = listed.backups[0]?.folder ?? "";
    const sealed = join(folder, "base.tar.gz.sealed");
    const out = join(scene.folder, "base.tar.gz");
    const opened = await run("decrypt", sealed, "--out", out, "--key-file", key);
    assert.equal(opened.code, 0, opened.err);
    assert.match(execFileSync("tar", ["-tzf", out], { encoding: "utf8" }), /^global\/pg_control$/m);
    const archive = join(folder, "..", "..", "wal");
    const [segment = ""] = readdirSync(join(archive, "00000001")).filter((name) => /^[0-9A-F]{24}\.gz/.test(name));
    const repository = join(archive, "..", "..");
    const fetch = (name: string) => run("wal-fetch", repository, scene.shop.target, name, join(scene.folder, "wal"), "--key-file", key);
    assert.equal((await fetch(segment.slice(0, 24))).code, 0);
    assert.equal(statSync(join(scene.folder, "wal")).size, 16 * 1024 * 1024);
    assert.equal((await fetch("0000000100000000000000FF")).code, 1);
    writeFileSync(sealed, readFileSync(sealed).subarray(0, 100_000));
    const broken = await run("verify");
    assert.equal(broken.code, 1);
    assert.match(broken.out, /BROKEN base\.tar\.gz\.sealed: .*was changed or cut short/);
  });

  test("makes none while another gateway makes one", async () => {
    const other = await server.connect(scene.shop.database);
    try {
      await other.query("SELECT pg_advisory_lock(1212564043, 1)");
      await assert.rejects(now(), /another gateway is making a backup/);
    } finally {
      await other.end();
    }
  });

  test("lets nobody remove one but a person who signs, and never the newest", async () => {
    const [newest, older] = (await view()).backups;
    assert.ok(newest !== undefined && older !== undefined);
    await assert.rejects(callControl(scene.socket, { method: "DELETE", path: `/v1/backups/${older.id}`, body: {} }), /person|sign/i);
    await assert.rejects(scene.signed("DELETE", `/v1/backups/${newest.id}`, {}), /is the newest backup/);
    await assert.rejects(scene.signed("DELETE", "/v1/backups/k_nothing", {}), /no backup is named/);
    await scene.signed("DELETE", `/v1/backups/${older.id}`, {});
    await idle(1);
    await until("it is recorded", async () => /^ada removed it/.test((await removals()).at(-1)?.because ?? ""));
  });

  test("a failure is recorded, alarming and told; the next good one ends it", async () => {
    const [, role = ""] = /role: (\w+)/.exec(login) ?? [];
    await server.asSuperuser(`ALTER ROLE ${role} NOREPLICATION`);
    const { backup } = await now();
    await until("the failure is known", async () => (await view()).alarms.some(({ about }) => about === "backup_failed"));
    const failures = async () =>
      (await scene.events("backup_failed" as "backup_started")) as unknown as readonly { backup: string; because: string }[];
    await until("it is recorded", async () => (await failures()).length > 0);
    const failed = await failures();
    assert.deepEqual([failed.length, failed[0]?.backup], [1, backup]);
    assert.match(failed[0]?.because ?? "", /the login for replication failed: .*(replication|permission)/i);
    assert.match((await view()).failure?.because ?? "", /login for replication/);
    await server.asSuperuser(`ALTER ROLE ${role} REPLICATION`);
    await now();
    await until("it is over", async () => (await view()).alarms.every(({ about }) => about === "same_blast_radius"));
    assert.equal((await view()).failure, null);
    await until("that is recorded", async () => (await scene.events("recovery_alarm_over")).some(({ about }) => about === "backup_failed"));
  });

  test("says that an agent works where the backups lie, and goes on making them", async () => {
    const { repository, backups } = await view();
    await scene.program({ folders: [dirname(repository ?? ""), "/nowhere"] });
    await until("the alarm says so", async () =>
      (await view()).alarms.some(({ because }) => /where an agent works or has worked/.test(because)),
    );
    await now();
    await idle(Math.min(2, backups.length + 1));
    await assert.rejects(scene.program({ folders: ["relative"] }), /absolute paths/);
  });

  test("drops its slot for a person, and receives no more", async () => {
    await assert.rejects(
      callControl(scene.socket, { method: "DELETE", path: `/v1/backup-slots/${scene.shop.target}`, body: {} }),
      /person|sign/i,
    );
    await scene.signed("DELETE", `/v1/backup-slots/${scene.shop.target}`, {});
    assert.deepEqual(await server.asSuperuser("SELECT slot_name FROM pg_replication_slots"), []);
    assert.equal((await view()).wal?.state, "stopped");
  });
});

test("a folder that lies in a working copy is refused, loudly, and nothing is written there", { timeout: 300_000 }, async () => {
  const server = await startServer({ version: 18 });
  const folder = newFolder();
  try {
    const copy = join(folder, word());
    mkdirSync(join(copy, ".git"), { recursive: true });
    const scene = await openScene(server, {
      target: `backup: { repository: ${join(copy, "backups")}, login: ${await backupLogin(server)} }`,
    });
    try {
      await until("the alarm", async () => (await scene.events("recovery_alarm")).length > 0);
      const [alarm] = await scene.events("recovery_alarm");
      assert.equal(alarm?.about, "repository_unreachable");
      assert.match(alarm?.because ?? "", /lies in a working copy/);
      assert.deepEqual(readdirSync(copy), [".git"]);
    } finally {
      await scene.stop();
    }
  } finally {
    await server.stop();
  }
});
