/**
 * What an effect is, in words for the agent: figures and resource names, "delete every row of `public.orders`".
 * It does not say whether that may be, and never uses the words of a rule.
 */
import { figure } from "../base/counted.ts";
import type { Effect, Extent, Operation } from "../model/effect.ts";
import { assertNever } from "../base/assert.ts";

/** A clause that fits after "would": verb, how much, of what, and how it is reached when the statement does not name it. */
export function describe(effect: Effect): string {
  return `${act(effect)}${by(effect)}`;
}

/** "`public.orders`" for what has a name of its own, "the file `/etc/x`" where the type must be said. */
function named(effect: Effect): string {
  const { type, name } = effect.resource;
  const plain = type === "table" || type === "view" || type === "foreign_table";
  return plain ? `\`${name}\`` : `${type.replaceAll("_", " ")} \`${name}\``;
}

function act(effect: Effect): string {
  const what = named(effect);
  const rows = effect.resource.type === "table" || effect.resource.type === "view" || effect.resource.type === "foreign_table";
  const phrase = PHRASES[effect.detail];
  if (phrase !== undefined) return `${phrase} ${what}`;
  if (rows && isRowOperation(effect.operation)) return `${effect.operation} ${quantity(effect.extent)} ${what}`;
  if (effect.operation === "create" && rows) return `insert ${rowCount(effect.extent)} into ${what}`;
  return `${verb(effect.operation)} ${what}${finer(effect)}`;
}

/** Where the detail says it better than the operation: words that stand before the resource. */
const PHRASES: Readonly<Record<string, string>> = {
  truncate: "empty",
  drop: "drop",
  drop_owned: "drop everything owned by",
  alter_drop_column: "drop a column of",
  select_for_update: "lock rows of",
  set: "change",
  set_context: "change",
  set_pinned: "change",
  set_limited: "change",
  set_stored: "change for later sessions",
  set_stored_pinned: "change for later sessions",
  alter_system: "change for the whole server",
  set_role: "act as",
  set_session_authorization: "act as",
  terminate_backend: "end the work of another session:",
  grant: "grant rights on",
  revoke: "revoke rights on",
  create_role: "create",
  alter_role: "alter",
  drop_role: "drop",
  alter_owner: "give away",
  copy_program: "run on the server's machine",
  load_library: "load into the server",
  remote: "reach another server through",
  sequence: "move",
  sequence_set: "set to another number",
  refresh: "refresh",
  notify: "send a notice to other sessions on",
  advisory_lock: "take",
  lock_table: "lock",
  destroy: "destroy",
  wipe: "empty",
  restore: "restore an older state of",
  disarm: "take away a protection of",
  exec: "run code by",
  credential: "show or change the secrets or rights of",
  transfer: "give away",
  publish: "open or shut to others",
  money: "move money by",
  outage: "interrupt or change",
  unpacked_host: "reach",
};

function isRowOperation(operation: Operation): operation is "read" | "update" | "delete" {
  return operation === "read" || operation === "update" || operation === "delete";
}

function quantity(extent: Extent): string {
  switch (extent.kind) {
    case "exact":
      return `${rowCount(extent)} of`;
    case "at_most":
      return `${rowCount(extent)} of`;
    case "unbounded":
      return "every row of";
    case "unknown":
      return "rows of";
    default:
      return assertNever(extent, "quantity");
  }
}

function rowCount(extent: Extent): string {
  switch (extent.kind) {
    case "exact":
      return extent.count === 1 ? "1 row" : `${figure(extent.count)} rows`;
    case "at_most":
      return extent.count === 1 ? "at most 1 row" : `at most ${figure(extent.count)} rows`;
    case "unbounded":
    case "unknown":
      return "rows";
    default:
      return assertNever(extent, "rowCount");
  }
}

function verb(operation: Operation): string {
  switch (operation) {
    case "read":
    case "create":
    case "update":
    case "delete":
      return operation;
    case "define":
      return "change the definition of";
    case "execute":
      return "run";
    case "grant":
      return "change the rights of";
    case "connect":
      return "connect to";
    case "unknown":
      return "do what is not known with";
    default:
      return assertNever(operation, "verb");
  }
}

/** The detail in brackets where it says more than the operation: "(set role)". */
function finer(effect: Effect): string {
  const words = effect.detail.replaceAll("_", " ");
  return words === "" || words === effect.operation || words === effect.resource.type ? "" : ` (${words})`;
}

function by({ cause, detail }: Effect): string {
  switch (cause) {
    case "direct":
      return "";
    case "cascade":
      return detail === "drop" ? " along with it" : " through a foreign key's cascade";
    case "trigger":
      return " through a trigger";
    case "function":
      return " inside a function that it calls";
    case "rule":
      return " through a rewrite rule";
    case "view":
      return " through a view";
    case "default":
      return " through a column's default";
    default:
      return assertNever(cause, "by");
  }
}
