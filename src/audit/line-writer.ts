/**
 * The lines of one group as bytes: the kinds of the hot path are put together digit by digit, everything else as `record.ts` writes it.
 * It keeps order and nothing else; both ways give the same bytes, which a test holds.
 */
import type { SessionId } from "../base/ids.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Measured, TableCount } from "../model/outcome.ts";
import { eventFields, recordLine } from "./record.ts";
import { redactEvent } from "./redact.ts";

const START_BYTES = 16 * 1024;
/** A group larger than this share of the buffer is given away with it, a smaller one is copied out. */
const GIVEN_SHARE = 4;
/** Larger figures go the long way: beyond this a thousandth is no longer exact in a double. */
const WHOLE_MAX = 2 ** 43;
const DIGITS_MAX = 13;

const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1");
const N = ascii('{"n":');
const T = ascii(',"t":');
const C = ascii(',"c":"');
const COMMA = ascii(",");
const QUOTE_COMMA = ascii('",');
const INTENT = ascii('"kind":"intent","action":"');
const JUDGEMENT = ascii('","judgement":"');
const DECISION = ascii('","decision":"');
const CODE = ascii('","code":"');
const TEXT_DIGEST = ascii('","textDigest":"');
const QUOTE_END = ascii('"}\n');
const OUTCOME = ascii('"kind":"outcome","action":"');
const SUCCEEDED = ascii('","outcome":{"status":"succeeded","measured":{');
const ROWS_CHANGED = ascii('"rowsChanged":');
const ROWS_RETURNED = ascii('"rowsReturned":');
const BYTES_RETURNED = ascii('"bytesReturned":');
const ELAPSED = ascii('"elapsedMs":');
const OUTCOME_END = ascii("}}}\n");
const ENDED = ascii('"kind":"transaction_ended","session":"');
const END = ascii('","end":"');
const ACTIONS = ascii('","actions":[');
const QUOTE = ascii('"');
const ENDED_ROWS = ascii('],"rowsChanged":');
const ENDED_END = ascii("}\n");
const TABLES = ascii(',"tables":[');
const TABLE = ascii('{"table":"');
const INSERTED = ascii('","inserted":');
const UPDATED = ascii(',"updated":');
const DELETED = ascii(',"deleted":');
const TRUNCATED = ascii(',"truncated":');
const TRANSACTION = ascii(',"transaction":"');
const BRACE = ascii("}");
const BRACKET = ascii("]");
/** More tables go the long way, which keeps a record within its size. */
const TABLES_MAX = 100;
const NAMES_MAX = 4096;

/** Characters that stand in a JSON string as they are: ids, figures and closed vocabularies have no others. */
const plain = new Uint8Array(128);
for (let code = 0; code < 128; code++) plain[code] = /[\w.:-]/.test(String.fromCharCode(code)) ? 1 : 0;

export class LineWriter {
  #bytes = Buffer.allocUnsafeSlow(START_BYTES);
  #at = 0;
  /** Names of tables, and whether they are recorded as they are: a name may look like a secret. */
  readonly #names = new Map<string, boolean>();

  /** Bytes of the group so far. */
  get length(): number {
    return this.#at;
  }

  /** Adds one line with its line feed. Throws on a defect in the event; nothing has been added then. */
  add(n: number, timeMs: number, chain: string | null, event: AuditEvent): void {
    const before = this.#at;
    if (this.#head(n, timeMs, chain) && this.#fields(event)) return;
    this.#at = before;
    const line = `${recordLine(n, timeMs, chain, eventFields(event))}\n`;
    this.#reserve(line.length * 3);
    this.#at += this.#bytes.write(line, this.#at, "utf8");
  }

  /** The group's bytes, which belong to the caller; the next group begins. */
  take(): Buffer {
    const group = this.#bytes.subarray(0, this.#at);
    const given = this.#at * GIVEN_SHARE > this.#bytes.length;
    if (given) this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length);
    this.#at = 0;
    return given ? group : Buffer.from(group);
  }

  clear(): void {
    this.#at = 0;
  }

  #head(n: number, timeMs: number, chain: string | null): boolean {
    this.#put(N);
    if (!this.#whole(n)) return false;
    this.#put(T);
    if (!this.#whole(timeMs)) return false;
    if (chain === null) {
      this.#put(COMMA);
      return true;
    }
    this.#put(C);
    if (!this.#plain(chain)) return false;
    this.#put(QUOTE_COMMA);
    return true;
  }

  /** False when the event must be written the long way. */
  #fields(event: AuditEvent): boolean {
    switch (event.kind) {
      case "intent": {
        const ids = this.#after(INTENT, event.action) && this.#after(JUDGEMENT, event.judgement);
        if (!ids || !this.#after(DECISION, event.decision) || !this.#after(CODE, event.code)) return false;
        if (event.textDigest !== undefined && !this.#after(TEXT_DIGEST, event.textDigest)) return false;
        this.#put(QUOTE_END);
        return hasOnly(event, event.textDigest === undefined ? 5 : 6);
      }
      case "outcome":
        if (event.outcome.status !== "succeeded" || !this.#after(OUTCOME, event.action)) return false;
        this.#put(SUCCEEDED);
        return this.#measured(event.outcome.measured) && hasOnly(event, 3) && hasOnly(event.outcome, 2);
      case "transaction_ended":
        if (!this.#after(ENDED, event.session) || !this.#after(END, event.end)) return false;
        this.#put(ACTIONS);
        for (let i = 0; i < event.actions.length; i++) {
          if (i > 0) this.#put(COMMA);
          if (!this.#after(QUOTE, event.actions[i] as string)) return false;
          this.#put(QUOTE);
        }
        this.#put(ENDED_ROWS);
        if (!this.#whole(event.rowsChanged) || !this.#tables(event.tables) || !this.#transaction(event.transaction)) return false;
        this.#put(ENDED_END);
        return hasOnly(event, 5 + given(event.tables) + given(event.transaction));
      default:
        return false;
    }
  }

  #measured(measured: Measured): boolean {
    const { rowsChanged, rowsReturned, bytesReturned, elapsedMs, tables, transaction } = measured;
    if (!this.#figure(ROWS_CHANGED, rowsChanged) || !this.#figure(ROWS_RETURNED, rowsReturned)) return false;
    if (!this.#figure(BYTES_RETURNED, bytesReturned)) return false;
    this.#put(ELAPSED);
    const thousandths = Math.round(elapsedMs * 1000);
    // The long way does not round what stands beside tables.
    if ((tables !== undefined || transaction !== undefined) && thousandths / 1000 !== elapsedMs) return false;
    if (!this.#thousandths(thousandths) || !this.#tables(tables) || !this.#transaction(transaction)) return false;
    this.#put(OUTCOME_END);
    const figures = given(rowsChanged) + given(rowsReturned) + given(bytesReturned);
    return hasOnly(measured, 1 + figures + given(tables) + given(transaction));
  }

  #figure(name: Uint8Array, value: number | undefined): boolean {
    if (value === undefined) return true;
    this.#put(name);
    if (!this.#whole(value)) return false;
    this.#put(COMMA);
    return true;
  }

  #tables(tables: readonly TableCount[] | undefined): boolean {
    if (tables === undefined) return true;
    if (tables.length > TABLES_MAX) return false;
    this.#put(TABLES);
    for (let i = 0; i < tables.length; i++) {
      const table = tables[i] as TableCount;
      if (i > 0) this.#put(COMMA);
      if (!this.#shown(table.table) || !this.#after(TABLE, table.table) || !hasOnly(table, 5)) return false;
      this.#put(INSERTED);
      if (!this.#whole(table.inserted)) return false;
      this.#put(UPDATED);
      if (!this.#whole(table.updated)) return false;
      this.#put(DELETED);
      if (!this.#whole(table.deleted)) return false;
      this.#put(TRUNCATED);
      if (!this.#whole(table.truncated)) return false;
      this.#put(BRACE);
    }
    this.#put(BRACKET);
    return true;
  }

  #transaction(transaction: string | undefined): boolean {
    if (transaction === undefined) return true;
    if (!this.#after(TRANSACTION, transaction)) return false;
    this.#put(QUOTE);
    return true;
  }

  #shown(table: string): boolean {
    let shown = this.#names.get(table);
    if (shown === undefined) {
      const count: TableCount = { table, inserted: 0, updated: 0, deleted: 0, truncated: 0 };
      const session = "s" as SessionId;
      const redacted = redactEvent({ kind: "transaction_ended", session, end: "unknown", actions: [], rowsChanged: 0, tables: [count] });
      shown = redacted.kind === "transaction_ended" && redacted.tables?.[0]?.table === table;
      if (this.#names.size >= NAMES_MAX) this.#names.clear();
      this.#names.set(table, shown);
    }
    return shown;
  }

  #after(name: Uint8Array, value: string): boolean {
    this.#put(name);
    return this.#plain(value);
  }

  #put(piece: Uint8Array): void {
    this.#reserve(piece.length);
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < piece.length; i++) bytes[at + i] = piece[i] as number;
    this.#at = at + piece.length;
  }

  #plain(value: string): boolean {
    const { length } = value;
    this.#reserve(length);
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (plain[code] !== 1) return false;
      bytes[at + i] = code;
    }
    this.#at = at + length;
    return true;
  }

  /** Decimal digits of a whole number; false for any other. */
  #whole(value: number): boolean {
    if (!(value >= 0 && value <= WHOLE_MAX) || !Number.isInteger(value)) return false;
    this.#reserve(DIGITS_MAX);
    const bytes = this.#bytes;
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits++;
    let rest = value;
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const next = Math.floor(rest / 10);
      bytes[at] = 48 + rest - next * 10;
      rest = next;
    }
    this.#at += digits;
    return true;
  }

  /** A number with at most three decimals, given in thousandths, as JSON writes it. */
  #thousandths(value: number): boolean {
    if (!(value >= 0 && value <= WHOLE_MAX)) return false;
    const whole = Math.floor(value / 1000);
    this.#whole(whole);
    let decimals = value - whole * 1000;
    if (decimals === 0) return true;
    this.#reserve(4);
    this.#bytes[this.#at++] = 0x2e;
    for (let place = 100; decimals > 0; place /= 10) {
      const digit = Math.floor(decimals / place);
      this.#bytes[this.#at++] = 48 + digit;
      decimals -= digit * place;
    }
    return true;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + size));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

const given = (value: unknown): number => (value === undefined ? 0 : 1);

/** A field that this file does not know must not be lost: the long way writes it. One without a value is in no line, whichever way. */
function hasOnly(object: object, fields: number): boolean {
  let count = 0;
  for (const name in object) count += given((object as Readonly<Record<string, unknown>>)[name]);
  return count === fields;
}
