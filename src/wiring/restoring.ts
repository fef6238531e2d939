/**
 * `holdfast restore` without a gateway: configuration, vault, repository and log alone lead back to the moment before an act.
 * Whether the one who asks may is the vault's passphrase's matter; what is done is recorded by whoever holds the log.
 */
import { readEvents } from "../audit/events.ts";
import { limits } from "../base/limits.ts";
import { messageOf } from "../base/message-of.ts";
import { newDrillId } from "../base/ids.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import type { Repository, StoredBackup } from "../recovery/backup/repository.ts";
import { chooseBackup } from "../recovery/restore/choose-backup.ts";
import { compareDatabases, type TableDifference } from "../recovery/restore/compare.ts";
import { tableDefinition } from "../recovery/restore/definition.ts";
import { openLogicalScratch } from "../recovery/restore/logical.ts";
import { ActSearch, type Before, type Moment, momentOf, parseBefore } from "../recovery/restore/moment.ts";
import { repositorySource } from "../recovery/restore/repository-source.ts";
import { type RowsBack, rowsBack } from "../recovery/restore/rows-back.ts";
import { openScratch, type Scratch } from "../recovery/restore/scratch.ts";
import { sweepScratchFolders } from "../recovery/restore/scratch-folder.ts";
import type { ServerPrograms } from "../recovery/restore/server-programs.ts";
import { type OnProgress, type RestoreProgress, untilText } from "../recovery/restore/source.ts";
import type { Column } from "../recovery/restore/table-shape.ts";
import { recoveryClient } from "./recovery-client.ts";
import { databaseOf, scratchPartsOf, scratchRoot, targetRepository } from "./restore-places.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";

export type { Moment, RestoreProgress, RowsBack, TableDifference };

export interface RestoreParts {
  readonly config: Config;
  readonly environment: EnvironmentVariables;
  readonly nowMs: number;
}

/** What will be restored, before anything is. */
export interface PreparedRestore {
  readonly target: TargetConfig;
  readonly database: string;
  readonly moment: Moment;
  readonly until: string;
  readonly backup: StoredBackup["manifest"]["backup"];
  /** Rejects as `openScratch` does. `promote` makes it a server of its own, which can be written to. */
  open(how: { readonly promote: boolean; readonly onProgress: OnProgress; readonly signal?: AbortSignal }): Promise<OpenRestore>;
}

export interface OpenRestore {
  readonly scratch: Scratch;
  /** The present is asked with Holdfast's own login at the target. Rejects where it cannot be reached. */
  compare(tables: readonly string[], onTable: (table: string) => void): Promise<readonly TableDifference[]>;
  rowsBack(tables: readonly string[]): Promise<RowsBack>;
}

/** Rejects with {@link WiringError} or `RestoreFailed` that say what is missing. */
export async function prepareRestore(
  parts: RestoreParts,
  wanted: { readonly before: string; readonly target?: string; readonly database?: string; readonly backup?: string },
): Promise<PreparedRestore> {
  const { config, environment } = parts;
  const moment = await momentFor(parts, wanted.before);
  const target = targetFor(config, wanted.target ?? moment.target);
  if (moment.target !== undefined && moment.target !== target.name)
    throw new WiringError(`act \`${moment.act}\` was at target \`${moment.target}\`, and not at \`${target.name}\``);
  const repository = await targetRepository(target, environment);
  const { backups } = await repository.list(target.name);
  const named = wanted.backup === undefined ? backups : backups.filter(({ manifest }) => manifest.backup.id === wanted.backup);
  if (named.length === 0 && wanted.backup !== undefined)
    throw new WiringError(`no backup is named \`${wanted.backup}\`: \`holdfast backup list\` shows them`);
  const stored = chooseBackup(named, moment);
  const { backup } = stored.manifest;
  const database = wanted.database ?? moment.database ?? databaseOf(target, environment);
  const until = backup.method === "dump" ? `the dump of ${new Date(backup.startedAtMs).toISOString()}` : untilText(moment.until);
  const prepared = { target, database, moment, until, backup };
  return { ...prepared, open: (how) => openRestore({ ...parts, ...prepared, ...how, repository, stored }) };
}

/** Rejects with {@link WiringError} where the text names none, or the log does not know the act. */
export async function momentFor({ config, nowMs }: RestoreParts, text: string): Promise<Moment> {
  const before: Before | undefined = parseBefore(text);
  if (before === undefined)
    throw new WiringError(`\`${text}\` is no act, WAL position or time: name one as s_4n8k2m1v0q4c7d9x.12, 0/3000148 or 2026-11-22T13:00Z`);
  if (before.kind !== "act") return momentOf(before, nowMs);
  const search = new ActSearch(before.action);
  for await (const { event, t } of readEvents({ directory: config.auditDirectory })) search.step(event, t);
  const found = search.found();
  if (found === undefined)
    throw new WiringError(`the log in \`${config.auditDirectory}\` knows no act \`${text}\`: \`holdfast audit show\` lists them`);
  return found;
}

function targetFor(config: Config, name: string | undefined): TargetConfig {
  const [only, ...more] = config.targets;
  if (name === undefined && only !== undefined && more.length === 0) return only;
  const found = config.targets.find((each) => each.name === name);
  if (found === undefined)
    throw new WiringError(name === undefined ? "there are several targets: name one with --target" : `no target is named \`${name}\``);
  return found;
}

interface Opening extends RestoreParts, Omit<PreparedRestore, "open"> {
  readonly promote: boolean;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
  readonly repository: Repository;
  readonly stored: StoredBackup;
}

async function openRestore(parts: Opening): Promise<OpenRestore> {
  const { config, environment, target, moment, backup, repository, stored, onProgress, signal } = parts;
  const root = scratchRoot(config, target);
  await sweepScratchFolders(root);
  const major = Math.floor(backup.serverVersion / 10_000);
  const wanted = { root, name: newDrillId(), major, onProgress, ...(signal === undefined ? {} : { signal }) };
  const scratchParts = await scratchPartsOf(target, environment, wanted);
  const source = repositorySource(repository, target.name, stored);
  const atEnd = parts.promote ? "promote" : "pause";
  const scratch =
    backup.method === "dump"
      ? await openLogicalScratch(source, scratchParts)
      : await openScratch(source, { until: moment.until, atEnd }, scratchParts);
  return {
    scratch,
    compare: (tables, onTable) => compare(parts, scratch, tables, onTable),
    rowsBack: (tables) => back(parts, scratch, scratchParts.programs, tables),
  };
}

/** Of one table: its rows' keys and hashes are held in memory, some hundred bytes each. */
const ROWS_MAX = 2_000_000;
const SAMPLES = 5;
const STATEMENT_MS_MAX = 600_000;

async function compare(
  { target, database, environment }: Opening,
  scratch: Scratch,
  tables: readonly string[],
  onTable: (table: string) => void,
): Promise<readonly TableDifference[]> {
  const { client: now } = await present(target, environment, database);
  const then = await scratch.connect(database);
  try {
    return await compareDatabases(then, now, {
      database,
      tables,
      shown: (table, column) => shownColumn(target, table, column),
      samples: SAMPLES,
      rowsMax: ROWS_MAX,
      statementMs: STATEMENT_MS_MAX,
      onTable,
    });
  } finally {
    await then.end().catch(() => undefined);
    await now.end().catch(() => undefined);
  }
}

async function present(target: TargetConfig, environment: EnvironmentVariables, database: string) {
  try {
    return await recoveryClient(target, environment, { database });
  } catch (error) {
    throw new WiringError(`the server as it is now cannot be reached, so nothing is compared with it: ${messageOf(error)}`);
  }
}

/** As in plans: what nobody has called public is masked, but for keys that are numbers or UUIDs. */
function shownColumn({ plan: { shown } }: TargetConfig, table: string, { name, type }: Column): boolean {
  const named = (list: readonly string[]) => list.includes(`${table}.${name}`) || list.includes(`${table}.*`);
  return !named(shown.secret) && (/^(smallint|integer|bigint|uuid)$/.test(type) || named(shown.public));
}

/** Room for what stands around the text when it is sent. */
const TEXT_BYTES_MAX = Math.floor(limits.sqlTextBytesMax * 0.9);

async function back(
  { target, database, environment }: Opening,
  scratch: Scratch,
  programs: ServerPrograms,
  tables: readonly string[],
): Promise<RowsBack> {
  const { client: now } = await present(target, environment, database);
  const then = await scratch.connect(database);
  try {
    const definition = (table: string) => tableDefinition(scratch, programs, database, table);
    return await rowsBack(then, now, { tables, textBytesMax: TEXT_BYTES_MAX, definition });
  } finally {
    await then.end().catch(() => undefined);
    await now.end().catch(() => undefined);
  }
}
