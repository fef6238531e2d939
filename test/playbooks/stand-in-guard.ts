/**
 * A stand-in for the guard, for tests of the wire alone: it refuses every text that holds a forbidden word, gives obligations by
 * words in the text, and keeps everything that was recorded. Statements are cut by the real parser; their facts are simple.
 * It is never part of the program.
 */
import { loadModule, parseSync } from "libpg-query";
import type { ActionId } from "../../src/base/ids.ts";
import type { Action } from "../../src/model/action.ts";
import type { Obligation, Reason, StatementSummary } from "../../src/model/decision.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { Outcome, TableCount, TransactionEnd } from "../../src/model/outcome.ts";
import { reasonCodes } from "../../src/model/codes.ts";
import { transactionControls } from "../../src/effects/sql/summary.ts";
import type { Admission, Allowed, Guard } from "../../src/pipeline/guard.ts";

await loadModule();

export interface StandInGuard extends Guard {
  readonly admissions: {
    readonly id: ActionId;
    readonly text: string;
    readonly kind: string;
    readonly searchPath: readonly string[];
    readonly role: string;
    readonly pendingDdl: readonly string[];
    readonly temporary: readonly string[];
  }[];
  readonly settled: Map<ActionId, Outcome>;
  readonly ended: {
    readonly actions: readonly ActionId[];
    readonly end: TransactionEnd;
    readonly rowsChanged: number;
    readonly tables: readonly TableCount[] | undefined;
  }[];
  readonly reached: Reason[];
  readonly closed: string[];
  seals: number;
  /** Set to make the record fail. */
  broken: boolean;
  /** Set to answer every `admit` late. */
  slow: boolean;
  /** Stands for an analysis that knows nothing: whatever is no transaction control may change something. */
  knowsNothing: boolean;
  /** Digests of the acts that persons were about to be asked of, and a reason that keeps them from it. */
  readonly questions: string[];
  mayNotAsk: Reason | undefined;
  /** Of the policy; what was held under another is not current. */
  policyDigest: string;
  /** Makes every act carry these. */
  obligations: readonly Obligation[];
}

/** A word in an identifier, comment or literal that this guard refuses. */
export const FORBIDDEN = "forbidden";

/** A word in a comment that this guard holds for a person. */
export const HELD = "askfirst";

export function standInGuard(): StandInGuard {
  const known = new Map<string, readonly StatementSummary[]>();
  const guard: StandInGuard = {
    admissions: [],
    settled: new Map(),
    ended: [],
    reached: [],
    closed: [],
    seals: 0,
    broken: false,
    slow: false,
    knowsNothing: false,
    obligations: [],
    questions: [],
    mayNotAsk: undefined,
    policyDigest: "policy-1",
    question(_session, digest) {
      guard.questions.push(digest);
      return guard.mayNotAsk;
    },
    async admitApproved(action, _can, { approval, policyDigest }) {
      return policyDigest === guard.policyDigest ? answer(action, approval) : answer(action);
    },
    admitNow(action) {
      return guard.slow || !known.has(keyOf(action)) ? undefined : answer(action);
    },
    async admit(action) {
      if (guard.slow) await new Promise<void>((resolve) => setTimeout(resolve, 2));
      return answer(action);
    },
    async seal() {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (guard.broken) throw new Error("the record is broken");
      guard.seals += 1;
    },
    settle(admission: Allowed, outcome) {
      if (guard.settled.has(admission.id)) throw new Error(`settled twice: ${admission.id}`);
      guard.settled.set(admission.id, outcome);
    },
    settleTransaction: (_session, actions, end, rowsChanged, tables) =>
      void guard.ended.push({ actions: [...actions], end, rowsChanged, tables }),
    sessionOpened: () => undefined,
    sessionClosed: (_session, because) => void guard.closed.push(because),
    loginRefused: () => undefined,
    limitReached: (_session, _action, reason) => void guard.reached.push(reason),
  };

  function answer(action: Action, approval?: string): Admission {
    const { payload } = action;
    const text = keyOf(action);
    const { searchPath, role, pendingDdl, temporary } = payload.context;
    const understood = known.get(keyOf(action)) ?? parsedOf(payload, text);
    const parsed = understood !== undefined;
    if (parsed) known.set(keyOf(action), understood);
    let statements = understood ?? [];
    const refused = !parsed || text.includes(FORBIDDEN) || searchPath.includes("evil");
    const held = !refused && approval === undefined && text.includes(HELD);
    const kind = refused ? "deny" : held ? "hold" : approval === undefined ? "allow" : `allow by ${approval}`;
    guard.admissions.push({ id: action.id, text, kind, searchPath, role, pendingDdl, temporary });
    if (refused) {
      const code = parsed ? "destructive" : "not_parsed";
      return { kind: "deny", id: action.id, reason: { code, message: reasonCodes[code].title, next: "do something else" }, statements };
    }
    if (held) return heldBy(guard, action.id, statements);
    if (guard.knowsNothing) statements = statements.map((s) => (s.transaction === "none" ? { ...s, readOnly: false } : s));
    return { kind: "allow", id: action.id, statements, obligations: guard.obligations, readOnly: statements.every((s) => s.readOnly) };
  }
  return guard;
}

function heldBy(guard: StandInGuard, id: ActionId, statements: readonly StatementSummary[]): Admission {
  const { policyDigest } = guard;
  const reason = { code: "approval_unavailable", message: "a person must approve it" } as const;
  const current = () => guard.policyDigest === policyDigest;
  return { kind: "hold", id, reason, statements, effects: [], rules: ["stand-in"], policyDigest, current };
}

function parsedOf(payload: Action["payload"], text: string): readonly StatementSummary[] | undefined {
  try {
    return payload.kind === "sql" ? statementsOf(text) : [{ ...PLAIN, tag: "CALL", span: { start: 0, end: 0 } }];
  } catch {
    return undefined;
  }
}

function keyOf(action: Action): string {
  const { payload } = action;
  if (payload.kind === "http") return payload.request.url;
  return payload.kind === "sql" ? payload.text : `call ${payload.functionOid}`;
}

const PLAIN = {
  effects: [],
  readOnly: true,
  transaction: "none",
  changesContext: false,
  definesObjects: false,
  immediate: false,
} as const;

const REMOVAL: Effect = {
  operation: "delete",
  resource: { type: "table", name: "public.t" },
  extent: { kind: "unbounded" },
  reversibility: "irreversible",
  cause: "direct",
  detail: "drop",
};

/** The fields of the tree that this stand-in looks at. */
interface Node {
  readonly kind?: string;
  readonly name?: string;
  readonly is_from?: boolean;
  readonly relation?: { readonly relpersistence?: string };
}

function statementsOf(text: string): StatementSummary[] {
  if (text.trim() === "") return [];
  const size = Buffer.byteLength(text, "utf8");
  const { stmts = [] } = parseSync(text) as { stmts?: { stmt: Record<string, Node>; stmt_location?: number; stmt_len?: number }[] };
  return stmts.map(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
    const [type = "", node = {}] = Object.entries(stmt)[0] ?? [];
    const end = length === undefined || length === 0 ? size : start + length;
    return { ...PLAIN, ...facts(type, node), span: { start, end } };
  });
}

function facts(type: string, node: Node): Pick<StatementSummary, "tag"> & Partial<StatementSummary> {
  switch (type) {
    case "SelectStmt":
      return JSON.stringify(node).includes("set_config") ? { tag: "SELECT", changesContext: true } : { tag: "SELECT" };
    case "TransactionStmt":
      return { tag: "", transaction: transactionControls[node.kind ?? ""] ?? "none" };
    case "VariableSetStmt":
      return { tag: "SET", changesContext: true };
    case "DiscardStmt":
      return { tag: "DISCARD", changesContext: true };
    case "VacuumStmt":
      return { tag: "VACUUM", readOnly: false, immediate: true };
    case "CopyStmt":
      return node.is_from === true ? { tag: "COPY", readOnly: false, copy: "in" } : { tag: "COPY", copy: "out" };
    case "PrepareStmt":
      return { tag: "PREPARE", prepared: { kind: "prepare", name: node.name ?? null } };
    case "ExecuteStmt":
      return { tag: "EXECUTE", prepared: { kind: "execute", name: node.name ?? null } };
    case "DeallocateStmt":
      return { tag: "DEALLOCATE", prepared: { kind: "deallocate", name: node.name ?? null } };
    case "FetchStmt":
      return { tag: "FETCH" };
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
    case "CallStmt":
    case "DoStmt":
      return { tag: type.slice(0, -4).toUpperCase(), readOnly: false };
    case "DropStmt":
      return { tag: "DROP TABLE", effects: [REMOVAL], readOnly: false, definesObjects: true, plainDefinition: true };
    case "ListenStmt":
    case "UnlistenStmt":
    case "NotifyStmt":
    case "ExplainStmt":
    case "VariableShowStmt":
    case "DeclareCursorStmt":
    case "ClosePortalStmt":
      return { tag: "" };
    default:
      return { tag: "", readOnly: false, definesObjects: true, changesContext: JSON.stringify(node).includes('"relpersistence":"t"') };
  }
}
