/**
 * What the open transaction may still change, and what the server says it did: the meter's state for one session.
 * It judges nothing by a text: every act that may have written counts, and the server's own figures decide.
 */
import type { TableCount } from "../../../model/outcome.ts";
import type { Act, Refusal } from "./act.ts";
import { excessOf, figuresOf, SHARE_ROWS_MIN, tablesOf, type MeterBounds } from "./meter-sql.ts";
import { refusal } from "./refusal.ts";

/** Errors that are not the meter's own: the client cancelled, the server stops, a transaction conflict. */
const NOT_OURS = /^(57|40|08|53)/;

export interface MeterRefusal extends Refusal {
  readonly figure: number;
  readonly allowed: number;
  readonly tables: readonly TableCount[];
}

/** The strictest figures of the acts of a transaction. */
interface Caps {
  readonly total: number;
  readonly statement: number;
  readonly table: number;
  readonly percent: number;
}

const UNCAPPED: Caps = { total: Infinity, statement: Infinity, table: Infinity, percent: Infinity };

function lower(one: Caps, other: Caps): Caps {
  return {
    total: Math.min(one.total, other.total),
    statement: Math.min(one.statement, other.statement),
    table: Math.min(one.table, other.table),
    percent: Math.min(one.percent, other.percent),
  };
}

/** The bounds of each table, where there are any. */
function tableBounds({ table, percent }: Caps): Pick<MeterBounds, "table"> {
  return Math.min(table, percent) < Infinity ? { table: { rows: table, percent } } : {};
}

export class Meter {
  /** Writing statements under a limit that were sent since the transaction began. */
  #writes = 0;
  #caps = UNCAPPED;
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
  /** Whether the server holds the reading as a prepared statement of ours: planning it anew costs more than running it. */
  #keeping: "no" | "asked" | "yes" | "failed" = "no";
  /** Some act had a limit for each table: the reading that is kept has one too. */
  #tables = false;
  #keptTables = false;
  /** What the last end of a transaction that was sent has taken off. */
  #beforeEnd: { readonly writes: number; readonly caps: Caps; readonly carried: number } | undefined = undefined;

  /** `statements` of this act that may change something go out. Called at sending, not when the answer comes: batches overlap. */
  note(act: Act, statements: number): void {
    if (act.readOnly || statements === 0) return;
    this.#unflushed = true;
    if (!act.metered) return;
    this.#used = true;
    this.#writes += statements;
    const { rowsChangedPerTransactionMax, rowsChangedMax, rowsChangedPerTableMax, rowsChangedShareMax } = act.limits;
    const caps = { total: rowsChangedPerTransactionMax, statement: rowsChangedMax };
    this.#caps = lower(this.#caps, { ...caps, table: rowsChangedPerTableMax, percent: rowsChangedShareMax });
    this.#tables ||= Math.min(rowsChangedPerTableMax, rowsChangedShareMax) < Infinity;
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
    const { total, statement } = this.#caps;
    const carried = this.#carried;
    return { total: Math.min(total, statement * this.#writes) + carried, sinceLast: Infinity, carried, ...tableBounds(this.#caps) };
  }

  /** Behind one statement of a text, where the reading before it stands too. */
  get statementBounds(): MeterBounds {
    const carried = this.#carried;
    return { total: this.#caps.total + carried, sinceLast: this.#caps.statement, carried, ...tableBounds(this.#caps) };
  }

  /** What commits or rolls back was sent: what comes behind it is another transaction. */
  ending(): void {
    if (this.#writes > 0) {
      this.#beforeEnd = { writes: this.#writes, caps: this.#caps, carried: this.#carried };
    }
    this.#none();
  }

  #clear(): void {
    this.#beforeEnd = undefined;
    this.#none();
  }

  #none(): void {
    this.#writes = 0;
    this.#caps = UNCAPPED;
    this.#carried = 0;
  }

  /** What was to end the transaction did not run. The block has failed, but a savepoint may bring it back to life. */
  notEnded(): void {
    const before = this.#beforeEnd;
    if (before === undefined) return;
    this.#beforeEnd = undefined;
    this.#writes += before.writes;
    this.#caps = lower(this.#caps, before.caps);
    this.#carried += before.carried;
  }

  /** The reading is used and the server does not hold it yet. */
  get worthKeeping(): boolean {
    return this.#used && this.#keeping === "no";
  }

  get kept(): boolean {
    return this.#keeping === "yes";
  }

  /** The kept reading bounds each table too. */
  get keptTables(): boolean {
    return this.#keptTables;
  }

  /** It is sent to be prepared. */
  keep(): void {
    this.#keeping = "asked";
    this.#keptTables = this.#tables;
  }

  keptNow(): void {
    if (this.#keeping === "asked") this.#keeping = "yes";
  }

  notKept(): false {
    this.#keeping = "failed";
    return false;
  }

  /** Something that may have dropped prepared statements is sent, or was done. */
  dropped(): void {
    if (this.#keeping !== "failed") this.#keeping = "no";
  }

  /** A reading came back, so that it was within its bounds. */
  passed(lines: string | null, total: string | null): readonly TableCount[] {
    this.#total = Number(total) || 0;
    this.#unflushed = false;
    return tablesOf(lines);
  }

  /** ReadyForQuery. `chained` when a transaction was committed and the next is open already; `drained` when nothing is in flight. */
  ready(idle: boolean, chained: boolean, drained: boolean): void {
    if (idle) {
      if (drained) this.#clear();
      this.stale = this.#unflushed && this.#used;
      this.#unflushed = this.#writes > 0;
      this.#carried = 0;
    } else if (chained) {
      this.#carried = this.#total;
    }
  }

  /** The server's error in place of a reading, as ours. `undefined`: the error is the server's own affair and stands as it is. */
  refused(code: string, message: string, bounds: MeterBounds): MeterRefusal | undefined {
    if (NOT_OURS.test(code)) return undefined;
    this.stale = true;
    if (bounds.guards === true) {
      this.dropped();
      const because =
        "what the transaction changed could not be read, so it is rolled back: the statement that reads it was dropped or replaced";
      const told = refusal(
        "obligation_unfulfilled",
        because,
        "keep DEALLOCATE and PREPARE out of functions, and send the transaction again",
      );
      return { ...told, figure: 0, allowed: 0, tables: [] };
    }
    const excess = excessOf(message);
    const carried = this.#carried;
    if (excess === undefined) {
      const because = `what the transaction changed could not be read, so it is rolled back: ${message}`;
      return { ...refusal("obligation_unfulfilled", because, "tell the operator of this gateway"), figure: 0, allowed: 0, tables: [] };
    }
    const { total, tables } = excess;
    const table = total > bounds.total ? undefined : beyondTable(excess, bounds);
    if (table !== undefined) return table;
    if (total <= bounds.total && bounds.sinceLast === Infinity) {
      const because = "what the transaction changed could not be read, so it is rolled back: `track_counts` is off";
      return { ...refusal("obligation_unfulfilled", because), figure: total, allowed: bounds.total, tables };
    }
    const beyondTotal = total > bounds.total;
    const allowed = beyondTotal ? bounds.total - carried : bounds.sinceLast;
    const what = beyondTotal
      ? `${total - carried} rows would be changed, more than the ${allowed} permitted`
      : `one statement would change more than the ${allowed} rows permitted; the transaction has changed ${total - carried}`;
    return tooMuch(what, total - carried, allowed, tables);
  }
}

/** The first table that is beyond its own bound, in words; `undefined` when none is. */
function beyondTable(
  { tables, sizes }: NonNullable<ReturnType<typeof excessOf>>,
  { table: bounds }: MeterBounds,
): MeterRefusal | undefined {
  if (bounds === undefined) return undefined;
  for (const { table, inserted, updated, deleted, truncated } of tables) {
    const gone = updated + deleted + truncated;
    const size = sizes.get(table);
    const changed = inserted + gone;
    if (changed > bounds.rows) {
      const what = `${changed} rows of \`${table}\` would be changed, more than the ${bounds.rows} permitted for one table`;
      return tooMuch(what, changed, bounds.rows, tables);
    }
    if (size !== undefined && gone > SHARE_ROWS_MIN && gone * 100 > bounds.percent * size) {
      const share = Math.floor((gone * 1000) / size) / 10;
      const what =
        `${gone} of about ${size} rows of \`${table}\` (${share} %) would be updated or deleted, ` +
        `more than the ${bounds.percent} % permitted`;
      return tooMuch(what, gone, Math.max(SHARE_ROWS_MIN, Math.floor((bounds.percent * size) / 100)), tables);
    }
  }
  return undefined;
}

function tooMuch(what: string, figure: number, allowed: number, tables: readonly TableCount[]): MeterRefusal {
  const told = refusal("rows_changed_limit", `${what}; rolled back`, "restrict the statement to fewer rows");
  return { ...told, figures: figuresOf(tables), figure, allowed, tables };
}
