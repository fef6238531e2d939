/**
 * A real base backup of a test server and the WAL after it, in a repository: what a restore is tried on.
 * The gateway's schedule has no part in it, so that a test says itself what is in the archive and what is not.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { newBackupId, systemRandom } from "../../src/base/ids.ts";
import { makeBackup } from "../../src/recovery/backup/make-backup.ts";
import { createRepository, type Repository, type StoredBackup } from "../../src/recovery/backup/repository.ts";
import { readServerFacts } from "../../src/recovery/backup/server-facts.ts";
import { replicationTo } from "../../src/wiring/replication.ts";
import { serverAccount } from "../support/postgres/account.ts";
import type { ServerVersion } from "../support/postgres/binaries.ts";
import { startServer, type TestServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";

export interface BackedUp {
  readonly server: TestServer;
  readonly folder: string;
  readonly repository: Repository;
  /** Makes a backup of now; a base backup unless told otherwise. */
  backUp(method?: "basebackup" | "dump"): Promise<StoredBackup>;
  /** Ends the segment that is being written, and stores all that the server has archived. */
  archive(): Promise<void>;
  /** Goes on storing what the server archives, until it is closed. */
  keepArchiving(): void;
  close(): Promise<void>;
}

export const backedUpTarget = "shop";

export interface BackedUpOptions {
  /** 15 unless it says otherwise. */
  readonly version?: ServerVersion;
  readonly passphrase?: Uint8Array;
  /** Puts something into the server and says as which target it is backed up. */
  readonly fill?: (server: TestServer) => Promise<string>;
}

export async function openBackedUp({ version = 15, passphrase, fill }: BackedUpOptions = {}): Promise<BackedUp> {
  // Of the server's and the client's package: what restores and dumps start.
  if (version === 15) await Promise.all([tool("pg_controldata"), tool("pg_dump")]);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-restore-test-"));
  chmodSync(folder, 0o711);
  const archived = join(folder, "archived");
  mkdirSync(archived);
  const account = serverAccount();
  if (account !== undefined) chownSync(archived, account.uid, account.gid);
  const settings = { archive_mode: true, archive_command: `cp %p ${archived}/%f.new && mv ${archived}/%f.new ${archived}/%f` };
  const server = await startServer({ version, settings });
  const repository = await createRepository({
    folder: join(folder, "repository"),
    random: systemRandom,
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  const target = (await fill?.(server)) ?? backedUpTarget;
  const wal = repository.wal(target);
  const archive = async () => {
    // The segment that ended: from 17 on the position behind it counts as the next one's.
    const [row] = await server.asSuperuser<{ name: string }>("SELECT pg_walfile_name(pg_switch_wal() - 1) AS name");
    // Something was written before: an empty segment is not ended, and what was archived before may be stored already.
    for (let tries = 0; !readdirSync(archived).includes(row?.name ?? ""); tries += 1) {
      if ((await wal.read(row?.name ?? "")) !== undefined) break;
      if (tries > 4_800) throw new Error(`the server does not archive ${row?.name}:\n${server.log()}`);
      await delay(25);
    }
    await store();
  };
  let storing = Promise.resolve();
  const store = () => {
    storing = storing.then(async () => {
      for (const name of readdirSync(archived).filter((each) => /^[0-9A-F]{24}$|[.]history$/.test(each))) {
        await wal.put(join(archived, name), name, systemRandom);
        rmSync(join(archived, name));
      }
    });
    return storing;
  };
  let going: NodeJS.Timeout | undefined;
  return {
    server,
    folder,
    repository,
    archive,
    keepArchiving: () => {
      going = setInterval(() => void store(), 100);
    },
    backUp: async (method = "basebackup") => {
      const storing = setInterval(() => void store(), 50);
      const stored = await makeOne({ server, repository, folder, target }, method).finally(() => clearInterval(storing));
      await archive();
      return stored;
    },
    close: async () => {
      clearInterval(going);
      await storing;
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Scene = Pick<BackedUp, "server" | "repository" | "folder"> & { readonly target: string };

async function makeOne({ server, repository, folder, target }: Scene, method: "basebackup" | "dump"): Promise<StoredBackup> {
  const client = await server.connect();
  const spool = join(folder, "spool");
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  const login = {
    host: "127.0.0.1",
    port: server.port,
    role: "postgres",
    password: server.superuser.password,
    database: "postgres",
    tls: "disable",
  } as const;
  try {
    return await makeBackup({
      repository,
      target,
      id: newBackupId(),
      method,
      login,
      replicate: () => replicationTo(login, systemRandom),
      programs: { path: process.env["PATH"] ?? "" },
      facts: await readServerFacts(client),
      walArchived: true,
      walWaitMs: 120_000,
      spool,
      clock: systemClock,
      random: systemRandom,
      progress: () => undefined,
      signal: new AbortController().signal,
    });
  } finally {
    await client.end();
  }
}
