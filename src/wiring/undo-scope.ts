/**
 * Which transactions of which database an act, a session, a run, an approval or an undo came to, by the audit log.
 * It asks no server: what the log does not name is for the journal to find.
 */
import { readEvents } from "../audit/events.ts";
import type { AuditEvent } from "../model/event.ts";
import type { TableCount } from "../model/outcome.ts";

/** One connection as the log tells it. */
export interface ToldSession {
  readonly session: string;
  readonly target: string;
  readonly database: string;
  readonly principal: string;
  readonly run?: string;
  readonly serverProcess?: number;
  readonly openedMs: number;
  /** `null` while it is open. */
  readonly closedMs: number | null;
}

/** One transaction that the log names by the server's id. */
export interface ToldTransaction {
  readonly transaction: string;
  readonly target: string;
  /** `null` where the log does not say: the target's own. */
  readonly database: string | null;
  readonly session?: string;
  readonly actions: readonly string[];
  readonly approval?: string;
  readonly undo?: string;
  readonly tables: readonly TableCount[];
}

export interface UndoStory {
  readonly sessions: ReadonlyMap<string, ToldSession>;
  readonly transactions: readonly ToldTransaction[];
  /** Login roles that principals were lent, by principal and target. */
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>;
  /** Runs that approvals were asked in. */
  readonly runOf: ReadonlyMap<string, string>;
  /** Undos that were begun, with what they took back; `end` is absent while nobody knows it. */
  readonly undos: ReadonlyMap<string, ToldUndo>;
}

export interface ToldUndo {
  readonly target: string;
  readonly database: string;
  readonly transactions: readonly string[];
  /** Its own, as told before it was committed. */
  readonly own: string | null;
  readonly end?: string;
}

export async function readUndoStory(directory: string): Promise<UndoStory> {
  const fold = new StoryFold();
  for await (const { event, t } of readEvents({ directory })) fold.step(event, t);
  return fold.story();
}

/** When an act was let through and when it was over. */
export async function timesOf(directory: string, action: string): Promise<{ readonly fromMs: number; readonly toMs: number } | undefined> {
  let [fromMs, toMs]: [number | undefined, number | undefined] = [undefined, undefined];
  for await (const { event, t } of readEvents({ directory })) {
    if (event.kind === "intent" && event.action === action && event.decision === "allow") fromMs = t;
    if (event.kind === "outcome" && event.action === action) toMs = t;
  }
  return fromMs === undefined ? undefined : { fromMs, toMs: toMs ?? fromMs };
}

type Of<K extends AuditEvent["kind"]> = Extract<AuditEvent, { kind: K }>;

class StoryFold {
  readonly #sessions = new Map<string, ToldSession>();
  readonly #transactions = new Map<string, ToldTransaction>();
  readonly #roles = new Map<string, Set<string>>();
  readonly #runs = new Map<string, string>();
  readonly #asked = new Map<string, Of<"approval_asked">>();
  readonly #undos = new Map<string, ToldUndo>();

  story(): UndoStory {
    const [sessions, roles, runOf, undos] = [this.#sessions, this.#roles, this.#runs, this.#undos];
    return { sessions, roles, runOf, undos, transactions: [...this.#transactions.values()] };
  }

  step(event: AuditEvent, t: number): void {
    switch (event.kind) {
      case "session_opened": {
        const { session, target, database, principal, run, serverProcess } = event;
        const told = { session, target, database, principal, openedMs: t, closedMs: null };
        const more = { ...(run === undefined ? {} : { run }), ...(serverProcess === undefined ? {} : { serverProcess }) };
        return void this.#sessions.set(session, { ...told, ...more });
      }
      case "session_closed": {
        const found = this.#sessions.get(event.session);
        if (found !== undefined) this.#sessions.set(event.session, { ...found, closedMs: t });
        return;
      }
      case "lease_started": {
        const key = rolesKey(event.target, event.principal);
        return void this.#roles.set(key, (this.#roles.get(key) ?? new Set()).add(event.role));
      }
      case "transaction_ended":
        return this.#ended(event);
      case "outcome":
        return this.#outcome(event);
      case "approval_asked":
        this.#asked.set(event.approval, event);
        if (event.run !== undefined) this.#runs.set(event.approval, event.run);
        return;
      case "approval_used":
        return this.#used(event);
      case "undo_started":
      case "undo_done":
        return this.#undo(event);
      default:
        return;
    }
  }

  #ended({ session, end, actions, tables, transaction }: Of<"transaction_ended">): void {
    const at = this.#sessions.get(session);
    if (transaction === undefined || end === "rolled_back" || at === undefined) return;
    this.#add({ transaction, target: at.target, database: at.database, session, actions, tables: tables ?? [] });
  }

  /** An act that was a transaction by itself. */
  #outcome({ action, outcome }: Of<"outcome">): void {
    if (outcome.status !== "succeeded" || outcome.measured.transaction === undefined) return;
    const { transaction, tables = [] } = outcome.measured;
    const session = action.slice(0, action.lastIndexOf("."));
    const at = this.#sessions.get(session);
    if (at !== undefined) this.#add({ transaction, target: at.target, database: at.database, session, actions: [action], tables });
  }

  #used({ approval, transaction }: Of<"approval_used">): void {
    const asked = this.#asked.get(approval);
    if (transaction === null || asked === undefined) return;
    const { target, action, tables } = asked;
    const session = action?.slice(0, action.lastIndexOf("."));
    const database = session === undefined ? null : (this.#sessions.get(session)?.database ?? null);
    const own = { transaction, target, database, approval, tables: tables ?? [], actions: action === undefined ? [] : [action] };
    this.#add(session === undefined ? own : { ...own, session });
  }

  #undo(event: Of<"undo_started"> | Of<"undo_done">): void {
    if (event.kind === "undo_started") {
      const { target, database, transactions } = event;
      return void this.#undos.set(event.undo, { target, database, transactions, own: event.transaction ?? null });
    }
    const found = this.#undos.get(event.undo);
    if (found === undefined) return;
    this.#undos.set(event.undo, { ...found, end: event.how });
    if (event.how !== "done" || event.transaction === null) return;
    const { target, database } = found;
    this.#add({ transaction: event.transaction, target, database, undo: event.undo, actions: [], tables: event.tables });
  }

  #add(told: ToldTransaction): void {
    const key = JSON.stringify([told.target, told.database, told.transaction]);
    const before = this.#transactions.get(key);
    const actions = [...new Set([...(before?.actions ?? []), ...told.actions])];
    this.#transactions.set(key, { ...before, ...told, actions });
  }
}

export function rolesKey(target: string, principal: string): string {
  return JSON.stringify([target, principal]);
}
