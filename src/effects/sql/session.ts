/**
 * Statements and calls that change the session: SET in all its forms, set_config, roles, transactions, cursors, prepared statements.
 * It does not know the session's present values; what a later statement may rely on is tracked in script.ts.
 */
import { timeoutMs } from "../../base/timeout-text.ts";
import { emit, emitUnknown, UNCERTAIN, type Place } from "./engine.ts";
import { asksForPinned, settingMeaning } from "./settings.ts";
import { as, constantOf, list, text, type Fields } from "./tree.ts";

/**
 * SET, or set_config, of one setting. `values` are literals; `undefined` when they are only known at run time. `stored`: for later
 * sessions.
 */
export function emitSetting(name: string, values: readonly string[] | undefined, at: Place, forLater = false): void {
  const setting = name.toLowerCase();
  const [value] = values ?? [];
  const give = (detail: string, type: "setting" | "role" = "setting"): void =>
    emit(at, {
      operation: forLater ? "define" : "execute",
      resource: { type, name: type === "role" ? (value ?? "default") : setting },
      detail,
      reversibility: "reversible",
    });
  if (forLater) return give(settingMeaning(setting) === "harmless" ? "set_stored" : "set_stored_pinned");
  if (setting === "role") return give("set_role", "role");
  if (setting === "session_authorization") return give("set_session_authorization", "role");
  const agrees =
    isFreeTime(setting, at) ||
    (values?.length === 1 && value !== undefined && (asksForPinned(setting, value) || narrowsTime(setting, value, at)));
  if (setting === "transaction_read_only" || setting === "default_transaction_read_only")
    return give(agrees ? "set_read_only" : "set_read_write");
  switch (settingMeaning(setting)) {
    case "harmless":
      return give("set");
    case "context":
      return give("set_context");
    case "pinned":
      return give(agrees ? "set" : "set_pinned");
  }
}

/**
 * RESET, or SET to the default. Of the session's own login where the role is that: no more than DISCARD ALL does, and what pools send in
 * its place. A time limit is set again at once.
 */
function emitReset(setting: string, at: Place): void {
  const back = isOwn(at) && setting === "session_authorization" && at.own.roleAsAtLogin;
  const again = isOwn(at) && limitOf(setting, at) !== undefined;
  if (!back && !again) return emitSetting(setting, undefined, at);
  const type = back ? "session" : "setting";
  emit(at, { operation: "execute", resource: { type, name: setting }, detail: back ? "discard" : "set", reversibility: "reversible" });
}

/** A time limit that is kept in this session, set to no more than it is. Less than a millisecond is no limit to the server. */
function narrowsTime(setting: string, value: string, at: Place): boolean {
  const limit = isOwn(at) ? limitOf(setting, at) : undefined;
  const ms = timeoutMs(value);
  return limit !== undefined && ms !== undefined && ms >= 1 && ms <= limit;
}

/** A time limit that the policy does not keep: the session's own affair. */
function isFreeTime(setting: string, at: Place): boolean {
  return isOwn(at) && at.own.timeLimits !== undefined && TIME_LIMITS.has(setting) && limitOf(setting, at) === undefined;
}

/** The settings that the gateway can keep a limit for. */
const TIME_LIMITS: ReadonlySet<string> = new Set(["statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout"]);

function limitOf(setting: string, { own }: Place): number | undefined {
  return TIME_LIMITS.has(setting) ? own?.timeLimits?.[setting] : undefined;
}

/** A time limit that is kept in this session, set to anything else than {@link narrowsTime}; it is kept all the same. */
function widensTime(setting: string, values: readonly string[], at: Place): boolean {
  return isOwn(at) && limitOf(setting, at) !== undefined && values.length === 1 && !narrowsTime(setting, values[0] ?? "", at);
}

/** Not inside a function's body: there the role may be another, and what is found is kept for sessions with other limits. */
function isOwn(at: Place): at is Place & { readonly own: NonNullable<Place["own"]> } {
  return at.own !== undefined && at.cause === "direct" && at.expanding.length === 0;
}

export function emitUnknownSetting(at: Place): void {
  emitUnknown(at, "the setting's name is only known at run time", "set_config", "unknown", "setting");
}

/** The literals of `SET name = a, b`; a number or a word is written as the server reads it. */
export function settingValues(fields: Fields): readonly string[] {
  return list(fields, "args").map((arg) => {
    const constant = constantOf(arg) ?? constantOf(as(arg, "TypeCast")?.["arg"]);
    return constant === undefined || constant.value === null ? "" : String(constant.value);
  });
}

/** VariableSetStmt, also inside ALTER ROLE, ALTER DATABASE and CREATE FUNCTION. */
export function emitVariableSet(fields: Fields, at: Place, forLater = false): void {
  const name = text(fields, "name");
  switch (text(fields, "kind")) {
    case "VAR_SET_VALUE": {
      const [setting, values] = [name.toLowerCase(), settingValues(fields)];
      if (forLater || !widensTime(setting, values, at)) return emitSetting(name, values, at, forLater);
      return emit(at, {
        operation: "execute",
        resource: { type: "setting", name: setting },
        detail: "set_limited",
        reversibility: "reversible",
      });
    }
    case "VAR_SET_MULTI":
      return emitTransactionModes(list(fields, "args"), at);
    case "VAR_RESET_ALL":
      return emit(
        at,
        forLater
          ? { operation: "define", resource: { type: "setting", name: "all" }, detail: "set_stored_pinned", reversibility: "unknown" }
          : { operation: "execute", resource: { type: "session", name: "all settings" }, detail: "discard", reversibility: "reversible" },
      );
    case "VAR_SET_DEFAULT":
    case "VAR_RESET":
      return forLater ? emitSetting(name, undefined, at, true) : emitReset(name.toLowerCase(), at);
    case "VAR_SET_CURRENT":
      return emitSetting(name, undefined, at, forLater);
    default:
      emitUnknown(at, "a kind of SET that is not understood");
  }
}

/** READ WRITE widens, READ ONLY narrows, the rest is about isolation; SET TRANSACTION SNAPSHOT included. */
export function emitTransactionModes(options: readonly unknown[], at: Place): void {
  for (const option of options) {
    const element = as(option, "DefElem");
    const readOnly = element !== undefined && text(element, "defname") === "transaction_read_only";
    const on = readOnly && constantOf(element["arg"])?.value === 1;
    emit(at, {
      operation: "execute",
      resource: { type: "transaction", name: "transaction" },
      detail: readOnly ? (on ? "set_read_only" : "set_read_write") : "set_transaction",
      reversibility: "reversible",
    });
  }
}

type SessionVisitor = (fields: Fields, at: Place) => void;

const simple =
  (detail: string, type: "session" | "transaction" | "channel" | "statement", nameField: string): SessionVisitor =>
  (fields, at) =>
    emit(at, { operation: "execute", resource: { type, name: text(fields, nameField) || type }, detail, reversibility: "reversible" });

const TWO_PHASE = new Set(["TRANS_STMT_PREPARE", "TRANS_STMT_COMMIT_PREPARED", "TRANS_STMT_ROLLBACK_PREPARED"]);

/** Visitors of session statements by node type. */
export const sessionVisitors: ReadonlyMap<string, SessionVisitor> = new Map<string, SessionVisitor>([
  ["VariableSetStmt", (fields, at) => emitVariableSet(fields, at)],
  [
    "VariableShowStmt",
    (fields, at) =>
      emit(at, {
        operation: "read",
        resource: { type: "setting", name: text(fields, "name").toLowerCase() },
        detail: "show",
        reversibility: "reversible",
      }),
  ],
  [
    "DiscardStmt",
    (_fields, at) =>
      emit(at, { operation: "execute", resource: { type: "session", name: "session" }, detail: "discard", reversibility: "reversible" }),
  ],
  [
    "TransactionStmt",
    (fields, at) => {
      const twoPhase = TWO_PHASE.has(text(fields, "kind"));
      emit(at, {
        operation: "execute",
        resource: { type: "transaction", name: "transaction" },
        detail: twoPhase ? "two_phase" : "transaction",
        reversibility: twoPhase ? "unknown" : "reversible",
      });
      emitTransactionModes(list(fields, "options"), at);
    },
  ],
  [
    "ConstraintsSetStmt",
    (_fields, at) =>
      emit(at, {
        operation: "execute",
        resource: { type: "transaction", name: "constraints" },
        detail: "set_transaction",
        reversibility: "reversible",
      }),
  ],
  [
    "PrepareStmt",
    (fields, at) => {
      simple("prepare", "statement", "name")(fields, at);
      at.engine.statement(fields["query"], at);
      at.engine.nodes(fields["argtypes"], at);
    },
  ],
  [
    "ExecuteStmt",
    (fields, at) => {
      emit(at, {
        operation: "execute",
        resource: { type: "statement", name: text(fields, "name") },
        detail: "execute_prepared",
        extent: UNCERTAIN,
        reversibility: "unknown",
      });
      at.engine.nodes(fields["params"], at);
    },
  ],
  ["DeallocateStmt", simple("deallocate", "statement", "name")],
  [
    "DeclareCursorStmt",
    (fields, at) => {
      simple("cursor", "session", "portalname")(fields, at);
      at.engine.statement(fields["query"], at);
    },
  ],
  ["FetchStmt", simple("cursor", "session", "portalname")],
  ["ClosePortalStmt", simple("cursor", "session", "portalname")],
  ["ListenStmt", simple("listen", "channel", "conditionname")],
  ["UnlistenStmt", simple("listen", "channel", "conditionname")],
  [
    "NotifyStmt",
    (fields, at) =>
      emit(at, {
        operation: "execute",
        resource: { type: "channel", name: text(fields, "conditionname") },
        detail: "notify",
        reversibility: "irreversible",
      }),
  ],
  [
    "CheckPointStmt",
    (_fields, at) =>
      emit(at, { operation: "execute", resource: { type: "server", name: "server" }, detail: "checkpoint", reversibility: "irreversible" }),
  ],
  [
    "LoadStmt",
    (_fields, at) =>
      emit(at, {
        operation: "execute",
        resource: { type: "file", name: "library" },
        detail: "load_library",
        reversibility: "irreversible",
      }),
  ],
]);
