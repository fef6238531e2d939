/**
 * A server, a repository and what the methods are given: everything real. Of version 15 Debian has the programs, too.
 * It makes no backup by itself.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { systemClock } from "../../src/base/clock.ts";
import { newBackupId, systemRandom } from "../../src/base/ids.ts";
import { makeBackup, type MakeBackup } from "../../src/recovery/backup/make-backup.ts";
import type { ServerLogin } from "../../src/recovery/backup/programs.ts";
import { createRepository, type Repository, type StoredBackup } from "../../src/recovery/backup/repository.ts";
import { readServerFacts, type ServerFacts } from "../../src/recovery/backup/server-facts.ts";
import { WalReceiver } from "../../src/recovery/backup/wal-receiver.ts";
import { replicationTo } from "../../src/wiring/replication.ts";
import type { ServerVersion } from "../support/postgres/binaries.ts";
import { startServer, type TestServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";

export interface BackupGround {
  readonly server: TestServer;
  readonly folder: string;
  readonly repository: Repository;
  readonly login: ServerLogin;
  readonly client: pg.Client;
  facts(): Promise<ServerFacts>;
  backUp(more?: Partial<MakeBackup>): Promise<StoredBackup>;
  receiver(): WalReceiver;
  close(): Promise<void>;
}

export const programs = { path: process.env["PATH"] ?? "" };

export async function backupGround(version: ServerVersion, passphrase?: Uint8Array): Promise<BackupGround> {
  if (version === 15) await tool("pg_dump");
  const server = await startServer({ version, settings: { wal_level: "replica", max_wal_senders: 10 } });
  const folder = mkdtempSync(join(tmpdir(), "holdfast-backup-"));
  const client = await server.connect();
  await client.query("CREATE ROLE backup LOGIN REPLICATION PASSWORD 'a:b\\c'; GRANT pg_read_all_data, pg_read_all_settings TO backup");
  const repository = await createRepository({
    folder: join(folder, "repository"),
    random: systemRandom,
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  const spool = join(folder, "spool");
  mkdirSync(join(spool, "wal"), { recursive: true, mode: 0o700 });
  const login: ServerLogin = {
    host: server.host,
    port: server.port,
    role: "backup",
    database: "postgres",
    password: "a:b\\c",
    tls: "disable",
  };
  const facts = () => readServerFacts(client);
  return {
    server,
    folder,
    repository,
    login,
    client,
    facts,
    backUp: async (more = {}) =>
      makeBackup({
        repository,
        target: "shop",
        id: newBackupId(),
        method: "basebackup",
        login,
        replicate: () => replicationTo(more.login ?? login, systemRandom),
        programs,
        facts: await facts(),
        walArchived: false,
        walWaitMs: 60_000,
        spool,
        clock: systemClock,
        random: systemRandom,
        progress: () => undefined,
        signal: new AbortController().signal,
        ...more,
      }),
    receiver: () =>
      new WalReceiver({
        archive: repository.wal("shop"),
        replicate: () => replicationTo(login, systemRandom),
        segmentBytes: 16 * 1024 * 1024,
        slot: "holdfast_shop",
        spool: join(spool, "wal"),
        clock: systemClock,
        random: systemRandom,
        warn: () => undefined,
        partialEveryMs: 200,
        firstPauseMs: 50,
      }),
    close: async () => {
      await client.end();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const TRIES_MAX = 2_400;

/** Looks again until it is so. A backup takes a second, and many times that on a machine that has other things to do. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (await holds()) return;
    await delay(50);
  }
  throw new Error(`never: ${what}`);
}
