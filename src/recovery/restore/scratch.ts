/**
 * A scratch server out of a physical backup: unpacked into a private folder, replayed as far as it is asked to, and removed afterwards.
 * It needs nothing of the original, and the original learns nothing of it.
 */
import { execFile } from "node:child_process";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { setTimeout as delay } from "node:timers/promises";
import type { AdminClient } from "../../provision/sql.ts";
import { messageOf } from "../../base/message-of.ts";
import { type ControlData, readControl } from "./control-file.ts";
import { RestoreFailed } from "./restore-failed.ts";
import { makeScratchFolder, type ScratchFolder } from "./scratch-folder.ts";
import { ScratchServer } from "./scratch-server.ts";
import { scratchHba, scratchPort, scratchSettings } from "./scratch-settings.ts";
import type { ServerPrograms } from "./server-programs.ts";
import { type OnProgress, type ReplayUntil, type RestoreSource, untilText } from "./source.ts";
import { unpack } from "./unpack.ts";
import { feedWal, type WalFeeder } from "./wal-feeder.ts";

const run = promisify(execFile);

/** A connection that was opened at a scratch server's socket, and how to end it. */
export interface ScratchClient extends AdminClient {
  end(): Promise<void>;
}

/** Opens one; handed in, because recovery opens none by itself. */
export type ConnectScratch = (place: {
  readonly socket: string;
  readonly port: number;
  readonly role: string;
  readonly database: string;
}) => Promise<ScratchClient>;

export interface ScratchParts {
  /** Where scratch folders lie. */
  readonly root: string;
  /** Of the folder: unique. */
  readonly name: string;
  readonly programs: ServerPrograms;
  readonly connect: ConnectScratch;
  /** Roles that the cluster may have, to ask it for its superuser's name: of whoever connects to the original. */
  readonly roles: readonly string[];
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

export interface Scratch {
  readonly folder: ScratchFolder;
  readonly socket: string;
  readonly port: number;
  /** The superuser that the cluster was made with. */
  readonly role: string;
  /** Where the replay ended, and when the last transaction that came back was committed; `null` where that is not known. */
  readonly replayed: { readonly lsn: string | null; readonly lastCommitMs: number | null };
  /** A connection as the superuser. */
  connect(database: string): Promise<ScratchClient>;
  /** Ends the server and removes all of it. Without effect the second time. */
  end(): Promise<void>;
  /** Ends the server and leaves its data folder, whole and written to disk, as somebody's own. */
  handOver(): Promise<void>;
}

/** Of a WAL segment or two, the server's own files, and what replay adds to the data. */
const SPARE_BYTES = 512 * 1024 ** 2;

/** Rejects with {@link RestoreFailed}; then nothing of it runs or lies about. */
export async function openScratch(
  source: RestoreSource,
  how: { readonly until: ReplayUntil; readonly atEnd: "pause" | "promote" },
  parts: ScratchParts,
): Promise<Scratch> {
  const bytes = source.files.reduce((sum, { plainBytes }) => sum + plainBytes, 0);
  const folder = await makeScratchFolder(parts.root, parts.name, Math.ceil(bytes * 1.1) + SPARE_BYTES);
  const open: { feeder?: WalFeeder; server?: ScratchServer } = {};
  const end = async () => {
    await open.server?.stop();
    await open.feeder?.stop();
    await folder.remove();
  };
  try {
    await unpack(source.files, folder, parts.onProgress);
    parts.signal?.throwIfAborted();
    const control = await controlOf(folder, parts.programs);
    const feeder = await feedWal(folder, source.wal, control);
    open.feeder = feeder;
    const server = await startRecovering(folder, control, { ...parts, feeder, ...how });
    open.server = server;
    return await recovered({ folder, server, feeder, end }, how, parts);
  } catch (error) {
    await end();
    throw error;
  }
}

async function controlOf(folder: ScratchFolder, programs: ServerPrograms): Promise<ControlData> {
  const major = (await readFile(join(folder.data, "PG_VERSION"), "utf8")).trim();
  if (Number(major) !== programs.major)
    throw new RestoreFailed("programs", `the backup is of PostgreSQL ${major}, and these programs are of ${programs.major}`);
  const bytes = await readFile(join(folder.data, "global/pg_control")).catch((error: unknown) =>
    Promise.reject(new RestoreFailed("files", `\`global/pg_control\` cannot be read: ${messageOf(error)}`, error)),
  );
  const control = readControl(bytes);
  if (control === undefined) throw new RestoreFailed("files", "`global/pg_control` is not one of this kind of machine, or was changed");
  return control;
}

type Recovering = ScratchParts & { readonly feeder: WalFeeder; readonly until: ReplayUntil; readonly atEnd: "pause" | "promote" };

async function startRecovering(folder: ScratchFolder, control: ControlData, parts: Recovering): Promise<ScratchServer> {
  const hba = join(folder.path, "pg_hba.conf");
  const signal = join(folder.data, "recovery.signal");
  for (const [path, text] of [
    [hba, scratchHba],
    [signal, ""],
  ] as const) {
    await writeFile(path, text, { mode: 0o600 });
    await folder.own(path);
  }
  const recovery = { command: parts.feeder.command, until: parts.until, atEnd: parts.atEnd };
  parts.onProgress({ step: "start" });
  return ScratchServer.start(folder, parts.programs, scratchSettings({ socket: folder.socket, hba, control, recovery }));
}

interface Open {
  readonly folder: ScratchFolder;
  readonly server: ScratchServer;
  readonly feeder: WalFeeder;
  readonly end: () => Promise<void>;
}

const POLL_MS = 50;

async function recovered(
  open: Open,
  how: { readonly until: ReplayUntil; readonly atEnd: "pause" | "promote" },
  parts: ScratchParts,
): Promise<Scratch> {
  const { folder, server, feeder, end } = open;
  const to = how.until.kind === "end" ? null : untilText(how.until);
  const watching = setInterval(() => parts.onProgress({ step: "replay", at: feeder.newest() ?? "", to }), 500);
  try {
    if (!(await server.untilAnswers(parts.signal))) throw await whyEnded(server, feeder, to);
    const ended = (error: unknown): Promise<never> => becauseEnded(error, { server, feeder, to });
    const role = await superuserOf(folder, parts).catch(ended);
    const place = { socket: folder.socket, port: scratchPort, role };
    const client = await parts.connect({ ...place, database: "template1" }).catch(ended);
    try {
      const replayed = await untilReplayed(client, { server, feeder, to, ...parts });
      const handOver = async () => {
        await server.stop();
        await feeder.stop();
        await leaveData(folder);
      };
      return { folder, ...place, replayed, connect: (database) => parts.connect({ ...place, database }), end, handOver };
    } finally {
      await client.end().catch(() => undefined);
    }
  } finally {
    clearInterval(watching);
  }
}

/** What was only the scratch server's goes, and what the original had set comes back. */
async function leaveData(folder: ScratchFolder): Promise<void> {
  const auto = join(folder.data, "postgresql.auto.conf");
  await rename(`${auto}.original`, auto).catch(() => undefined);
  // It ran without waiting for the disk.
  await run("sync", [], { cwd: "/" });
  for (const each of ["wal", "socket", "postgresql.conf", "pg_hba.conf", "server.log"])
    await rm(join(folder.path, each), { recursive: true, force: true });
  await folder.handOver();
}

interface Replaying extends ScratchParts {
  readonly server: ScratchServer;
  readonly feeder: WalFeeder;
  readonly to: string | null;
}

interface ReplayState {
  readonly recovering: boolean;
  readonly paused: boolean;
  readonly lsn: string | null;
  readonly at: string | null;
}

const stateSql = `SELECT pg_catalog.pg_is_in_recovery() AS recovering,
  CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() ELSE false END AS paused,
  pg_catalog.pg_last_wal_replay_lsn()::text AS lsn,
  (extract(epoch FROM pg_catalog.pg_last_xact_replay_timestamp()) * 1000)::text AS at`;

async function untilReplayed(client: ScratchClient, parts: Replaying): Promise<Scratch["replayed"]> {
  for (;;) {
    parts.signal?.throwIfAborted();
    let state: ReplayState | undefined;
    try {
      [state] = (await client.query(stateSql)).rows as readonly ReplayState[];
    } catch (error) {
      return becauseEnded(error, parts);
    }
    const broken = parts.feeder.broken();
    if (broken !== undefined) throw new RestoreFailed("wal", broken);
    if (state !== undefined && (!state.recovering || state.paused)) {
      if (state.paused && /insufficient parameter settings/.test(await parts.server.log()))
        throw new RestoreFailed("replay", "the original was given larger settings than the scratch server has room for");
      return { lsn: state.lsn, lastCommitMs: state.at === null ? null : Math.round(Number(state.at)) };
    }
    if (state?.lsn !== null && state !== undefined) parts.onProgress({ step: "replay", at: state.lsn, to: parts.to });
    await delay(POLL_MS);
  }
}

/** A server that cannot go on ends its connections first. Rejects with why it ended, or with the error where it lives. */
async function becauseEnded(error: unknown, { server, feeder, to }: Pick<Replaying, "server" | "feeder" | "to">): Promise<never> {
  for (let tries = 0; tries < 40 && !server.ended; tries += 1) await delay(POLL_MS);
  throw server.ended ? await whyEnded(server, feeder, to) : error;
}

/** The server's own words, and what we know that it does not. */
async function whyEnded(server: ScratchServer, feeder: WalFeeder, to: string | null): Promise<RestoreFailed> {
  const broken = feeder.broken();
  if (broken !== undefined) return new RestoreFailed("wal", broken);
  const complaint = await server.complaint();
  const [missing] = feeder
    .missed()
    .filter((name) => /^[0-9A-F]{24}$/.test(name))
    .slice(-1);
  if (/before configured recovery target was reached/.test(complaint))
    return new RestoreFailed(
      "wal",
      `the WAL ends before ${to ?? "the point"}: ${missing === undefined ? "there is no more of it" : `\`${missing}\` is not in the archive`}`,
    );
  if (/could not locate required checkpoint record|WAL ends before (end of online backup|consistent recovery point)/.test(complaint))
    return new RestoreFailed(
      "wal",
      `WAL that the backup itself needs is missing${missing === undefined ? "" : `: \`${missing}\``}: ${complaint}`,
    );
  return server.failure("replay", complaint);
}

/** Asked of the cluster by any role that it has: the superuser it was made with is named as its maker chose. */
async function superuserOf({ socket }: ScratchFolder, { connect, roles }: ScratchParts): Promise<string> {
  let last: unknown;
  for (const role of [...new Set(["postgres", ...roles])]) {
    try {
      const client = await connect({ socket, port: scratchPort, role, database: "template1" });
      try {
        const [row] = (await client.query("SELECT rolname AS name FROM pg_catalog.pg_roles WHERE oid = 10")).rows as readonly {
          name: string;
        }[];
        if (row !== undefined) return row.name;
      } finally {
        await client.end().catch(() => undefined);
      }
    } catch (error) {
      last = error;
    }
  }
  throw new RestoreFailed("start", `none of the roles ${roles.join(", ")} is known in the backup: ${messageOf(last)}`, last);
}
