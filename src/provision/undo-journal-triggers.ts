/**
 * Which triggers of the journal a table lacks, and which it has too many. Pure.
 * It knows nothing of who may make them.
 */
import { type KeepTrigger, keepTriggers } from "./undo-journal-sql.ts";
import type { JournalTable } from "./undo-journal-state.ts";

/** Whose changes are kept, and of which tables. */
export interface KeepRequest {
  /** Logins of agents beside the session roles. */
  readonly logins: readonly string[];
  /** Tables as `schema.name` whose changes are not kept. */
  readonly exclude: readonly string[];
}

export interface KeepChanges {
  readonly drop: readonly string[];
  readonly create: readonly KeepTrigger[];
  /** To be switched on whatever session_replication_role is. */
  readonly always: readonly string[];
}

/** `null` where everything is as it should be. `wanted` is `null` where nothing is to be kept. */
export function triggerChanges(table: JournalTable, wanted: KeepRequest | null): KeepChanges | null {
  const kept = wanted !== null && !wanted.exclude.includes(`${table.schema}.${table.name}`);
  const want = kept ? keepTriggers(table, wanted.logins) : [];
  const names = new Set(want.map(({ name }) => name));
  const there = new Map(table.triggers.map(({ name, always }) => [name, always]));
  const drop = table.triggers.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  const create = want.filter(({ name }) => !there.has(name));
  const always = want.filter(({ name }) => there.get(name) !== true).map(({ name }) => name);
  return drop.length + always.length === 0 ? null : { drop, create, always };
}
