/**
 * What an act looks at, or could be made to tell of, by its effects: relations and functions that whoever asks must have rights to.
 * It asks no server.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import type { Cause, Effect } from "../../../model/effect.ts";

export interface LookedAt {
  /** Names without quotes, as effects have them. */
  readonly relations: readonly string[];
  /** Of an index that is made: its table's name, with the index's own behind a blank where it has one. */
  readonly indexes: readonly string[];
  /** Tables that get values: their foreign keys tell whether those are taken in another table. */
  readonly written: readonly string[];
  readonly functions: readonly string[];
  /** Why its trial would tell too much, whatever the names are. */
  readonly never: string | undefined;
}

const RELATIONS: ReadonlySet<string> = new Set(["table", "view", "foreign_table", "catalogue", "sequence"]);
/** A definition tells too: a new constraint or index fails by what is in the rows. */
const LOOKED_AT: ReadonlySet<string> = new Set(["read", "create", "update", "delete", "define"]);
/** What a cascade reaches is the owner's doing, and not the writer's choice. What a view shows may depend on its reader. */
const CHOSEN: ReadonlySet<Cause> = new Set(["direct", "function", "rule", "view", "default"]);
const AS_A_WHOLE: ReadonlySet<string> = new Set(["truncate", "drop"]);
/** Names and code that mean something else to what stands behind them in the same act, where the catalogue of before cannot tell. */
const NEW_MEANING: ReadonlySet<string> = new Set([
  "create_view",
  "replace_view",
  "replace_function",
  "stored_call",
  "stored_change",
  "create_trigger",
  "alter_trigger",
  "create_rule",
  "alter_rename",
  "alter_set_schema",
]);

export function lookedAt(statements: readonly StatementSummary[]): LookedAt {
  const effects = statements.flatMap((statement) => statement.effects);
  const names = (which: (effect: Effect) => boolean) => [...new Set(effects.filter(which).map(({ resource }) => resource.name))];
  return {
    relations: names(looks),
    indexes: names(({ detail }) => detail === "create_index"),
    written: names((effect) => looks(effect) && (effect.operation === "create" || effect.operation === "update")),
    functions: names(({ detail, resource, cause }) => detail === "call" && resource.type === "function" && CHOSEN.has(cause)),
    never: neverTold(effects),
  };
}

function looks({ operation, resource, cause, detail }: Effect): boolean {
  if (!RELATIONS.has(resource.type) || !LOOKED_AT.has(operation)) return false;
  // Who may add rows is given their numbers.
  if (resource.type === "sequence" && cause === "default") return false;
  if (CHOSEN.has(cause) || AS_A_WHOLE.has(detail)) return true;
  // A log that a trigger writes tells nothing; what it looks for or changes by the values of the act does.
  return cause === "trigger" && operation !== "create";
}

function neverTold(effects: readonly Effect[]): string | undefined {
  for (const { operation, detail, resource } of effects) {
    if (resource.type === "large_object" && operation === "read") return "it reads large objects";
    if (detail === "alter_inherit") return "it makes one table a part of another";
    if (resource.type === "type" && operation === "define" && detail !== "create_type" && detail !== "comment")
      return `it changes type \`${resource.name}\`, which rows of any table may have`;
  }
  const renewed = effects.find(({ detail }) => NEW_MEANING.has(detail));
  if (renewed === undefined || !effects.some(touchesRows)) return undefined;
  return `it gives \`${renewed.resource.name}\` another meaning and uses rows in the same text`;
}

function touchesRows({ operation, resource, detail }: Effect): boolean {
  return operation !== "define" && !detail.startsWith("alter") && !AS_A_WHOLE.has(detail) && RELATIONS.has(resource.type);
}
