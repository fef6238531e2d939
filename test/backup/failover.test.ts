/** The server's timeline changes under the receiver: a standby takes over, and the archive goes on without a gap, with the new history. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/ids.ts";
import { createRepository } from "../../src/recovery/backup/repository.ts";
import { parseLsn } from "../../src/recovery/backup/wal-names.ts";
import { WalReceiver } from "../../src/recovery/backup/wal-receiver.ts";
import { replicationTo } from "../../src/wiring/replication.ts";
import { serverVersions } from "../support/postgres/binaries.ts";
import { startServer, type TestServer } from "../support/servers.ts";
import { startStandby } from "../support/standby.ts";
import { until } from "./ground.ts";

const SEGMENT = 16 * 1024 * 1024;

for (const version of serverVersions)
  describe(`a failover of ${version}`, { timeout: 300_000 }, () => {
    test("the archive follows the new timeline from where the old one ended", async () => {
      const folder = mkdtempSync(join(tmpdir(), "holdfast-failover-"));
      const primary = await startServer({ version, settings: { wal_level: "replica" } });
      let [current, standby]: [TestServer, TestServer | undefined] = [primary, undefined];
      const { archive, receiver } = await receiving(folder, () => current);
      try {
        standby = await startStandby(primary);
        receiver.start();
        await until("it streams", () => receiver.status.state === "streaming");
        await primary.asSuperuser("CREATE TABLE t (i int)");
        await primary.asSuperuser("SELECT pg_switch_wal()");
        await until("a segment is archived", async () => (await archive.segments(SEGMENT)).some(({ partial }) => !partial));
        await primary.stop();
        current = standby;
        await standby.asSuperuser("SELECT pg_promote()");
        await standby.asSuperuser("INSERT INTO t SELECT generate_series(1, 10)");
        const [at] = await standby.asSuperuser<{ lsn: string }>("SELECT pg_current_wal_lsn()::text AS lsn");
        await standby.asSuperuser("SELECT pg_switch_wal()");
        const needed = (parseLsn(at?.lsn ?? "") ?? 0n) / BigInt(SEGMENT);
        await until("the new timeline's segment is archived", async () =>
          (await archive.segments(SEGMENT)).some((each) => each.timeline === 2 && each.number === needed && !each.partial),
        );
        assert.ok(readdirSync(join(archive.folder, "00000002")).includes("00000002.history.gz"));
        const old = (await archive.segments(SEGMENT)).filter(({ timeline }) => timeline === 1).map(({ number }) => number);
        const fresh = (await archive.segments(SEGMENT)).filter(({ timeline }) => timeline === 2).map(({ number }) => number);
        assert.ok((fresh[0] ?? 99n) <= (old.at(-1) ?? 0n) + 1n, `${old} and then ${fresh}`);
        assert.equal(receiver.status.lost, undefined);
      } finally {
        await receiver.stop();
        await standby?.stop();
        await primary.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    });

    test("a server that went back behind the archive is gone on with from its own slot, and the gap is said", async () => {
      const folder = mkdtempSync(join(tmpdir(), "holdfast-failover-"));
      const server = await startServer({ version });
      const ahead = await startServer({ version });
      let current = ahead;
      const { archive, receiver } = await receiving(folder, () => current);
      receiver.start();
      try {
        for (let times = 0; times < 4; times++) await ahead.asSuperuser("SELECT txid_current(), pg_switch_wal()");
        await until("four are archived", async () => (await archive.segments(SEGMENT)).filter(({ partial }) => !partial).length >= 4);
        // Its data folder was put back to one of before: here, another server that has written less.
        current = server;
        await ahead.stop();
        await until("it goes on", () => receiver.status.lost !== undefined && receiver.status.state === "streaming");
        assert.match(receiver.status.lost ?? "", /ahead of the WAL flush position/);
      } finally {
        await receiver.stop();
        await server.stop();
        await ahead.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });

async function receiving(folder: string, server: () => TestServer) {
  const repository = await createRepository({ folder: join(folder, "repository"), random: systemRandom });
  const archive = repository.wal("shop");
  const replicate = () => {
    const { host, port, superuser } = server();
    const login = { host, port, role: superuser.user, password: superuser.password, database: "postgres", tls: "disable" } as const;
    return replicationTo(login, systemRandom);
  };
  const spool = join(folder, "spool");
  const timing = { clock: systemClock, random: systemRandom, warn: () => undefined, partialEveryMs: 200, firstPauseMs: 50 };
  return { archive, receiver: new WalReceiver({ archive, replicate, segmentBytes: SEGMENT, slot: "holdfast_shop", spool, ...timing }) };
}
