/**
 * Which statements the bin can take the place of: those that remove things, do nothing else, and say in their text all that they remove.
 * It does not decide whether they may, and the server that moves the things may still refuse one by name.
 */
import type { StatementSummary } from "./decision.ts";
import type { Effect } from "./effect.ts";

/** Command tags, as the server answers them, of what `recovery/bin` can keep. */
const TAGS: ReadonlySet<string> = new Set([
  "DROP TABLE",
  "DROP FOREIGN TABLE",
  "DROP VIEW",
  "DROP MATERIALIZED VIEW",
  "DROP SEQUENCE",
  "DROP FUNCTION",
  "DROP PROCEDURE",
  "DROP AGGREGATE",
  "DROP ROUTINE",
  "DROP TYPE",
  "DROP DOMAIN",
  "DROP SCHEMA",
  "DROP INDEX",
  "DROP TRIGGER",
  "DROP RULE",
  "DROP DATABASE",
  "TRUNCATE TABLE",
  "ALTER TABLE",
]);

const REMOVING: ReadonlySet<string> = new Set(["drop", "truncate", "alter_drop_column"]);

/** Whether an effect takes something away that a bin could hold. */
export function removes({ operation, detail }: Effect): boolean {
  return operation === "delete" && REMOVING.has(detail);
}

/**
 * The bin runs the text with the rights of the tables' owner: a statement that would do anything besides removing (a trigger that writes,
 * an ALTER TABLE that also adds) is not for it, and neither is a temporary table, which only its own session sees.
 */
export function binnable({ tag, effects, transaction, immediate }: StatementSummary): boolean {
  if (!TAGS.has(tag) || transaction !== "none" || (immediate && tag !== "DROP DATABASE")) return false;
  return effects.some(takesAway) && effects.every((effect) => fits(effect, tag) && !effect.resource.name.startsWith("pg_temp."));
}

function fits(effect: Effect, tag: string): boolean {
  // What TRUNCATE ... RESTART IDENTITY does besides: the sequences that belong to the table's columns start anew.
  if (tag === "TRUNCATE TABLE" && effect.detail === "sequence_set") return true;
  return takesAway(effect);
}

/** A schema that comes or goes moves no name to another object that was there. */
const MOVING: ReadonlySet<string> = new Set([
  "set_context",
  "set_role",
  "set_session_authorization",
  "discard",
  "unknown",
  "unknown_function",
  "dynamic_sql",
]);

/** Whether names in a statement after it may mean something else: a call of the bin holds the schemas as they were judged. */
export function movesNames({ effects }: StatementSummary): boolean {
  return effects.some(({ detail }) => MOVING.has(detail));
}

/** A constraint besides: nothing is lost with it that a person would have to be asked about, and it comes back with the rest. */
function takesAway(effect: Effect): boolean {
  return removes(effect) || effect.detail === "alter_drop_constraint";
}
