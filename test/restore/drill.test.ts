/** Drills on real base backups and WAL: a good one passes with its figures, and each way in which one can be bad is found and named. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type pg from "pg";
import { systemClock } from "../../src/base/clock.ts";
import { newDrillId, systemRandom } from "../../src/base/ids.ts";
import type { Drill } from "../../src/model/recovery.ts";
import { openRepository, type Repository } from "../../src/recovery/backup/repository.ts";
import { type DrillOptions, runDrill } from "../../src/recovery/drill/drill.ts";
import { serverAccount } from "../support/postgres/account.ts";
import { type BackedUp, backedUpTarget, openBackedUp } from "./own-backup.ts";
import { scratchParts } from "./scratch-parts.ts";

const schema = `
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES customers, total numeric, at timestamptz DEFAULT now());
CREATE INDEX ON orders (customer);
INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(1, 200) i;
INSERT INTO orders (customer, total) SELECT 1 + i % 200, i / 100.0 FROM generate_series(1, 5000) i;`;

/** Of a repository: the first backup's folder, the newest one's, and the WAL's. */
interface Files {
  readonly backup: string;
  readonly newest: string;
  readonly wal: string;
}

describe("a restore drill", () => {
  let backedUp: BackedUp;
  let live: pg.Client;
  let copies = 0;

  before(async () => {
    backedUp = await openBackedUp();
    await backedUp.server.asSuperuser(schema);
    await backedUp.backUp();
    backedUp.keepArchiving();
    for (let round = 1; round <= 2; round += 1) {
      await backedUp.server.asSuperuser(`UPDATE orders SET total = total + ${round} WHERE id % 10 = ${round}`);
      await backedUp.archive();
    }
    live = await backedUp.server.connect();
  });
  after(async () => {
    await live?.end();
    await backedUp?.close();
  });

  async function drill(options: Partial<DrillOptions> = {}, repository = backedUp.repository, withLive = true): Promise<Drill> {
    const { root } = await scratchParts(backedUp.folder);
    const own = [{ name: "orders have customers", sql: "SELECT count(*) FROM orders WHERE customer IS NULL", expect: "0" }];
    const all = { id: newDrillId(), target: backedUpTarget, database: "postgres", tables: [], sample: 5, own, earlier: [], ...options };
    const done = await runDrill(all, {
      repository,
      clock: systemClock,
      ...(withLive ? { live } : {}),
      scratch: () => scratchParts(backedUp.folder),
      scratchRoot: root,
      say: () => undefined,
    });
    assert.deepEqual(readdirSync(root), [], "nothing is left of the scratch server");
    return done;
  }

  /** A copy of the repository that may be harmed: files of the backup, and of the WAL. */
  async function harmed(harm: (files: Files) => void): Promise<Repository> {
    copies += 1;
    const folder = join(backedUp.folder, `copy-${copies}`);
    cpSync(join(backedUp.folder, "repository"), folder, { recursive: true });
    chmodSync(folder, 0o700);
    const backups = join(folder, backedUpTarget, "backups");
    const names = readdirSync(backups).sort();
    harm({
      backup: join(backups, names[0] ?? ""),
      newest: join(backups, names.at(-1) ?? ""),
      wal: join(folder, backedUpTarget, "wal", "00000001"),
    });
    return openRepository({ folder, random: systemRandom });
  }

  function failures({ checks }: Drill): string {
    return checks
      .filter(({ passed }) => !passed)
      .map(({ name, because }) => `${name}: ${because}`)
      .join("\n");
  }

  test("of a good backup passes: replayed to a point of the living server, every row as it is there", async () => {
    const done = await drill();
    assert.equal(failures(done), "");
    assert.equal(done.passed, true);
    assert.deepEqual([...done.tables].sort(), ["public.customers", "public.orders"]);
    const orders = done.checks.find(({ name }) => name === "rows public.orders");
    assert.equal(orders?.because, "5,000 rows, each as the server held it at that point");
    assert.equal(orders?.figures?.rows, 5000);
    assert.ok((done.recoveryMs ?? 0) > 0 && done.lostMs !== null);
  });

  test("of a server that has written nothing since the last one passes, too", async () => {
    await backedUp.server.asSuperuser("SELECT pg_switch_wal()");
    const done = await drill({ sample: 1 });
    assert.equal(failures(done), "");
  });

  test("to a moment before, the figures are the moment's", async () => {
    const [at] = await backedUp.server.asSuperuser<{ lsn: string }>("SELECT pg_current_wal_insert_lsn()::text AS lsn");
    await backedUp.server.asSuperuser("DELETE FROM orders WHERE id > 4000");
    await backedUp.archive();
    try {
      const done = await drill({ until: { kind: "lsn", lsn: at?.lsn ?? "" } });
      assert.equal(done.checks.find(({ name }) => name === "rows public.orders")?.because, "5,000 rows");
    } finally {
      await backedUp.server.asSuperuser(
        "INSERT INTO orders (id, customer, total) OVERRIDING SYSTEM VALUE SELECT i, 1, 1 FROM generate_series(4001, 5000) i",
      );
    }
  });

  test("whose own question has another answer fails, and does not say the answer", async () => {
    const done = await drill({ own: [{ name: "no orders", sql: "SELECT count(*) FROM orders", expect: "0" }] });
    assert.equal(failures(done), "no orders: it does not answer `0`");
  });

  const base = (backup: string) => join(backup, readdirSync(backup).find((name) => name.startsWith("base.tar")) ?? "");
  const segments = (wal: string) =>
    readdirSync(wal)
      .filter((name) => /^[0-9A-F]{24}/.test(name))
      .sort();

  const harms: readonly [string, (files: Files) => void, RegExp][] = [
    [
      "one byte flipped in a file",
      ({ backup }) => {
        const bytes = readFileSync(base(backup));
        const at = Math.floor(bytes.length / 2);
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        writeFileSync(base(backup), bytes);
      },
      /^base\.tar\.gz: /,
    ],
    ["a truncated file", ({ backup }) => truncateSync(base(backup), 100_000), /^base\.tar\.gz: /],
    ["a missing file", ({ backup }) => rmSync(base(backup)), /^base\.tar\.gz: it is missing/],
    [
      "a missing WAL segment",
      ({ wal }) => rmSync(join(wal, segments(wal).at(-2) ?? "")),
      /^WAL without a gap: missing in the archive: [0-9A-F]{24}\nwal: the WAL ends before/,
    ],
    [
      "a WAL segment with a byte cut",
      ({ wal }) => {
        const path = join(wal, segments(wal).at(-2) ?? "");
        truncateSync(path, readFileSync(path).length - 1);
      },
      /^wal: WAL file `[0-9A-F]{24}`: /,
    ],
    [
      "a manifest that is none",
      ({ backup }) => writeFileSync(join(backup, "manifest.json"), "{}"),
      /^backup: .*: its `manifest.json` cannot be used/,
    ],
  ];
  for (const [name, harm, expected] of harms)
    test(`finds ${name}`, async () => {
      const done = await drill({ until: await now() }, await harmed(harm), false);
      assert.equal(done.passed, false);
      assert.match(failures(done), expected);
    });

  test("goes on with the part of the last segment that is there", async () => {
    await backedUp.server.asSuperuser("UPDATE customers SET name = 'in part'");
    const [at] = await backedUp.server.asSuperuser<{ lsn: string }>("SELECT pg_current_wal_insert_lsn()::text AS lsn");
    // Something that begins there: a server stops in front of it.
    await backedUp.server.asSuperuser("UPDATE customers SET name = 'later'");
    await backedUp.archive();
    const repository = await harmed(({ wal }) => {
      const last = segments(wal).at(-1) ?? "";
      renameSync(join(wal, last), join(wal, last.replace(".gz", ".partial.gz")));
    });
    const own = [{ name: "in part", sql: "SELECT count(*) FROM customers WHERE name = 'in part'", expect: "200" }];
    const done = await drill({ own, until: { kind: "lsn", lsn: at?.lsn ?? "" } }, repository, false);
    assert.equal(failures(done), "");
  });

  test("finds another cluster's WAL", async () => {
    const theirs = await otherClustersSegment(backedUp.folder);
    const repository = await harmed(({ wal }) => writeFileSync(join(wal, segments(wal).at(-1) ?? ""), gzipSync(theirs)));
    const done = await drill({}, repository, false);
    assert.match(failures(done), /^wal: WAL file `[0-9A-F]{24}`: it is of another cluster \(\d+, and this is \d+\)$/);
  });

  test("of a dump restores it into a cluster of its own", async () => {
    await backedUp.backUp("dump");
    const done = await drill({ earlier: [{ database: "postgres", table: "public.orders", rows: 1 }] }, await harmed(() => {}), false);
    assert.equal(failures(done), "");
    assert.equal(done.checks.find(({ name }) => name === "rows public.orders")?.because, "5,000 rows");
  });

  test("finds an empty table in a dump where an earlier drill found rows", async () => {
    await backedUp.server.asSuperuser("CREATE TABLE prices (id int)");
    await backedUp.backUp("dump");
    const earlier = [{ database: "postgres", table: "public.prices", rows: 12 }];
    const done = await drill({ earlier }, backedUp.repository, false);
    assert.equal(failures(done), "rows public.prices: it is empty, and an earlier drill found 12 rows");
  });

  test("finds a dump that was cut", async () => {
    const repository = await harmed(({ newest }) => truncateSync(join(newest, "database-1.dump"), 2000));
    const done = await drill({}, repository, false);
    assert.match(
      failures(done),
      /^database-1\.dump: it has 2000 bytes and should have \d+\nfiles: the dump of `postgres` cannot be read: /,
    );
  });

  test("without a backup there is nothing to pass", async () => {
    const done = await drill({ target: "nothing" });
    assert.equal(failures(done), "backup: there is no backup to restore");
  });

  async function now(): Promise<DrillOptions["until"] & object> {
    const [at] = await backedUp.server.asSuperuser<{ lsn: string }>("SELECT pg_current_wal_insert_lsn()::text AS lsn");
    await backedUp.server.asSuperuser("UPDATE customers SET name = name");
    await backedUp.archive();
    return { kind: "lsn", lsn: at?.lsn ?? "" };
  }
});

/** The first WAL segment of a cluster that initdb has just made. */
async function otherClustersSegment(folder: string): Promise<Buffer> {
  const data = join(folder, "other");
  mkdirSync(data, { mode: 0o700 });
  const account = serverAccount();
  if (account !== undefined) chownSync(data, account.uid, account.gid);
  execFileSync((await scratchParts(folder)).programs.demand("initdb"), ["-D", data, "-N", "-A", "trust"], {
    ...account,
    cwd: "/",
    stdio: "pipe",
  });
  return readFileSync(join(data, "pg_wal", "000000010000000000000001"));
}
