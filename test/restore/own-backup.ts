/**
 * A real base backup of a test server and the WAL after it, in a repository, by PostgreSQL's own programs: what a restore is tried on.
 * The gateway's schedule has no part in it, so that a test says itself what is in the archive and what is not.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { newBackupId, systemRandom } from "../../src/base/ids.ts";
import type { StoredFile } from "../../src/recovery/backup/manifest.ts";
import { createRepository, type Repository, type StoredBackup } from "../../src/recovery/backup/repository.ts";
import { storeStream } from "../../src/recovery/backup/store-file.ts";
import { serverAccount } from "../support/postgres/account.ts";
import { startServer, type TestServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";

export interface BackedUp {
  readonly server: TestServer;
  readonly folder: string;
  readonly repository: Repository;
  /** Makes a base backup of now. */
  backUp(): Promise<StoredBackup>;
  /** Ends the segment that is being written, and stores all that the server has archived. */
  archive(): Promise<void>;
  close(): Promise<void>;
}

export const backedUpTarget = "shop";

export async function openBackedUp(passphrase?: Uint8Array): Promise<BackedUp> {
  await tool("pg_controldata");
  const folder = mkdtempSync(join(tmpdir(), "holdfast-restore-test-"));
  chmodSync(folder, 0o711);
  const archived = join(folder, "archived");
  mkdirSync(archived);
  const account = serverAccount();
  if (account !== undefined) chownSync(archived, account.uid, account.gid);
  const settings = { archive_mode: true, archive_command: `cp %p ${archived}/%f.new && mv ${archived}/%f.new ${archived}/%f` };
  const server = await startServer({ version: 15, settings });
  const repository = await createRepository({
    folder: join(folder, "repository"),
    random: systemRandom,
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  const wal = repository.wal(backedUpTarget);
  const archive = async () => {
    const [row] = await server.asSuperuser<{ name: string }>("SELECT pg_walfile_name(pg_switch_wal()) AS name");
    for (let tries = 0; !readdirSync(archived).includes(row?.name ?? ""); tries += 1) {
      if (tries > 400) throw new Error(`the server does not archive ${row?.name}:\n${server.log()}`);
      await delay(25);
    }
    for (const name of readdirSync(archived).filter((each) => /^[0-9A-F]{24}$|[.]history$/.test(each))) {
      await wal.put(join(archived, name), name, systemRandom);
      rmSync(join(archived, name));
    }
  };
  return {
    server,
    folder,
    repository,
    archive,
    backUp: async () => {
      const stored = await baseBackup({ server, repository, folder });
      await archive();
      return stored;
    },
    close: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function baseBackup({ server, repository, folder }: Pick<BackedUp, "server" | "repository" | "folder">): Promise<StoredBackup> {
  const id = newBackupId();
  const startedAtMs = systemClock.now();
  const tars = join(folder, id);
  const [before] = await server.asSuperuser<{ id: string; lsn: string }>(
    "SELECT system_identifier::text AS id, pg_current_wal_insert_lsn()::text AS lsn FROM pg_control_system()",
  );
  const connection = `host=127.0.0.1 port=${server.port} user=postgres password=${server.superuser.password}`;
  execFileSync(await tool("pg_basebackup"), ["-D", tars, "-Ft", "-X", "none", "-c", "fast", "-d", connection], { stdio: "pipe" });
  const [after] = await server.asSuperuser<{ lsn: string; version: string }>(
    "SELECT pg_current_wal_insert_lsn()::text AS lsn, current_setting('server_version_num') AS version",
  );
  const draft = await repository.draft(backedUpTarget, id, startedAtMs);
  const files: StoredFile[] = [];
  for (const name of readdirSync(tars).filter((each) => each.endsWith(".tar"))) {
    const oid = /^(\d+)[.]tar$/.exec(name)?.[1];
    const place = { folder: draft.folder, name, compressed: true, key: repository.key, random: systemRandom };
    const stored = await storeStream(createReadStream(join(tars, name)), place);
    files.push({ ...stored, ...(oid === undefined ? { what: "base" as const } : { what: "tablespace" as const, of: oid }) });
  }
  rmSync(tars, { recursive: true });
  return draft.finish({
    format: 1,
    backup: {
      id,
      target: backedUpTarget,
      method: "basebackup",
      startedAtMs,
      endedAtMs: systemClock.now(),
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      from: before?.lsn ?? "",
      to: after?.lsn ?? "",
      timeline: 1,
      serverVersion: Number(after?.version),
      systemIdentifier: before?.id ?? "",
      databases: [],
    },
    files,
    wal: "archive",
    walSegmentBytes: 16 * 1024 ** 2,
    tools: {},
    leftOut: [],
    server: { bytes: statSync(draft.folder).size, tables: 1 },
  });
}
