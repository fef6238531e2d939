/**
 * What the server still owes: one entry for each message sent upstream, in order.
 * It does not interpret replies; `server-side.ts` matches them to the front.
 */
import type { Act } from "./act.ts";
import type { MeterBounds } from "./meter-sql.ts";
import type { NameChange, Portal } from "./names.ts";
import type { Splice } from "./splice.ts";

/** Kinds of messages that are answered. */
export const QUERY = 0;
export const PARSE = 1;
export const BIND = 2;
export const DESCRIBE = 3;
export const EXECUTE = 4;
export const CLOSE = 5;
export const SYNC = 6;
export const CALL = 7;
export type ExpectKind =
  | typeof QUERY
  | typeof PARSE
  | typeof BIND
  | typeof DESCRIBE
  | typeof EXECUTE
  | typeof CLOSE
  | typeof SYNC
  | typeof CALL;

/**
 * Who sees the answer: the client; nobody; the session's own context reader; its meter; of an answer that ends a query of the
 * client's, nobody but for the ReadyForQuery; of a Parse that is sent again, the client if it is an error.
 */
export type Audience = "client" | "nobody" | "context" | "meter" | "closing" | "again";

export interface Expect {
  readonly kind: ExpectKind;
  readonly audience: Audience;
  readonly act?: Act;
  readonly portal?: Portal;
  /** A simple query inside a block of ours: its ReadyForQuery is not the client's. */
  readonly inside?: boolean;
  /** A piece of a text of which more follows. */
  readonly more?: boolean;
  /** Which statements of a simple query are readings of the meter. */
  readonly splice?: Splice;
  /** The Parse that keeps the meter's reading prepared. */
  readonly keeps?: boolean;
  /** For messages of a reading by the extended protocol; `commits` when a COMMIT stands behind it. */
  readonly reading?: { readonly bounds: MeterBounds; readonly commits: boolean };
  /** For messages that ReadyForQuery answers: the batch that ends with it. */
  readonly batch?: number;
  /** For PARSE, BIND and CLOSE: what the name stands for once the server agrees. */
  readonly change?: NameChange;
  /** Describe of a statement that goes into the bin: its own parameters, in place of the call's. */
  readonly parameters?: readonly number[];
  /** A message meant to fail: the answer in place of the server's error. */
  readonly poison?: Buffer | null;
}

function runs({ kind }: Expect): boolean {
  return kind === QUERY || kind === EXECUTE || kind === CALL || kind === SYNC;
}

export class ExpectQueue {
  #entries: (Expect | undefined)[] = [];
  #head = 0;
  #running = 0;

  /** Entries whose answer may change the state of the transaction, or tell it. */
  get running(): number {
    return this.#running;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  get front(): Expect | undefined {
    return this.#entries[this.#head];
  }

  push(entry: Expect): void {
    this.#entries.push(entry);
    if (runs(entry)) this.#running += 1;
  }

  pop(): void {
    const gone = this.#entries[this.#head];
    if (gone !== undefined && runs(gone)) this.#running -= 1;
    this.#entries[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#entries.length) {
      this.#entries.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Takes what the server skips after an error: everything up to the next Sync, which stays. Tells whether one was there. */
  popToSync(): { readonly skipped: readonly Expect[]; readonly syncFound: boolean } {
    const skipped: Expect[] = [];
    for (let entry = this.front; entry !== undefined; entry = this.front) {
      if (entry.kind === SYNC) return { skipped, syncFound: true };
      skipped.push(entry);
      this.pop();
    }
    return { skipped, syncFound: false };
  }

  hasSync(): boolean {
    for (let i = this.#head; i < this.#entries.length; i++) if (this.#entries[i]?.kind === SYNC) return true;
    return false;
  }

  /** Entries from the front on, for a connection that is lost. */
  *all(): Generator<Expect> {
    for (let i = this.#head; i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry !== undefined) yield entry;
    }
  }
}
