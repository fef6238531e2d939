/**
 * What is looked into on a scratch server: its tables and indexes themselves, their figures against those that are known, and the
 * questions that people wrote down. Each is a check that passed or did not; nothing here ends the drill.
 */
import { counted } from "../../base/counted.ts";
import { messageOf } from "../../base/message-of.ts";
import type { DrillCheck, TableRows } from "../../model/recovery.ts";
import { type AdminClient, literal } from "../../provision/sql.ts";
import { type TableFigures, tableFigures } from "./figures.ts";

/** A question and the answer that is due: the first column of the first row, as text. */
export interface OwnCheck {
  readonly name: string;
  readonly sql: string;
  readonly expect: string;
}

/** Heap and btree indexes of each table, with every row looked up in its indexes. Installs the extension in the scratch server. */
export async function structureChecks(client: AdminClient, tables: readonly string[]): Promise<readonly DrillCheck[]> {
  const name = "amcheck";
  try {
    await client.query("CREATE EXTENSION IF NOT EXISTS amcheck");
  } catch (error) {
    return [
      { name, passed: false, because: `the extension \`amcheck\` is needed here, of the server's contrib package: ${messageOf(error)}` },
    ];
  }
  const checks: DrillCheck[] = [];
  for (const table of tables) {
    const problem = await structureProblem(client, table);
    if (problem !== undefined) checks.push({ name: `amcheck ${table}`, passed: false, because: problem });
  }
  const because = `${tables.length} tables with their indexes are whole`;
  return checks.length > 0 ? checks : [{ name, passed: true, because }];
}

async function structureProblem(client: AdminClient, table: string): Promise<string | undefined> {
  try {
    const schema = await extensionSchema(client);
    const heap = (await client.query(
      `SELECT blkno, offnum, msg FROM ${schema}.verify_heapam(${literal(table)}::regclass, on_error_stop := true)`,
    )) as { readonly rows: readonly { blkno: string; msg: string }[] };
    const [first] = heap.rows;
    if (first !== undefined) return `block ${first.blkno}: ${first.msg}`;
    await client.query(
      `SELECT ${schema}.bt_index_check(i.indexrelid, true) FROM pg_catalog.pg_index i
       JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am a ON a.oid = c.relam
       WHERE i.indrelid = ${literal(table)}::regclass AND a.amname = 'btree' AND i.indisvalid`,
    );
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function extensionSchema(client: AdminClient): Promise<string> {
  const text =
    "SELECT pg_catalog.quote_ident(n.nspname) AS name FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'";
  const [row] = (await client.query(text)).rows as readonly { name: string }[];
  return row?.name ?? "public";
}

export interface KnownFigures {
  /** Of the living server at the very point that was replayed to: they must be the same. */
  readonly exact: readonly TableFigures[];
  /** Of earlier drills: a table that held rows then and holds none now is asked about. */
  readonly earlier: readonly TableRows[];
}

/** Of each of `tables`, with the figures for the record. */
export async function rowChecks(
  client: AdminClient,
  database: string,
  tables: readonly string[],
  { exact, earlier }: KnownFigures,
  statementMs: number,
): Promise<readonly DrillCheck[]> {
  const found = await tableFigures(client, database, tables, statementMs);
  return tables.map((table, index) => {
    const name = `rows ${table}`;
    const now = found[index];
    if (now === null || now === undefined) return { name, passed: false, because: "the table is not there, or cannot be read" };
    const figures = { database, table, rows: now.rows };
    const due = exact.find((each) => each.table === table && each.database === database);
    if (due !== undefined && due.digest !== now.digest)
      return {
        name,
        passed: false,
        because: `${counted(now.rows, "row")} came back, and the server held ${counted(due.rows, "row")} other than these`,
        figures: now,
      };
    const once = earlier.find((each) => each.table === table && each.database === database);
    if (due === undefined && now.rows === 0 && once !== undefined && once.rows > 0)
      return { name, passed: false, because: `it is empty, and an earlier drill found ${counted(once.rows, "row")}`, figures };
    return {
      name,
      passed: true,
      because: `${counted(now.rows, "row")}${due === undefined ? "" : ", each as the server held it at that point"}`,
      figures: now,
    };
  });
}

/** Read-only, each in a transaction of its own. */
export async function ownChecks(client: AdminClient, checks: readonly OwnCheck[], statementMs: number): Promise<readonly DrillCheck[]> {
  const done: DrillCheck[] = [];
  for (const { name, sql, expect } of checks) {
    await client.query(`BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = ${Math.round(statementMs)}`);
    try {
      const [row] = (await client.query(sql)).rows as readonly Record<string, unknown>[];
      const answer = row === undefined ? "no row" : textOf(Object.values(row)[0]);
      const passed = answer === expect;
      // What the answer is may be data of theirs: it is said only where they wrote it down themselves.
      done.push({ name, passed, because: passed ? `it answers \`${expect}\`` : `it does not answer \`${expect}\`` });
    } catch (error) {
      done.push({ name, passed: false, because: messageOf(error) });
    } finally {
      await client.query("ROLLBACK").catch(() => undefined);
    }
  }
  return done;
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
