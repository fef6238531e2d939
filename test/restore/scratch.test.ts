/** Scratch servers out of real base backups and WAL: as of a moment, in a folder of their own, and gone afterwards. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { StoredBackup } from "../../src/recovery/backup/repository.ts";
import { readControl } from "../../src/recovery/restore/control-file.ts";
import { repositorySource } from "../../src/recovery/restore/repository-source.ts";
import type { RestoreFailed } from "../../src/recovery/restore/restore-failed.ts";
import { openScratch, type Scratch } from "../../src/recovery/restore/scratch.ts";
import type { ReplayUntil } from "../../src/recovery/restore/source.ts";
import { serverVersions } from "../support/postgres/binaries.ts";
import { type BackedUp, backedUpTarget, openBackedUp } from "./own-backup.ts";
import { scratchParts } from "./scratch-parts.ts";

const controlled = ["max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction"];

for (const version of serverVersions)
  describe(`a scratch server of ${version}`, () => {
    let backedUp: BackedUp;
    let backup: StoredBackup;
    let [before_, xid] = ["", ""];

    before(async () => {
      backedUp = await openBackedUp({ version, passphrase: Buffer.from("the repository's passphrase") });
      const { server } = backedUp;
      await server.asSuperuser(
        "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders SELECT i, i FROM generate_series(1, 1000) i",
      );
      backup = await backedUp.backUp();
      await server.asSuperuser("INSERT INTO orders SELECT i, i FROM generate_series(1001, 2000) i");
      const [at] = await server.asSuperuser<{ lsn: string }>("SELECT pg_current_wal_insert_lsn()::text AS lsn");
      before_ = at?.lsn ?? "";
      await server.asSuperuser("SELECT pg_create_restore_point('holdfast test')");
      const [deleted] = await server.asSuperuser<{ xid: string }>(
        "BEGIN; DELETE FROM orders WHERE id > 10; SELECT pg_current_xact_id()::text AS xid; COMMIT; SELECT (SELECT max(xmax::text::bigint)::text FROM orders) AS none, pg_snapshot_xmin(pg_current_snapshot())::text AS xid",
      );
      xid = String(BigInt(deleted?.xid ?? "0") - 1n);
      await server.asSuperuser("INSERT INTO orders VALUES (-1, -1)");
      await backedUp.archive();
    });
    after(() => backedUp?.close());

    async function opened(until: ReplayUntil, atEnd: "pause" | "promote", look: (scratch: Scratch) => Promise<void>): Promise<void> {
      const parts = await scratchParts(backedUp.folder, version);
      const scratch = await openScratch(repositorySource(backedUp.repository, backedUpTarget, backup), { until, atEnd }, parts);
      try {
        await look(scratch);
      } finally {
        await scratch.end();
      }
      assert.deepEqual(readdirSync(parts.root), []);
    }

    async function rows(scratch: Scratch): Promise<number> {
      const client = await scratch.connect("postgres");
      try {
        const [row] = (await client.query("SELECT count(*)::int AS n FROM orders")).rows as { n: number }[];
        return row?.n ?? -1;
      } finally {
        await client.end();
      }
    }

    const moments: readonly [string, () => ReplayUntil, number][] = [
      ["a WAL position", () => ({ kind: "lsn", lsn: before_ }), 2000],
      ["a restore point", () => ({ kind: "name", name: "holdfast test" }), 2000],
      ["before a transaction", () => ({ kind: "before_transaction", transaction: xid }), 2000],
      ["the end", () => ({ kind: "end" }), 11],
    ];
    for (const [name, until, expected] of moments)
      test(`as of ${name}`, () =>
        opened(until(), "promote", async (scratch) => {
          assert.equal(await rows(scratch), expected);
          assert.equal(scratch.role, "postgres");
        }));

    test("paused, it is read-only", () =>
      opened({ kind: "lsn", lsn: before_ }, "pause", async (scratch) => {
        assert.equal(await rows(scratch), 2000);
        const client = await scratch.connect("postgres");
        await assert.rejects(client.query("DELETE FROM orders"), /read-only/).finally(() => client.end());
      }));

    test("it reaches out to nobody, and keeps no setting of the original's", () =>
      opened({ kind: "end" }, "promote", async (scratch) => {
        const client = await scratch.connect("postgres");
        try {
          const { rows: settings } = await client.query(
            "SELECT name, setting FROM pg_settings WHERE name IN ('archive_mode', 'listen_addresses', 'primary_conninfo', 'shared_preload_libraries') ORDER BY 1",
          );
          assert.deepEqual(
            (settings as { setting: string }[]).map(({ setting }) => setting),
            ["off", "", "", ""],
          );
        } finally {
          await client.end();
        }
      }));

    test("has room for what the original had, as its control file says", async () => {
      const control = readControl(readFileSync(join(backedUp.server.folder, "data", "global", "pg_control")));
      const [row] = await backedUp.server.asSuperuser<Record<string, string>>(
        `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS id, ${controlled.map((name) => `current_setting('${name}') AS ${name}`).join(", ")},
        pg_size_bytes(current_setting('wal_segment_size'))::text AS segment`,
      );
      const { systemIdentifier, segmentBytes, connections, workers, senders, preparedTransactions, locks } = control ?? {};
      assert.deepEqual([systemIdentifier, segmentBytes, connections, workers, senders, preparedTransactions, locks].map(String), [
        row?.["id"],
        row?.["segment"],
        ...controlled.map((name) => row?.[name]),
      ]);
    });

    test("a point beyond the WAL is refused, and nothing is left", async () => {
      const parts = await scratchParts(backedUp.folder, version);
      const source = repositorySource(backedUp.repository, backedUpTarget, backup);
      const until = { kind: "lsn", lsn: "7/0" } as const;
      await assert.rejects(openScratch(source, { until, atEnd: "promote" }, parts), (error: RestoreFailed) => {
        assert.equal(error.step, "wal");
        assert.match(error.message, /the WAL ends before 7\/0: `[0-9A-F]{24}` is not in the archive/);
        return true;
      });
      assert.equal(existsSync(join(parts.root, parts.name)), false);
    });
  });
