/**
 * Whether the server keeps images of the rows that a change leaves, as the catalogue shows it: by the triggers that provisioning made,
 * and for the logins that they are for. It says nothing of how long they are kept.
 */
import { literal } from "../../base/sql-text.ts";
import type { Relation } from "../../catalogue/types.ts";
import { sessionRolePrefix } from "../../model/session-role.ts";
import { keepFunctions, undoSchema } from "../../model/undo-journal.ts";
import type { Place, WriteKind } from "./engine.ts";

/** `relation` is the one that the statement, or what follows from it, names: of a partitioned table the parent. */
export function isUndoable(kind: WriteKind, relation: Relation, at: Pick<Place, "catalogue" | "role">): boolean {
  // What becomes of a view's tables is told of each of them.
  if (relation.kind === "view") return kind !== "truncate";
  const events = eventsOf(kind, relation);
  return events.every((event) => relation.triggers.some((trigger) => trigger.events.includes(event) && keeps(trigger, at)));
}

/** A row whose key changes moves: the triggers of a partitioned table tell it as an update, or as what it is made of. */
function eventsOf(kind: WriteKind, relation: Relation): readonly WriteKind[] {
  return kind === "update" && relation.kind === "partitioned_table" ? ["update", "delete", "insert"] : [kind];
}

function keeps(
  { functionOid, enabled, timing, when }: Relation["triggers"][number],
  { catalogue, role }: Pick<Place, "catalogue" | "role">,
): boolean {
  const fn = catalogue.functionByOid(functionOid);
  if (fn?.schema !== undoSchema || !keepFunctions.has(fn.name) || timing !== "after") return false;
  if (enabled !== "always" && enabled !== "origin") return false;
  return when === null || isAgent(role, when);
}

/**
 * Roles of single sessions, and the groups whose names stand for theirs; else the login is named in the trigger's condition. Under another
 * role than the login's nobody knows it by its name, and nothing is claimed.
 */
function isAgent(login: string, when: string): boolean {
  return (
    login.startsWith(sessionRolePrefix) || /^holdfast_.+_(reader|writer_?|owner_executor)/.test(login) || when.includes(literal(login))
  );
}
