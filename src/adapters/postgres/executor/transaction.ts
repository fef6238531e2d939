/**
 * One act inside one transaction of the executor: begun under its limits, sent, read.
 * It neither commits nor rolls back; whoever tries or runs the act does.
 */
import { ident } from "../../../base/sql-text.ts";
import type { StatementSummary } from "../../../model/decision.ts";
import type { TableCount } from "../../../model/outcome.ts";
import { meterSql, tablesOf } from "../session/meter-sql.ts";
import { type ActAnswer, actAnswer, actFrames } from "./act-frames.ts";
import type { Connection } from "./open-connection.ts";
import type { ExecutorAct } from "./port.ts";

export interface TransactionLimits {
  /** Waiting for one lock, in milliseconds. */
  readonly lockMs: number;
  /** One statement, in milliseconds. */
  readonly statementMs: number;
  /** Between two messages of ours: the server ends a transaction that we have forgotten. */
  readonly idleMs: number;
}

export interface Begun {
  /** As `pg_current_xact_id` gives it: with its epoch, so that it never comes again. */
  readonly transaction: string;
  /** The same as rows carry it. */
  readonly xid: string;
  /** Schemas of the act that this login may not use, or that are not there: names would mean something else. */
  readonly missing: readonly string[];
}

/** A dollar-quoted literal reads the same whatever stands in it. */
export function quoted(text: string): string {
  let tag = "v";
  while (text.includes(`$${tag}`)) tag += "v";
  return `$${tag}$${text}$${tag}$`;
}

/** The schemas that the act's names were resolved in; its session's temporary schema is no other session's. */
export function pathOf({ context }: ExecutorAct): readonly string[] {
  return context.searchPath.filter((schema) => !schema.startsWith("pg_temp"));
}

function configured(settings: Readonly<Record<string, string>>, local: boolean): string {
  return Object.entries(settings)
    .map(([name, value]) => `pg_catalog.set_config('${name}', ${quoted(value)}, ${local})`)
    .join(", ");
}

function settingsOf(act: ExecutorAct, { lockMs, statementMs, idleMs }: TransactionLimits): Readonly<Record<string, string>> {
  return {
    lock_timeout: String(lockMs),
    statement_timeout: String(statementMs),
    idle_in_transaction_session_timeout: String(idleMs),
    search_path: pathOf(act).map(ident).join(", ") || '""',
  };
}

/** Rejects with `ServerRefused`, in a transaction that has failed, or `ConnectionLost`. */
export async function begin(
  { client }: Connection,
  act: ExecutorAct,
  limits: TransactionLimits,
  actAs: string | undefined,
): Promise<Begun> {
  const role = actAs === undefined ? "" : `SET LOCAL ROLE ${ident(actAs)};`;
  const [row] = await client.rows(
    `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${role} SELECT ${configured(settingsOf(act, limits), true)};
     SELECT pg_catalog.pg_current_xact_id(), CAST(pg_catalog.pg_current_xact_id() AS pg_catalog.xid),
      pg_catalog.array_to_json(pg_catalog.current_schemas(false))`,
  );
  const [transaction, xid, schemas] = row ?? [];
  const there: readonly string[] = JSON.parse(schemas ?? "[]");
  return { transaction: transaction ?? "", xid: xid ?? "", missing: pathOf(act).filter((schema) => !there.includes(schema)) };
}

/** The same limits and names for what cannot run in a transaction. */
export async function prepareOutside(
  { client }: Connection,
  act: ExecutorAct,
  limits: TransactionLimits,
  actAs: string | undefined,
): Promise<void> {
  const role = actAs === undefined ? "" : `SET ROLE ${ident(actAs)};`;
  await client.rows(`${role} SELECT ${configured(settingsOf(act, limits), false)}`);
}

/** Sends the act's own bytes. Rejects with `ConnectionLost`. */
export async function send({ client }: Connection, act: ExecutorAct): Promise<ActAnswer> {
  return actAnswer(await client.exchange(actFrames(act.message)));
}

export const IN_TRANSACTION = 0x54;

/**
 * What the transaction did to each table. Constraints and triggers that wait for COMMIT are made to run first, because their cascades count
 * too; after that names are the server's own again. Rejects with `ServerRefused` when one of them, or the reading, fails.
 */
export async function settleAndCount({ client }: Connection): Promise<readonly TableCount[]> {
  await client.rows("SET CONSTRAINTS ALL IMMEDIATE");
  await client.rows("SET LOCAL search_path = pg_catalog, pg_temp");
  const [row] = await client.rows(meterSql({ total: Infinity, sinceLast: Infinity, carried: 0 }));
  return tablesOf(row?.[1] ?? null);
}

/** The transaction that is open now. */
export async function currentTransaction({ client }: Connection): Promise<string | null> {
  const [row] = await client.rows("SELECT pg_catalog.pg_current_xact_id_if_assigned()");
  return row?.[0] ?? null;
}

/** Parts are statements; a text of comments alone is none. */
export function partsOf({ parts }: ActAnswer, statements: readonly StatementSummary[]): readonly (number | null)[] {
  return statements.length === 0 ? [] : parts;
}
