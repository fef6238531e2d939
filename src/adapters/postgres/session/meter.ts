/**
 * What the open transaction may still change, and what the server says it did: the meter's state for one session.
 * It judges nothing by a text: every act that may have written counts, and the server's own figures decide.
 */
import type { TableCount } from "../../../model/outcome.ts";
import type { Act, Refusal } from "./act.ts";
import { METER_NAME, excessOf, figuresOf, meterSql, tablesOf, type MeterBounds } from "./meter-sql.ts";
import { bind, closePortal, closeStatement, execute, parse } from "../codec/write.ts";
import { refusal } from "./refusal.ts";

/** Errors that are not the meter's own: the client cancelled, the server stops, a transaction conflict. */
const NOT_OURS = /^(57|40|08|53)/;

export interface MeterRefusal extends Refusal {
  readonly figure: number;
  readonly allowed: number;
  readonly tables: readonly TableCount[];
}

export class Meter {
  /** Writing statements under a limit that were sent since the transaction began. */
  #writes = 0;
  #totalMax = Infinity;
  #statementMax = Infinity;
  /** What COMMIT AND CHAIN took over: the server counts on. */
  #carried = 0;
  #total = 0;
  /** Something was changed, and nothing has asked the server since to flush its counts when idle. */
  #unflushed = false;
  #used = false;
  /** Counts of a transaction that ended otherwise may still stand in the server: they must not count for the next. */
  stale = false;
  /** A reading failed and has left its prepared statement behind. */
  leftover = false;

  /** `statements` of this act that may change something go out. Called at sending, not when the answer comes: batches overlap. */
  note(act: Act, statements: number): void {
    if (act.readOnly || statements === 0) return;
    this.#unflushed = true;
    if (!act.metered) return;
    this.#used = true;
    this.#writes += statements;
    this.#totalMax = Math.min(this.#totalMax, act.limits.rowsChangedPerTransactionMax);
    this.#statementMax = Math.min(this.#statementMax, act.limits.rowsChangedMax);
  }

  /** A reading must stand in front of what would commit. */
  get owed(): boolean {
    return this.#writes > 0;
  }

  /** One statement alone is what the next reading finds. */
  get single(): boolean {
    return this.#writes <= 1;
  }

  /** In front of COMMIT. How the sum came about is not known, so that each statement may have had its whole share. */
  get bounds(): MeterBounds {
    return { total: Math.min(this.#totalMax, this.#statementMax * this.#writes) + this.#carried, sinceLast: Infinity };
  }

  /** Behind one statement of a text, where the reading before it stands too. */
  get statementBounds(): MeterBounds {
    return { total: this.#totalMax + this.#carried, sinceLast: this.#statementMax };
  }

  /** What commits or rolls back was sent: what comes behind it is another transaction. */
  ending(): void {
    this.#writes = 0;
    this.#totalMax = this.#statementMax = Infinity;
    this.#carried = 0;
  }

  /** A reading came back, so that it was within its bounds. */
  passed(lines: string | null, total: string | null): readonly TableCount[] {
    this.#total = Number(total) || 0;
    this.#unflushed = false;
    return tablesOf(lines);
  }

  /** ReadyForQuery. `chained` when a transaction was committed and the next is open already. */
  ready(idle: boolean, chained: boolean): void {
    if (idle) {
      this.stale = this.#unflushed && this.#used;
      this.#unflushed = this.#writes > 0;
      this.#carried = 0;
    } else if (chained) {
      this.#carried = this.#total;
    }
  }

  /** The messages of one reading by the extended protocol. Nothing of the agent's can run between the Parse and the Execute. */
  frames(bounds: MeterBounds): readonly [Buffer, Buffer, Buffer, Buffer, Buffer] {
    const name = METER_NAME;
    return [parse(name, meterSql(bounds)), bind(name, name), execute(name), closePortal(name), closeStatement(name)];
  }

  /** The server's error in place of a reading, as ours. `undefined`: the error is the server's own affair and stands as it is. */
  refused(code: string, message: string, bounds: MeterBounds): MeterRefusal | undefined {
    if (NOT_OURS.test(code)) return undefined;
    this.stale = true;
    const excess = excessOf(message);
    const carried = this.#carried;
    if (excess === undefined) {
      const because = `what the transaction changed could not be read, so it is rolled back: ${message}`;
      return { ...refusal("obligation_unfulfilled", because, "tell the operator of this gateway"), figure: 0, allowed: 0, tables: [] };
    }
    const { total, tables } = excess;
    if (total <= bounds.total && bounds.sinceLast === Infinity) {
      const because = "what the transaction changed could not be read, so it is rolled back: `track_counts` is off";
      return { ...refusal("obligation_unfulfilled", because), figure: total, allowed: bounds.total, tables };
    }
    const beyondTotal = total > bounds.total;
    const allowed = beyondTotal ? bounds.total - carried : bounds.sinceLast;
    const what = beyondTotal
      ? `${total - carried} rows would be changed, more than the ${allowed} permitted`
      : `one statement would change more than the ${allowed} rows permitted; the transaction has changed ${total - carried}`;
    const told = refusal("rows_changed_limit", `${what}; rolled back`, "restrict the statement to fewer rows");
    return { ...told, figures: figuresOf(tables), figure: total - carried, allowed, tables };
  }
}
