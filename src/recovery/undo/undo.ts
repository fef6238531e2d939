/**
 * Takes kept transactions back on a connection that is handed in: all of it on trial, rolled back, for the plan; once more, and committed,
 * for the undo. Nothing is taken back that is not there as the acts left it.
 * It knows no acts, sessions or persons; whoever calls it has the right to.
 */
import type { UndoConflict, UndoTable } from "../../model/recovery.ts";
import type { AdminClient } from "../../provision/sql.ts";
import { applyRows } from "./apply.ts";
import { Conflicts, laterTransactions, type MayShow } from "./conflicts.ts";
import { findRows } from "./find.ts";
import { foreignKeyConflicts, referencedBefore } from "./foreign-keys.ts";
import { type GroundLimits, type Ground, lockTables, silence, takeGround } from "./ground.ts";
import { makeWork, netImages } from "./net.ts";
import { readForeignKeys, readShapes, type Shapes } from "./read-shapes.ts";
import type { ForeignKey, Shape } from "./shape.ts";
import { countTables, demandBack, demandNothingElse, digestSql } from "./verify.ts";

export interface UndoWanted {
  /** The server's 64-bit ids of committed transactions. */
  readonly transactions: readonly string[];
  readonly limits: GroundLimits;
  /** The role whose rights it takes inside its transaction; absent where the login's own are meant. */
  readonly actAs?: string;
  readonly mayShow: MayShow;
}

/** What the undo does, or would do with conflicting rows left as they are. */
export interface UndoFound {
  readonly tables: readonly UndoTable[];
  readonly conflicts: readonly UndoConflict[];
  /** Kept transactions that changed the same rows later: undone along, they are no conflict. */
  readonly later: readonly string[];
  /** Rows that stay as they are because of conflicts. */
  readonly skipped: number;
  /** Of everything that is told and of every row. */
  readonly digest: string;
}

export type UndoEnd =
  | { readonly kind: "done"; readonly found: UndoFound; readonly transaction: string }
  /** It would do other than what was shown; rolled back. */
  | { readonly kind: "stale"; readonly found: UndoFound }
  /** There are conflicts, and they are not to be left out; rolled back. */
  | { readonly kind: "conflicts"; readonly found: UndoFound }
  /** The connection was lost after COMMIT was sent. */
  | { readonly kind: "unknown"; readonly found: UndoFound; readonly transaction: string; readonly because: string };

/** It is refused as a whole, and nothing was changed. */
export class UndoRefused extends Error {
  override readonly name = "UndoRefused";
}

/** Everything but the COMMIT. Rejects with {@link UndoRefused}, or the server's own error. */
export async function planUndo(client: AdminClient, wanted: UndoWanted): Promise<UndoFound> {
  await client.query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
  try {
    return (await inTransaction(client, wanted)).found;
  } finally {
    await client.query("ROLLBACK").catch(() => undefined);
  }
}

export interface UndoApproved {
  /** Whether it is what was shown to the person. */
  readonly fits: (found: UndoFound) => boolean;
  readonly skipConflicts: boolean;
  /** Called with the undo's own transaction before anything can become durable; nothing does when it rejects. */
  readonly begin: (transaction: string, found: UndoFound) => Promise<void>;
}

export async function carryOutUndo(client: AdminClient, wanted: UndoWanted, approved: UndoApproved): Promise<UndoEnd> {
  await client.query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
  try {
    const { found, ground } = await inTransaction(client, wanted);
    if (!approved.fits(found)) return { kind: "stale", found };
    if (found.conflicts.length > 0 && !approved.skipConflicts) return { kind: "conflicts", found };
    await ground.leave();
    const { rows } = await client.query("SELECT pg_catalog.pg_current_xact_id()::text AS id");
    const transaction = (rows as readonly { id: string }[])[0]?.id ?? "";
    await approved.begin(transaction, found);
    return await committed(client, found, transaction);
  } finally {
    await client.query("ROLLBACK").catch(() => undefined);
  }
}

async function committed(client: AdminClient, found: UndoFound, transaction: string): Promise<UndoEnd> {
  try {
    await client.query("COMMIT");
    return { kind: "done", found, transaction };
  } catch (error) {
    // With a code it is the server's answer: it has rolled back.
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("57") && !code.startsWith("08")) throw error;
    return { kind: "unknown", found, transaction, because: String(message) };
  }
}

async function inTransaction(client: AdminClient, wanted: UndoWanted): Promise<{ found: UndoFound; ground: Ground }> {
  const { transactions, limits, actAs, mayShow } = wanted;
  const replica = await takeGround(client, limits, actAs);
  await lockTables(client, transactions);
  // Only what is read now, with the tables locked, stays so.
  const now = await readShapes(client, transactions);
  demandKept(now);
  const conflicts = new Conflicts();
  const binned = (shape: Shape) => /^"?holdfast_bin/.test(shape.name);
  for (const { relation, images } of now.gone)
    conflicts.tables.push({
      table: `table ${relation}`,
      kind: "table_changed",
      because: `it is not there any more: ${images} kept rows of it`,
    });
  for (const { shown } of now.shapes.filter(binned))
    conflicts.tables.push({
      table: shown,
      kind: "table_changed",
      because: "it rests in the bin: bring it back first, see `holdfast bin list`",
    });
  const there = now.shapes.filter((shape) => !binned(shape));
  const { keys, periods } = await readForeignKeys(client, there);
  // Only the server itself can hold rows against a foreign key over periods.
  if (replica && periods) await client.query("SET LOCAL session_replication_role = origin");
  const ground = await silence(client, there, keys, replica && !periods);
  const shapes = await netted(client, there, transactions, conflicts);
  await conflicts.mark(client, await findRows(client, shapes), shapes, keys);
  const later = conflicts.size === 0 ? [] : await laterTransactions(client, shapes, transactions);
  await putBack(client, { shapes, keys, ground, conflicts });
  const told = await conflicts.told(client, shapes, mayShow);
  const { tables, skipped } = await countTables(client, shapes);
  const digest = await digestSql(client, { transactions, tables, conflicts: told });
  return { found: { tables, conflicts: told, later, skipped, digest }, ground };
}

function demandKept({ shapes, gone, foreign }: Shapes): void {
  if (shapes.length + gone.length === 0)
    throw new UndoRefused("no row images of that are kept: it changed no kept rows, or they were swept");
  const [first] = foreign;
  if (first === undefined) return;
  const { shown, owner } = first;
  throw new UndoRefused(`\`${shown}\` belongs to \`${owner}\`, for whom Holdfast's role may not act: provision the target as one that may`);
}

/** A table whose kept rows cannot be read as rows of today is a conflict as a whole. */
async function netted(
  client: AdminClient,
  shapes: readonly Shape[],
  transactions: readonly string[],
  conflicts: Conflicts,
): Promise<readonly Shape[]> {
  await makeWork(client);
  await client.query("SAVEPOINT holdfast_net");
  try {
    for (const shape of shapes) await netImages(client, shape, transactions);
    return shapes;
  } catch (error) {
    demandUnread(error);
    await client.query("ROLLBACK TO SAVEPOINT holdfast_net");
  }
  const kept: Shape[] = [];
  for (const shape of shapes) {
    await client.query("SAVEPOINT holdfast_net");
    try {
      await netImages(client, shape, transactions);
      kept.push(shape);
    } catch (error) {
      const { code, message } = demandUnread(error);
      await client.query("ROLLBACK TO SAVEPOINT holdfast_net");
      const kind = code.startsWith("23") ? "not_allowed" : "table_changed";
      const why = code.startsWith("22") ? "a column's type is another one now" : message;
      conflicts.tables.push({ table: shape.shown, kind, because: `the kept rows are no rows of it any more: ${why}` });
    }
  }
  return kept;
}

/** The server's word that a text is no row of a table; anything else is thrown again. */
function demandUnread(error: unknown): { readonly code: string; readonly message: string } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== "string" || !/^(22|23|42)/.test(code)) throw error;
  return { code, message: String(message) };
}

interface PuttingBack {
  readonly shapes: readonly Shape[];
  readonly keys: readonly ForeignKey[];
  readonly ground: Ground;
  readonly conflicts: Conflicts;
}

/** Each round leaves out what the one before could not put back. */
const ROUNDS_MAX = 50;

async function putBack(client: AdminClient, { shapes, keys, ground, conflicts }: PuttingBack): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    await client.query("SAVEPOINT holdfast_round");
    const held = ground.replica ? [] : await referencedBefore(client, shapes, keys);
    const verify = async () => {
      const hanging = await foreignKeyConflicts(client, shapes, keys);
      if (hanging.length > 0) return hanging;
      // Deferred constraints speak now, and not when everything is thought to be done.
      if (!ground.replica) await client.query("SET CONSTRAINTS ALL IMMEDIATE");
      await demandBack(client, shapes);
      if (!ground.replica) await demandNothingElse(client, shapes);
      return [];
    };
    const found = held.length > 0 ? held : await applyRows(client, { shapes, keys, replica: ground.replica, verify });
    if (found.length === 0) return;
    await client.query("ROLLBACK TO SAVEPOINT holdfast_round");
    await conflicts.mark(client, found, shapes, keys);
  }
  throw new UndoRefused("its conflicts hang together in too many ways to leave single rows out");
}
