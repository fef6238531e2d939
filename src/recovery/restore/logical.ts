/**
 * A scratch server out of a logical backup: a cluster of its own by initdb, roles first, then each database by pg_restore.
 * There is no WAL to replay: it is as of the moment of each dump.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ident, literal } from "../../provision/sql.ts";
import { messageOf } from "../../base/message-of.ts";
import { RestoreFailed } from "./restore-failed.ts";
import { makeScratchFolder, type ScratchFolder } from "./scratch-folder.ts";
import type { Scratch, ScratchParts } from "./scratch.ts";
import { ScratchServer } from "./scratch-server.ts";
import { scratchHba, scratchPort, scratchSettings } from "./scratch-settings.ts";
import type { RestoreSource, SourceFile } from "./source.ts";

/** Of the cluster itself, and of indexes, which a dump holds as one line each. */
const SPARE_BYTES = 512 * 1024 ** 2;
/** A compressed dump against the tables and indexes that come out of it. */
const GROWTH = 8;
/** Nobody's name at the original, where it might be a role with fewer rights. */
const superuser = "holdfast_scratch";

/** Rejects with {@link RestoreFailed}; then nothing of it runs or lies about. */
export async function openLogicalScratch({ backup, files }: RestoreSource, parts: ScratchParts): Promise<Scratch> {
  const databases = files.filter(({ what }) => what === "database");
  if (databases.length === 0) throw new RestoreFailed("backup", "the backup holds no database");
  const bytes = files.reduce((sum, { plainBytes }) => sum + plainBytes, 0);
  const folder = await makeScratchFolder(parts.root, parts.name, bytes * GROWTH + SPARE_BYTES);
  const open: { server?: ScratchServer } = {};
  const end = async () => {
    await open.server?.stop();
    await folder.remove();
  };
  const handOver = async () => {
    await open.server?.stop();
    await folder.handOver();
  };
  try {
    const server = await startEmpty(folder, parts);
    open.server = server;
    const place = { socket: folder.socket, port: scratchPort, role: superuser };
    const connect = (database: string) => parts.connect({ ...place, database });
    const restoring = { ...parts, folder, connect, of: bytes, done: 0 };
    for (const file of files.filter(({ what }) => what === "globals")) await restoreGlobals(file, restoring);
    for (const file of databases) await restoreDatabase(file, restoring);
    return { folder, ...place, replayed: { lsn: null, lastCommitMs: backup.startedAtMs }, connect, end, handOver };
  } catch (error) {
    await end();
    throw error;
  }
}

async function startEmpty(folder: ScratchFolder, parts: ScratchParts): Promise<ScratchServer> {
  await run(
    parts.programs.demand("initdb"),
    ["-D", folder.data, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
    folder,
  ).catch((error: unknown) => Promise.reject(new RestoreFailed("start", `initdb: ${messageOf(error)}`, error)));
  const hba = join(folder.path, "pg_hba.conf");
  await writeFile(hba, scratchHba, { mode: 0o600 });
  await folder.own(hba);
  parts.onProgress({ step: "start" });
  const server = await ScratchServer.start(folder, parts.programs, scratchSettings({ socket: folder.socket, hba }));
  if (!(await server.untilAnswers(parts.signal))) {
    const because = await server.complaint();
    throw server.failure("start", because);
  }
  return server;
}

interface Restoring extends Omit<ScratchParts, "connect"> {
  readonly folder: ScratchFolder;
  readonly connect: Scratch["connect"];
  readonly of: number;
  done: number;
}

/** Roles and their memberships; a role that is there already, or a setting that this machine lacks, is no trouble for the data. */
async function restoreGlobals(file: SourceFile, { connect }: Restoring): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of await file.open()) chunks.push(chunk as Buffer);
  const client = await connect("postgres");
  try {
    for (const statement of statementsOf(Buffer.concat(chunks).toString("utf8"))) {
      if (!/^(CREATE|ALTER) ROLE |^GRANT /.test(statement)) continue;
      await client.query(statement).catch(() => undefined);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** pg_dumpall writes a statement a line, apart from names and comments that hold a line's end. */
function statementsOf(text: string): readonly string[] {
  return text
    .split(/;\r?\n/)
    .map((each) => each.replace(/^(--.*|\\.*|\s*)\r?\n/gm, "").trim())
    .filter((each) => each !== "");
}

async function restoreDatabase(file: SourceFile, parts: Restoring): Promise<void> {
  const { folder, programs, connect } = parts;
  const name = file.of ?? "postgres";
  const path = join(folder.path, "database.dump");
  try {
    await pipeline(await file.open(), createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    throw new RestoreFailed("files", `the dump of \`${name}\` cannot be read: ${messageOf(error)}`, error);
  }
  await folder.own(path);
  const client = await connect("template1");
  try {
    const { rows } = await client.query(`SELECT FROM pg_catalog.pg_database WHERE datname = ${literal(name)}`);
    if (rows.length === 0) await client.query(`CREATE DATABASE ${ident(name)} TEMPLATE template0`);
  } finally {
    await client.end().catch(() => undefined);
  }
  const to = ["-h", folder.socket, "-p", String(scratchPort), "-U", superuser, "-d", name];
  await run(programs.demand("pg_restore"), [...to, "--no-password", "--exit-on-error", path], folder).catch((error: unknown) =>
    Promise.reject(new RestoreFailed("replay", `the dump of \`${name}\` cannot be restored: ${messageOf(error)}`, error)),
  );
  await rm(path, { force: true });
  parts.done += file.plainBytes;
  parts.onProgress({ step: "files", bytes: parts.done, of: parts.of });
}

/** As the server's account, with nothing of our own environment. Rejects with what it said. */
async function run(program: string, args: readonly string[], { account, path }: ScratchFolder): Promise<void> {
  await mkdir(path, { recursive: true });
  const child = spawn(program, args, {
    ...account,
    cwd: path,
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-4_000);
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code === 0) return;
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  throw new Error((lines.find((line) => /error|fatal/i.test(line)) ?? lines.at(-1) ?? `exit code ${code}`).replace(/^\w+: (error: )?/, ""));
}
