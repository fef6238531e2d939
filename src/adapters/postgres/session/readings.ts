/**
 * The messages of the meter's readings, and of what else the session sends on names of its own inside a batch of the client's.
 * It does not interpret the answers.
 *
 * A reading is parsed and planned longer than it runs, so a session that reads more than once keeps it as a prepared statement. Code
 * on the server can drop that statement and PREPARE another of the same name: in front of each kept reading stands a guard, which
 * fails unless the name was made by a Parse message. Only the session's own are let through for it.
 */
import { SYNC as SYNC_FRAME, bind, closePortal, closeStatement, execute, parse } from "../codec/write.ts";
import type { Core } from "./core.ts";
import { GUARD_SQL, FLUSH_COUNTS_SQL, KEPT_NAME, KEPT_SQL, KEPT_TABLES_SQL, METER_NAME } from "./meter-sql.ts";
import { boundsKey, meterSql, percentBound, rowsBound, type MeterBounds } from "./meter-sql.ts";
import { BIND, CLOSE, EXECUTE, PARSE, SYNC, type Expect, type ExpectKind } from "./queue.ts";

/** The guard looks at every prepared statement of the session: beyond so many a reading that is planned anew is cheaper. */
const GUARDED_STATEMENTS_MAX = 100;
const READINGS_MAX = 256;

interface Messages {
  readonly bytes: Buffer;
  readonly expects: readonly Expect[];
}

const FIVE: readonly ExpectKind[] = [PARSE, BIND, EXECUTE, CLOSE, CLOSE];

/** A statement of ours from Parse to Close. Nothing of the agent's can run between the Parse and the Execute. */
function statement(sql: string): Buffer {
  const name = METER_NAME;
  return Buffer.concat([parse(name, sql), bind(name, name), execute(name), closePortal(name), closeStatement(name)]);
}

const GUARD = statement(GUARD_SQL);
const CLOSE_LEFTOVER = closeStatement(METER_NAME);
const keeps = (sql: string): Buffer => Buffer.concat([closeStatement(KEPT_NAME), parse(KEPT_NAME, sql), SYNC_FRAME]);
const KEEP = keeps(KEPT_SQL);
const KEEP_TABLES = keeps(KEPT_TABLES_SQL);
const texts = new Map<string, Messages>();
const readings = new Map<string, Messages>();

function send(core: Core, { bytes, expects }: Messages): void {
  if (core.meter.leftover) {
    core.toServer(CLOSE_LEFTOVER);
    core.expect.push({ ...(expects[0] as Expect), kind: CLOSE });
  }
  core.meter.leftover = false;
  core.toServer(bytes);
  for (const entry of expects) core.expect.push(entry);
  core.flushed = false;
}

/** A reading on names of our own; the server skips what stands behind it when it fails. */
export function readMeter(core: Core, commits: boolean): void {
  const { bounds } = core.meter;
  const kept = readsKept(core);
  const key = `${kept} ${core.meter.keptTables} ${commits} ${boundsKey(bounds)}`;
  let messages = readings.get(key);
  if (messages === undefined) {
    messages = kept
      ? keptReading(bounds, commits, core.meter.keptTables)
      : { bytes: statement(meterSql(bounds)), expects: expected(FIVE, bounds, commits) };
    if (readings.size >= READINGS_MAX) readings.clear();
    readings.set(key, messages);
  }
  send(core, messages);
}

/** The parameters of the kept reading, which has those of each table or has not. */
function parametersOf({ total, table }: MeterBounds, tables: boolean): readonly string[] {
  const all = [rowsBound(total)];
  return tables ? [...all, rowsBound(table?.rows ?? Infinity), percentBound(table?.percent ?? Infinity)] : all;
}

function keptReading(bounds: MeterBounds, commits: boolean, tables: boolean): Messages {
  const bytes = [GUARD, bind(KEPT_NAME, KEPT_NAME, parametersOf(bounds, tables)), execute(KEPT_NAME), closePortal(KEPT_NAME)];
  const guard = expected(FIVE, { ...bounds, guards: true }, commits);
  return { bytes: Buffer.concat(bytes), expects: [...guard, ...expected([BIND, EXECUTE, CLOSE], bounds, commits)] };
}

function expected(kinds: readonly ExpectKind[], bounds: MeterBounds, commits: boolean): readonly Expect[] {
  const reading = { bounds, commits };
  return kinds.map((kind) => ({ kind, audience: "meter", reading }));
}

/** A reading as statements of a simple query, and what each of them is. */
export function readingText(core: Core): { readonly sql: string; readonly plan: readonly MeterBounds[] } {
  const { bounds } = core.meter;
  if (!readsKept(core)) return { sql: meterSql(bounds), plan: [bounds] };
  return {
    sql: `${GUARD_SQL};EXECUTE ${KEPT_NAME}(${parametersOf(bounds, core.meter.keptTables).join(",")})`,
    plan: [{ ...bounds, guards: true }, bounds],
  };
}

function readsKept(core: Core): boolean {
  const { kept, keptTables, bounds } = core.meter;
  if (!kept || (bounds.table !== undefined && !keptTables)) return false;
  return bounds.sinceLast === Infinity && bounds.carried === 0 && core.names.statements.size <= GUARDED_STATEMENTS_MAX;
}

/** Between two transactions of the client's: the server parses and plans the reading once. */
export function keepReading(core: Core): void {
  core.meter.keep();
  core.toServer(core.meter.keptTables ? KEEP_TABLES : KEEP);
  core.expect.push({ kind: CLOSE, audience: "nobody" });
  core.expect.push({ kind: PARSE, audience: "nobody", keeps: true });
  core.expect.push({ kind: SYNC, audience: "nobody" });
  core.flushed = true;
}

/** A transaction of ours between two of the client's: what earlier ones left in the server's counts goes. */
export function flushCounts(core: Core): void {
  core.meter.stale = false;
  runInBatch(core, FLUSH_COUNTS_SQL);
  core.toServer(SYNC_FRAME);
  core.expect.push({ kind: SYNC, audience: "nobody" });
  core.flushed = true;
}

/** BEGIN or COMMIT of ours inside a batch of the client's. */
export function runInBatch(core: Core, sql: string): void {
  let messages = texts.get(sql);
  if (messages === undefined) {
    messages = { bytes: statement(sql), expects: FIVE.map((kind) => ({ kind, audience: "nobody" })) };
    texts.set(sql, messages);
  }
  send(core, messages);
}
