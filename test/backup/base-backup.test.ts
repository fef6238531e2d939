import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chownSync,
  createWriteStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { after, before, describe, test } from "node:test";
import { findProgram } from "../../src/recovery/backup/programs.ts";
import { RepositoryProblem } from "../../src/recovery/backup/repository.ts";
import { parseLsn, segmentAt } from "../../src/recovery/backup/wal-names.ts";
import { verifyBackup } from "../../src/recovery/backup/verify.ts";
import { serverAccount } from "../support/postgres/account.ts";
import { type ServerVersion, serverVersions } from "../support/postgres/binaries.ts";
import { startServer } from "../support/servers.ts";
import { type BackupGround, backupGround, programs, until } from "./ground.ts";

const limit = { timeout: 600_000 };

for (const version of serverVersions)
  describe(`a base backup of ${version}, sealed, and the WAL behind it`, limit, () => {
    let ground: BackupGround;
    before(async () => {
      ground = await backupGround(version, Buffer.from("a passphrase of a test"));
      await ground.client.query("CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS what FROM generate_series(1, 20000) g; CHECKPOINT");
    });
    after(() => ground.close());

    test("it is whole by the server's own list, holds its WAL, and restores to the same rows", async () => {
      const backup = await ground.backUp();
      const { manifest } = backup;
      assert.equal(manifest.wal, "inside");
      assert.equal(manifest.backup.method, "basebackup");
      assert.equal(manifest.backup.systemIdentifier, (await ground.facts()).systemIdentifier);
      assert.match(manifest.tools["BASE_BACKUP"] ?? "", new RegExp(`^${version}\\.`));
      assert.deepEqual(readdirSync(backup.folder).sort(), ["backup_manifest.gz.sealed", "base.tar.gz.sealed", "manifest.json"]);
      const checks = await verifyBackup(ground.repository, backup);
      assert.deepEqual(
        checks.filter(({ passed }) => !passed),
        [],
      );
      assert.match(checks.find(({ name }) => name === "server's list")?.because ?? "", /^\d{3,} files/);
      const restored = await restore(ground, backup, version);
      try {
        assert.deepEqual(
          await restored.asSuperuser("SELECT count(*)::int AS n, md5(string_agg(what, ',' ORDER BY id)) AS d FROM orders"),
          (await ground.client.query("SELECT count(*)::int AS n, md5(string_agg(what, ',' ORDER BY id)) AS d FROM orders")).rows,
        );
      } finally {
        await restored.stop();
      }
    });

    test("no login's file is left, and no list of processes showed the password", async () => {
      assert.deepEqual(
        readdirSync(join(ground.folder, "spool")).filter((name) => name.startsWith("login-")),
        [],
      );
    });

    test("a flipped byte, a cut file and a missing one are each found and named", async () => {
      const backup = await ground.backUp();
      const file = join(backup.folder, "base.tar.gz.sealed");
      const whole = readFileSync(file);
      const found = async () => (await verifyBackup(ground.repository, backup)).filter(({ passed }) => !passed);
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(whole.length >> 1) ^ 0x40, whole.length >> 1);
      writeFileSync(file, flipped);
      assert.match((await found())[0]?.because ?? "", /was changed or cut short/);
      writeFileSync(file, whole);
      truncateSync(file, whole.length - 5_000);
      assert.equal((await found())[0]?.name, "base.tar.gz.sealed");
      unlinkSync(file);
      assert.match((await found())[0]?.because ?? "", /it is missing/);
    });

    test("with the WAL archive it waits for the WAL it needs; a segment that is taken away is named", async () => {
      const { systemIdentifier = "" } = await ground.facts();
      const archive = ground.repository.wal("shop");
      await archive.claim(systemIdentifier);
      await assert.rejects(archive.claim("7000000000000000000"), /holds WAL of cluster/);
      const receiver = ground.receiver();
      receiver.start();
      try {
        await until("it streams", () => receiver.status.state === "streaming");
        const backup = await ground.backUp({ walArchived: true });
        assert.equal(backup.manifest.wal, "archive");
        const wal = (await verifyBackup(ground.repository, backup)).find(({ name }) => name === "WAL");
        assert.equal(wal?.passed, true, wal?.because);
        await ground.client.query("INSERT INTO orders SELECT g, 'later' FROM generate_series(1, 10) g; SELECT pg_switch_wal()");
        await ground.client.query("INSERT INTO orders SELECT g, 'last' FROM generate_series(1, 10) g");
        const segments = () => archive.segments(16 * 1024 * 1024);
        await until("a partial segment is stored", async () => (await segments()).some(({ partial }) => partial));
        const first = segmentAt(1, parseLsn(backup.manifest.backup.from ?? "") ?? 0n, 16 * 1024 * 1024);
        unlinkSync(join(archive.folder, "00000001", `${first}.gz.sealed`));
        const lost = (await verifyBackup(ground.repository, backup)).find(({ name }) => name === "WAL");
        assert.equal(lost?.passed, false);
        assert.ok(lost.because.includes(first), lost.because);
      } finally {
        await receiver.stop();
      }
      assert.equal(receiver.status.state, "stopped");
      const [slot] = await ground.server.asSuperuser<{ active: boolean }>(
        "SELECT active FROM pg_replication_slots WHERE slot_name = 'holdfast_shop'",
      );
      assert.equal(slot?.active, false, "the slot stays, and nothing holds it");
    });

    test("WAL that the server could not keep is said to be lost, and receiving goes on behind the gap", async () => {
      const receiver = ground.receiver();
      await ground.client.query("SELECT pg_drop_replication_slot('holdfast_shop')");
      for (let times = 0; times < 4; times++)
        await ground.client.query("INSERT INTO orders VALUES (0, 'x'); SELECT pg_switch_wal(); CHECKPOINT");
      receiver.start();
      try {
        await until("it goes on behind the gap", () => receiver.status.lost !== undefined && receiver.status.state === "streaming");
        assert.match(receiver.status.lost ?? "", /already been removed/);
        await ground.client.query("INSERT INTO orders VALUES (0, 'y'); SELECT pg_switch_wal()");
        await until("a segment is archived", () => receiver.status.archived !== undefined);
      } finally {
        await receiver.stop();
        await ground.client.query("SELECT pg_drop_replication_slot('holdfast_shop')");
      }
    });

    test("tablespaces come as files of their own, and are held against the same list", async () => {
      const place = join(ground.server.folder, "fast");
      mkdirSync(place, { mode: 0o700 });
      const account = serverAccount();
      if (account) chownSync(place, account.uid, account.gid);
      await ground.client.query(`CREATE TABLESPACE fast LOCATION '${place}'`);
      await ground.client.query("CREATE TABLE quick TABLESPACE fast AS SELECT generate_series(1, 1000) AS id");
      try {
        const backup = await ground.backUp();
        const tablespace = backup.manifest.files.find(({ what }) => what === "tablespace");
        assert.equal(tablespace?.location, place);
        const checks = await verifyBackup(ground.repository, backup);
        assert.deepEqual(
          checks.filter(({ passed }) => !passed),
          [],
        );
        assert.equal(checks.length, 4);
      } finally {
        await ground.client.query("DROP TABLE quick");
        await ground.client.query("DROP TABLESPACE fast");
      }
    });

    test("a login that may not replicate, a full repository, and a stop leave nothing behind", async () => {
      const home = join(ground.folder, "repository", "shop", "backups");
      const before = readdirSync(home);
      const login = { ...ground.login, role: "nobody_here" };
      await assert.rejects(
        ground.backUp({ login }),
        (error: Error) => /login for replication failed/.test(error.message) && !error.message.includes("a:b"),
      );
      const facts = { ...(await ground.facts()), bytes: 2 ** 60 };
      await assert.rejects(
        ground.backUp({ facts }),
        (error: Error) => error instanceof RepositoryProblem && /has room for/.test(error.message),
      );
      const stop = new AbortController();
      await assert.rejects(ground.backUp({ signal: stop.signal, progress: () => stop.abort() }));
      assert.deepEqual(readdirSync(home), before);
    });
  });

describe("programs of another major version", limit, () => {
  test("are refused by name, with what to install", async () => {
    await assert.rejects(
      findProgram("pg_dump", 99, programs),
      /pg_dump of PostgreSQL 99 is needed, and only 15\.\d+ was found.*install postgresql-client-99/s,
    );
    await assert.rejects(findProgram("pg_nothing", 15, programs), /none was found/);
  });

  test("a server of 18 is not dumped by pg_dump 15", async () => {
    const ground = await backupGround(15);
    try {
      const facts = { ...(await ground.facts()), major: 18, version: 180000 };
      await assert.rejects(ground.backUp({ facts, method: "dump" }), /pg_dump of PostgreSQL 18 is needed/);
    } finally {
      await ground.close();
    }
  });
});

describe("a dump", limit, () => {
  test("has a file for each database and one of roles; one without a table's rows is refused as empty", async () => {
    const ground = await backupGround(15);
    try {
      await ground.client.query("CREATE TABLE orders AS SELECT generate_series(1, 100) AS id");
      const other = await ground.server.scratchDatabase("CREATE TABLE notes AS SELECT 'a note' AS text");
      const backup = await ground.backUp({ method: "dump" });
      assert.deepEqual(
        backup.manifest.files.map(({ what, of }) => [what, of]),
        [
          ["database", "postgres"],
          ["database", other.name],
          ["globals", undefined],
        ],
      );
      assert.deepEqual(
        (await verifyBackup(ground.repository, backup)).filter(({ passed }) => !passed),
        [],
      );
      assert.equal(backup.manifest.backup.from, undefined);
      await ground.server.asSuperuser("CREATE DATABASE copy_of_it");
      const pgRestore = (await findProgram("pg_restore", 15, programs)).path;
      execFileSync(pgRestore, ["-d", ground.server.url("copy_of_it"), join(backup.folder, "database-1.dump")]);
      assert.deepEqual(await ground.server.asSuperuser("SELECT count(*)::int AS n FROM orders", "copy_of_it"), [{ n: 100 }]);
      const facts = { ...(await ground.facts()), databases: [other.name], tables: 3 };
      await ground.server.asSuperuser("DROP TABLE notes", other.name);
      await assert.rejects(
        ground.backUp({ method: "dump", facts, login: { ...ground.login, database: other.name } }),
        /holds no table's rows, and the server has 3 tables/,
      );
    } finally {
      await ground.close();
    }
  });
});

async function restore(ground: BackupGround, backup: Awaited<ReturnType<BackupGround["backUp"]>>, version: ServerVersion) {
  const data = join(ground.server.folder, "restored");
  mkdirSync(data, { mode: 0o700 });
  const tar = join(ground.folder, "base.tar");
  const [base] = backup.manifest.files;
  assert.ok(base !== undefined);
  await pipeline(ground.repository.read(backup, base), createWriteStream(tar));
  assert.equal(statSync(tar).size, base.plainBytes);
  execFileSync("tar", ["-xf", tar, "-C", data]);
  const account = serverAccount();
  if (account) execFileSync("chown", ["-R", `${account.uid}:${account.gid}`, data]);
  return startServer({ version, from: data });
}
