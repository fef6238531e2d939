/**
 * A base backup by `pg_basebackup`, as archives: streamed into the repository, and held against the server's own list of files as it
 * passes.
 * With tablespaces the program writes to the spool first, because it streams only one archive.
 */
import { createReadStream } from "node:fs";
import { mkdir, readdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { BackupUnusable, type BackupJob, type MadeFiles } from "./job.ts";
import type { StoredFile } from "./manifest.ts";
import { findProgram, loginVariables, type Program, ProgramFailed, runProgram, type Running } from "./programs.ts";
import { differences, parseServerManifest, type ServerManifest, serverManifestName } from "./server-manifest.ts";
import { storeStream } from "./store-file.ts";
import { lookingAtTar, type TarEntry } from "./tar-entries.ts";

/** Rejects with `ProgramFailed`, and with {@link BackupUnusable} where what came is not what the server says it sent. */
export async function baseBackup(job: BackupJob): Promise<MadeFiles> {
  const program = await findProgram("pg_basebackup", job.facts.major, job.programs);
  const { variables, release } = await loginVariables(job.login, job.spool);
  try {
    const { files, entries, list } =
      job.facts.tablespaces.length === 0 ? await streamed(job, program, variables) : await spooled(job, program, variables);
    const manifest = demandWhole(list, entries);
    return {
      files,
      wal: job.walArchived ? "archive" : "inside",
      from: manifest.from,
      to: manifest.to,
      timeline: manifest.timeline,
      tools: { pg_basebackup: program.version },
      leftOut: [],
      databases: [...job.facts.databases, ...job.facts.closed].sort(),
    };
  } finally {
    await release();
  }
}

interface Received {
  readonly files: readonly StoredFile[];
  readonly entries: ReadonlyMap<string, TarEntry>;
  readonly list: Buffer | undefined;
}

async function streamed(job: BackupJob, program: Program, variables: Readonly<Record<string, string>>): Promise<Received> {
  const running = start(job, program, variables, "-");
  const look = lookingAtTar(serverManifestName);
  const stored = await both(running, job, (signal) => store(job, "base", running.output, { signal, watching: [look.stream] }));
  return { files: [{ ...stored, what: "base" }], entries: look.entries, list: look.kept() };
}

/** The archive and the program that makes it: where one fails, the other is ended, and the program's words are the ones to hear. */
async function both<T>(running: Running, job: BackupJob, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopped = new AbortController();
  running.ended.catch(() => stopped.abort());
  try {
    const done = await act(AbortSignal.any([job.signal, stopped.signal]));
    await running.ended;
    return done;
  } catch (error) {
    running.stop();
    const said = await running.ended.then(
      () => undefined,
      (problem: unknown) => problem,
    );
    // A full disk ends the program, too: then the writing side knows why.
    throw stopped.signal.aborted || error instanceof ProgramFailed ? (said ?? error) : error;
  }
}

async function spooled(job: BackupJob, program: Program, variables: Readonly<Record<string, string>>): Promise<Received> {
  const spool = join(job.spool, "base");
  await rm(spool, { recursive: true, force: true });
  await mkdir(spool, { mode: 0o700 });
  try {
    const { bavail, bsize } = await statfs(spool);
    if (bavail * bsize < job.facts.bytes)
      throw new ProgramFailed(
        `the server has tablespaces, so its ${job.facts.bytes} bytes go through \`${job.spool}\`, which has room for ${bavail * bsize}`,
      );
    await start(job, program, variables, spool).ended;
    const files: StoredFile[] = [];
    const entries = new Map<string, TarEntry>();
    for (const file of (await readdir(spool)).filter((name) => name.endsWith(".tar"))) {
      const name = file.slice(0, -".tar".length);
      const look = lookingAtTar(serverManifestName);
      const stored = await store(job, name, createReadStream(join(spool, file)), { signal: job.signal, watching: [look.stream] });
      await rm(join(spool, file));
      const tablespace = job.facts.tablespaces.find(({ oid }) => oid === name);
      const within = tablespace === undefined ? "" : `pg_tblspc/${name}/`;
      for (const [path, entry] of look.entries) entries.set(`${within}${path}`, entry);
      if (tablespace === undefined) files.push({ ...stored, what: "base" });
      else files.push({ ...stored, what: "tablespace", of: name, location: tablespace.location });
    }
    const list = await createReadStream(join(spool, serverManifestName)).toArray();
    // Beside the archives, as the program puts it where it does not stream.
    const kept = await storeStream(createReadStream(join(spool, serverManifestName)), {
      ...storing(job, serverManifestName),
      compressed: true,
    });
    return { files: [...files, { ...kept, what: "list" }], entries, list: Buffer.concat(list as Buffer[]) };
  } finally {
    await rm(spool, { recursive: true, force: true });
  }
}

function start(job: BackupJob, program: Program, variables: Readonly<Record<string, string>>, to: string): Running {
  const wal = job.walArchived ? "none" : "fetch";
  const args = ["-D", to, "-F", "t", "-X", wal, "-c", "fast", "-l", job.label, "--manifest-checksums=SHA256", "--no-password", "-v"];
  return runProgram(program, args, { variables, path: job.programs.path, signal: job.signal });
}

function storing(job: BackupJob, name: string) {
  const { folder, key, random, progress } = job;
  return { folder, name, key, random, progress };
}

function store(job: BackupJob, name: string, source: Readable, more: Pick<Parameters<typeof storeStream>[1], "signal" | "watching">) {
  return storeStream(source, { ...storing(job, `${name}.tar`), compressed: true, ...more });
}

function demandWhole(list: Buffer | undefined, entries: ReadonlyMap<string, TarEntry>): ServerManifest {
  if (list === undefined) throw new BackupUnusable("the server's own list of files did not come with it", { empty: entries.size === 0 });
  const manifest = parseServerManifest(list);
  const wrong = differences(manifest, entries);
  if (wrong.length > 0) throw new BackupUnusable(`what came is not what the server sent: ${wrong.join(", ")}`, { empty: false });
  return manifest;
}
