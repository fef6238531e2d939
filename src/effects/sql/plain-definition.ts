/**
 * Whether a statement that was walked defines what its text says and nothing besides, so that the catalogue can be kept by the text.
 * It does not apply the text; who asks has done so.
 */
import type { Node } from "@pgsql/types";
import { tellsAll } from "../../catalogue/ddl/tells-all.ts";
import type { Effect } from "../../model/effect.ts";
import type { Place } from "./engine.ts";

/** `stmt` is the statement's node, `effects` what it would do. */
export function isPlainDefinition(stmt: unknown, effects: readonly Effect[], { catalogue }: Place): boolean {
  if (typeof stmt !== "object" || stmt === null || !tellsAll(stmt as Node)) return false;
  // What an event trigger does beside is its own affair.
  if (catalogue.lists.eventTriggers.some(({ enabled }) => enabled)) return false;
  return effects.every(saidInTheText);
}

function saidInTheText({ operation, cause, resource, detail }: Effect): boolean {
  if (operation === "unknown" || resource.name.startsWith("pg_temp.") || detail === "create_temporary") return false;
  return cause === "direct" || (operation !== "define" && operation !== "grant" && detail !== "drop");
}
