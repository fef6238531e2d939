/**
 * What one judged statement means to the adapter: transaction control, whether anything durable can change, what it leaves behind.
 * It derives all of it from the statement and its effects, and judges nothing anew.
 */
import type { StatementSummary, TransactionControl } from "../../model/decision.ts";
import type { Effect } from "../../model/effect.ts";
import { NO_SUCH_RELATION } from "./engine.ts";
import { isDefinition, isImmediate, tagOf } from "./tags.ts";
import { flag, tagged, text, type Fields } from "./tree.ts";

/** Execute-effects that leave nothing durable behind. */
const PASSING: ReadonlySet<string> = new Set([
  "set",
  "set_context",
  "set_pinned",
  "set_limited",
  "set_role",
  "set_session_authorization",
  "set_read_only",
  "set_read_write",
  "set_transaction",
  "discard",
  "transaction",
  "prepare",
  "deallocate",
  "cursor",
  "listen",
  "lock_table",
  "advisory_lock",
  "sleep",
  "call",
]);

/** What the grammar calls each kind of transaction statement. */
export const transactionControls: Readonly<Record<string, TransactionControl>> = {
  TRANS_STMT_BEGIN: "begin",
  TRANS_STMT_START: "begin",
  TRANS_STMT_COMMIT: "commit",
  TRANS_STMT_ROLLBACK: "rollback",
  TRANS_STMT_SAVEPOINT: "savepoint",
  TRANS_STMT_RELEASE: "release",
  TRANS_STMT_ROLLBACK_TO: "rollback_to",
  TRANS_STMT_PREPARE: "prepare_transaction",
  TRANS_STMT_COMMIT_PREPARED: "commit_prepared",
  TRANS_STMT_ROLLBACK_PREPARED: "rollback_prepared",
};

const CHANGES_CONTEXT: ReadonlySet<string> = new Set([
  "set_context",
  "set_role",
  "set_session_authorization",
  "discard",
  "create_temporary",
  "create_schema",
  "drop_owned",
  "unknown",
  "unknown_function",
  "dynamic_sql",
]);

const DEFINING: ReadonlySet<string> = new Set([
  "drop",
  "alter_drop_column",
  "drop_owned",
  "create_policy",
  "alter_policy",
  "drop_policy",
  "row_security_on",
  "row_security_off",
  "alter_owner",
]);

/** `tag` and `fields` are the statement's node. */
export function summarise(tag: string, fields: Fields, effects: readonly Effect[], span: StatementSummary["span"]): StatementSummary {
  const named = tagOf(tag, fields);
  const prepared = preparedOf(tag, fields);
  const control = tag === "TransactionStmt" ? (transactionControls[text(fields, "kind")] ?? "none") : "none";
  const copy =
    tag === "CopyStmt" && text(fields, "filename") === "" ? (flag(fields, "is_from") ? ("in" as const) : ("out" as const)) : undefined;
  const absent = absentRelations(effects);
  const delays = callsLater(named, effects);
  return {
    tag: named,
    effects,
    span,
    ...(absent.length === 0 ? {} : { absent }),
    readOnly: effects.every(leavesNothing),
    transaction: control,
    // Back at a savepoint, settings and definitions are what they were there.
    changesContext: control === "rollback_to" || delays || effects.some(changesContext),
    definesObjects: isDefinition(named) || effects.some(definesObjects),
    immediate: isImmediate(tag, fields),
    ...(prepared === undefined ? {} : { prepared }),
    ...(["savepoint", "release", "rollback_to"].includes(control) ? { savepoint: text(fields, "savepoint_name") } : {}),
    ...(copy === undefined ? {} : { copy }),
    ...(delays ? { delays: true as const } : {}),
  };
}

/** Written names of relations that do not exist, when that is all that is unknown. */
function absentRelations(effects: readonly Effect[]): readonly string[] {
  const unknown = effects.filter(({ operation }) => operation === "unknown");
  const absent = unknown.filter(({ because }) => because === NO_SUCH_RELATION);
  return absent.length === unknown.length ? absent.map(({ resource }) => resource.name) : [];
}

function leavesNothing(effect: Effect): boolean {
  if (effect.operation === "read") return effect.resource.type !== "file";
  return (effect.operation === "execute" && PASSING.has(effect.detail)) || effect.detail === "select_for_update";
}

/** Functions of the users' own, whose bodies are read when they run: by an open cursor, or by a trigger that may wait for COMMIT. */
function callsLater(tag: string, effects: readonly Effect[]): boolean {
  return effects.some(({ detail, resource }) => detail === "call" && (tag === "DECLARE CURSOR" || resource.type === "trigger"));
}

function changesContext(effect: Effect): boolean {
  if (CHANGES_CONTEXT.has(effect.detail)) return true;
  if (effect.operation === "define" && effect.resource.name.startsWith("pg_temp.")) return true;
  return effect.detail === "drop" && (effect.resource.type === "schema" || effect.resource.name.startsWith("pg_temp."));
}

function definesObjects(effect: Effect): boolean {
  if (effect.operation === "unknown") return effect.detail !== "unknown_relation";
  if (effect.operation === "define")
    return effect.resource.type !== "setting" && !effect.detail.startsWith("stored_") && effect.detail !== "rewrite";
  return DEFINING.has(effect.detail);
}

function preparedOf(tag: string, fields: Fields): StatementSummary["prepared"] {
  switch (tag) {
    case "PrepareStmt":
      return { kind: "prepare", name: text(fields, "name") };
    case "ExecuteStmt":
      return { kind: "execute", name: text(fields, "name") };
    case "ExplainStmt":
    case "CreateTableAsStmt": {
      // EXPLAIN ANALYZE EXECUTE and CREATE TABLE AS EXECUTE run what was prepared.
      const inner = tagged(fields["query"]);
      return inner === undefined ? undefined : preparedOf(inner.tag, inner.fields);
    }
    case "DeallocateStmt":
      return { kind: "deallocate", name: flag(fields, "isall") ? null : text(fields, "name") };
    default:
      return undefined;
  }
}
