/**
 * One run while it lives: its connections, and what they have used up of its budget together.
 * It keeps no clock and writes nothing; the registry does.
 */
import type { SessionId } from "../base/ids.ts";
import type { Outcome, TableCount } from "../model/outcome.ts";
import type { Budget, Run, RunState, Used } from "../model/run.ts";
import type { ReadTooMuch } from "../pipeline/session-gate.ts";
import type { Counted } from "../model/run-account.ts";
import type { Portion } from "./portion.ts";
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
  readonly portion: Portion | undefined;
  state: RunState;
  because: string | undefined;
  /** Something was used since the store heard of it. */
  dirty = false;
  /** Resolves when it has ended and everything of it is gone. */
  readonly over: Promise<void>;
  #ended: () => void = () => {};

  /** `portion`: what of the budget is this gateway's, where others have connections of the run too. */
  constructor(run: Run, portion?: Portion) {
    this.portion = portion;
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
    // Of a portion, what was refused for want of it is not used: there may be more of it in a moment.
    if (this.portion === undefined || !reached(this.#used.statements, this.#max("statements"))) this.#used.statements += 1;
    if (kind === "deny") this.#used.refused += 1;
    if (kind === "hold") this.#used.held += 1;
    this.#look();
  }

  /** What is used up to the last, before an act that would use more of it. */
  spent(): Spent | undefined {
    return this.#spent("statements", "statements") ?? this.#spent("rowsRead", "rows read") ?? this.#spent("bytes", "bytes returned");
  }

  /** Before one more act is held for a person. */
  heldSpent(): Spent | undefined {
    return this.#spent("held", "acts held for a person");
  }

  #spent(what: Counted, words: string): Spent | undefined {
    const max = this.#max(what);
    if (!reached(this.#used[what], max)) return undefined;
    return (
      this.portion?.lacking(what, words) ??
      budgetSpent(words, this.#used[what], this.portion === undefined ? max : (this.budget[what] ?? max))
    );
  }

  #max(what: Counted): number | null {
    return this.portion === undefined ? this.budget[what] : this.portion.max(what);
  }

  #look(): void {
    this.dirty = true;
    this.portion?.look(this.#used, this.rowsChanged?.held ?? 0);
  }

  /** What this gateway may use from now on: of the rows that may be changed, open transactions keep what they were allowed. */
  bound(): void {
    const rows = this.#max("rowsChanged");
    if (rows !== null) this.rowsChanged?.bound(rows);
  }

  /** Persons are about to be asked of an act: the same act again is the same question. */
  question(digest: string): Spent | undefined {
    if (this.#questions.has(digest)) return undefined;
    const spent = this.heldSpent();
    if (spent !== undefined) return spent;
    if (this.#questions.size < QUESTIONS_MAX) this.#questions.add(digest);
    this.#used.held += 1;
    this.#look();
    return undefined;
  }

  get readsAreCounted(): boolean {
    return this.budget.rowsRead !== null || this.budget.bytes !== null;
  }

  /** One row that goes to the agent. */
  take(bytes: number): ReadTooMuch | undefined {
    const used = this.#used;
    const rows = this.#max("rowsRead");
    if (rows !== null && used.rowsRead + 1 > rows) return this.#tooMuch("rowsRead", "rows", used.rowsRead + 1, rows);
    const size = this.#max("bytes");
    if (size !== null && used.bytes + bytes > size) return this.#tooMuch("bytes", "bytes", used.bytes + bytes, size);
    used.rowsRead += 1;
    used.bytes += bytes;
    this.#look();
    return undefined;
  }

  #tooMuch(what: Counted, words: string, figure: number, allowed: number): ReadTooMuch {
    const lacking = this.portion?.lacking(what, words);
    if (lacking === undefined) return { what: `${words} would be read by this session in all`, figure, allowed, next: nextWhenSpent };
    const { next = nextWhenSpent } = lacking.reason;
    return { what: `${words} would be read of what this gateway holds of the session's budget now`, figure, allowed, next };
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
    this.#look();
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
    this.#look();
  }
}

function reached(used: number, max: number | null): max is number {
  return max !== null && used >= max;
}

/** Rows of all tables together: what was attempted counts. */
export function rowsOf(tables: readonly TableCount[]): number {
  return tables.reduce((sum, { inserted, updated, deleted, truncated }) => sum + inserted + updated + deleted + truncated, 0);
}
