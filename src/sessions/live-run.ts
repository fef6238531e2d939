/**
 * One run while it lives: its connections, and what they have used up of its budget together.
 * It keeps no clock and writes nothing; the registry does.
 */
import type { SessionId } from "../base/ids.ts";
import type { Outcome, TableCount } from "../model/outcome.ts";
import type { Budget, Run, RunState, Used } from "../model/run.ts";
import type { ReadTooMuch } from "../pipeline/session-gate.ts";
import { budgetSpent, nextWhenSpent, type Spent } from "./reasons.ts";
import { RowPool } from "./row-pool.ts";

/** Acts of one run that are known as asked already; those beyond count each time. */
const QUESTIONS_MAX = 1_000;

type Counts = { -readonly [K in keyof Used]: Used[K] };

export class LiveRun {
  readonly #run: Run;
  readonly #used: Counts;
  /** Absent where the rows that may be changed have no limit. */
  readonly rowsChanged: RowPool | undefined;
  /** Open connections, with the rows that a statement outside a block has changed and nobody has accounted for yet. */
  readonly #connections = new Map<SessionId, { loose: number }>();
  /** Digests of the acts that persons were asked of. */
  readonly #questions = new Set<string>();
  state: RunState;
  because: string | undefined;
  /** Something was used since the store heard of it. */
  dirty = false;
  /** Resolves when it has ended and everything of it is gone. */
  readonly over: Promise<void>;
  #ended: () => void = () => {};

  constructor(run: Run) {
    this.#run = run;
    this.#used = { ...run.used };
    this.state = run.state;
    this.because = run.because;
    this.over = new Promise((resolve) => {
      this.#ended = resolve;
    });
    const { rowsChanged } = run.budget;
    this.rowsChanged = rowsChanged === null ? undefined : new RowPool(rowsChanged, run.used.rowsChanged);
  }

  get id(): Run["id"] {
    return this.#run.id;
  }

  get budget(): Budget {
    return this.#run.budget;
  }

  get connections(): number {
    return this.#connections.size;
  }

  get sessions(): readonly SessionId[] {
    return [...this.#connections.keys()];
  }

  /** As it is now, for the store and for people. */
  snapshot(): Run {
    const over = this.because === undefined ? {} : { because: this.because };
    return { ...this.#run, ...over, state: this.state, used: { ...this.#used } };
  }

  /** Told by the registry, once. */
  gone(): void {
    this.#ended();
  }

  connected(session: SessionId): void {
    this.#connections.set(session, { loose: 0 });
  }

  disconnected(session: SessionId): void {
    this.idle(session);
    this.rowsChanged?.leave(session);
    this.#connections.delete(session);
  }

  /** `asks`: held, and counted by `question` when persons are asked. */
  statement(kind: "allow" | "deny" | "hold" | "asks"): void {
    this.#used.statements += 1;
    if (kind === "deny") this.#used.refused += 1;
    if (kind === "hold") this.#used.held += 1;
    this.dirty = true;
  }

  /** What is used up to the last, before an act that would use more of it. */
  spent(): Spent | undefined {
    const { budget } = this;
    const used = this.#used;
    if (reached(used.statements, budget.statements)) return budgetSpent("statements", used.statements, budget.statements);
    if (reached(used.rowsRead, budget.rowsRead)) return budgetSpent("rows read", used.rowsRead, budget.rowsRead);
    if (reached(used.bytes, budget.bytes)) return budgetSpent("bytes returned", used.bytes, budget.bytes);
    return undefined;
  }

  /** Before one more act is held for a person. */
  heldSpent(): Spent | undefined {
    const { held } = this.budget;
    return reached(this.#used.held, held) ? budgetSpent("acts held for a person", this.#used.held, held) : undefined;
  }

  /** Persons are about to be asked of an act: the same act again is the same question. */
  question(digest: string): Spent | undefined {
    if (this.#questions.has(digest)) return undefined;
    const spent = this.heldSpent();
    if (spent !== undefined) return spent;
    if (this.#questions.size < QUESTIONS_MAX) this.#questions.add(digest);
    this.#used.held += 1;
    this.dirty = true;
    return undefined;
  }

  get readsAreCounted(): boolean {
    return this.budget.rowsRead !== null || this.budget.bytes !== null;
  }

  /** One row that goes to the agent. */
  take(bytes: number): ReadTooMuch | undefined {
    const { budget } = this;
    const used = this.#used;
    if (budget.rowsRead !== null && used.rowsRead + 1 > budget.rowsRead)
      return {
        what: "rows would be read by this session in all",
        figure: used.rowsRead + 1,
        allowed: budget.rowsRead,
        next: nextWhenSpent,
      };
    if (budget.bytes !== null && used.bytes + bytes > budget.bytes)
      return { what: "bytes would be read by this session in all", figure: used.bytes + bytes, allowed: budget.bytes, next: nextWhenSpent };
    used.rowsRead += 1;
    used.bytes += bytes;
    this.dirty = true;
    return undefined;
  }

  /** An act is answered. What it returned counts here, unless it was counted row by row. */
  settled(session: SessionId, outcome: Outcome): void {
    if (outcome.status === "unknown") return;
    const { measured } = outcome;
    if (!this.readsAreCounted) {
      this.#used.rowsRead += measured.rowsReturned ?? 0;
      this.#used.bytes += measured.bytesReturned ?? 0;
    }
    const connection = this.#connections.get(session);
    if (connection !== undefined && outcome.status === "succeeded")
      connection.loose += measured.tables === undefined ? (measured.rowsChanged ?? 0) : rowsOf(measured.tables);
    this.dirty = true;
  }

  /** A block ended: its own figure takes the place of what its statements said. */
  transactionEnded(session: SessionId, rows: number): void {
    const connection = this.#connections.get(session);
    if (connection !== undefined) connection.loose = 0;
    this.#changed(rows);
  }

  /** Nothing is open on the connection any more. */
  idle(session: SessionId): void {
    const connection = this.#connections.get(session);
    if (connection !== undefined && connection.loose > 0) {
      this.#changed(connection.loose);
      connection.loose = 0;
    }
    this.rowsChanged?.release(session);
  }

  #changed(rows: number): void {
    this.#used.rowsChanged += rows;
    this.rowsChanged?.charge(rows);
    this.dirty = true;
  }
}

function reached(used: number, max: number | null): max is number {
  return max !== null && used >= max;
}

/** Rows of all tables together: what was attempted counts. */
export function rowsOf(tables: readonly TableCount[]): number {
  return tables.reduce((sum, { inserted, updated, deleted, truncated }) => sum + inserted + updated + deleted + truncated, 0);
}
