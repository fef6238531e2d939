/**
 * Logical backups by `pg_dump`, a database a file, and `pg_dumpall --globals-only`: for servers that let nobody replicate.
 * Each dump is consistent in itself, of its own moment, and has no WAL: what changed after it is not in it.
 */
import { Transform } from "node:stream";
import { BackupUnusable, type BackupJob, type MadeFiles } from "./job.ts";
import type { StoredFile } from "./manifest.ts";
import { findProgram, loginVariables, type Program, ProgramFailed, runProgram } from "./programs.ts";
import { storeStream } from "./store-file.ts";

/** Rejects with `ProgramFailed`, and with {@link BackupUnusable} where a dump came out empty. */
export async function dumpBackup(job: BackupJob): Promise<MadeFiles> {
  const { facts } = job;
  const dump = await findProgram("pg_dump", facts.major, job.programs);
  const dumpAll = await findProgram("pg_dumpall", facts.major, job.programs);
  const { variables, release } = await loginVariables(job.login, job.spool);
  try {
    const files: StoredFile[] = [];
    for (const [at, database] of facts.databases.entries())
      files.push(await dumpOne(job, dump, { ...variables, PGDATABASE: database }, { database, name: `database-${at + 1}` }));
    const globals = await dumpGlobals(job, dumpAll, variables);
    return {
      files: [...files, globals.file],
      wal: "none",
      tools: { pg_dump: dump.version, pg_dumpall: dumpAll.version },
      leftOut: [
        ...facts.closed.map((name) => `database \`${name}\`: the login may not connect to it`),
        ...(facts.superuser ? [] : ["passwords of roles: only a superuser may read them"]),
      ],
      databases: facts.databases,
    };
  } finally {
    await release();
  }
}

type Variables = Readonly<Record<string, string>>;

async function dumpOne(
  job: BackupJob,
  program: Program,
  variables: Variables,
  { database, name }: { readonly database: string; readonly name: string },
): Promise<StoredFile> {
  const start = beginning();
  // Compressed by itself, so that pg_restore can take single tables out of it.
  const running = runProgram(program, ["-F", "c", "--no-password"], { variables, path: job.programs.path, signal: job.signal });
  const { folder, key, random, progress, signal } = job;
  const stored = await storeStream(running.output, {
    folder,
    name: `${name}.dump`,
    compressed: false,
    key,
    random,
    progress,
    signal,
    watching: [start.stream],
  });
  await running.ended.catch((error: unknown) => Promise.reject(named(error, database)));
  if (!start.bytes().subarray(0, 5).equals(Buffer.from("PGDMP")))
    throw new BackupUnusable(`the dump of \`${database}\` is ${stored.plainBytes} bytes and none of pg_dump's archives`, {
      empty: stored.plainBytes < EMPTY_BYTES,
    });
  if (database === job.login.database && job.facts.tables > 0 && !start.tableData())
    throw new BackupUnusable(`the dump of \`${database}\` holds no table's rows, and the server has ${job.facts.tables} tables`, {
      empty: true,
    });
  return { ...stored, what: "database", of: database };
}

/** An archive of pg_dump has some hundred bytes even of an empty database. */
const EMPTY_BYTES = 256;

function named(error: unknown, database: string): unknown {
  return error instanceof ProgramFailed ? new ProgramFailed(`database \`${database}\`: ${error.message}`) : error;
}

async function dumpGlobals(job: BackupJob, program: Program, variables: Variables): Promise<{ readonly file: StoredFile }> {
  const { facts, folder, key, random, progress, signal } = job;
  const args = ["--globals-only", "--no-password", ...(facts.superuser ? [] : ["--no-role-passwords"])];
  const running = runProgram(program, args, { variables, path: job.programs.path, signal });
  const stored = await storeStream(running.output, { folder, name: "globals.sql", compressed: true, key, random, progress, signal });
  await running.ended;
  if (stored.plainBytes < EMPTY_BYTES) throw new BackupUnusable("the dump of roles is empty", { empty: true });
  return { file: { ...stored, what: "globals" } };
}

const tableDataMark = Buffer.from("TABLE DATA");

/** Keeps the first bytes of what passes, and sees whether its list of contents (which is not compressed) names rows of a table. */
function beginning(): { readonly stream: Transform; readonly bytes: () => Buffer; readonly tableData: () => boolean } {
  let first: Buffer = Buffer.alloc(0);
  let last: Buffer = Buffer.alloc(0);
  let found = false;
  const stream = new Transform({
    transform: (chunk: Buffer, _, done) => {
      if (first.length < 16) first = Buffer.concat([first, chunk.subarray(0, 16)]);
      if (!found) {
        found = Buffer.concat([last, chunk]).includes(tableDataMark);
        last = chunk.subarray(-tableDataMark.length);
      }
      done(null, chunk);
    },
  });
  return { stream, bytes: () => first, tableData: () => found };
}
