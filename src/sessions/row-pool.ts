/**
 * Rows that several connections may change in all: each open transaction gets an allowance out of what is left, so that what they change
 * together never passes the whole, whoever commits first.
 * It measures nothing; whoever read the server's counts tells it.
 */
import type { SessionId } from "../base/ids.ts";

export class RowPool {
  #max: number;
  #used: number;
  readonly #allowed = new Map<SessionId, number>();
  /** Connections that have changed something, while they are open. */
  readonly #writers = new Set<SessionId>();

  constructor(max: number, used = 0) {
    this.#max = max;
    this.#used = used;
  }

  get used(): number {
    return this.#used;
  }

  get max(): number {
    return this.#max;
  }

  /** What open transactions may still change. */
  get held(): number {
    let held = 0;
    for (const rows of this.#allowed.values()) held += rows;
    return held;
  }

  /** The whole is another one from now on; allowances that were given stay. */
  bound(max: number): void {
    this.#max = max;
  }

  /**
   * What the transaction on this connection may change. The same until `release`. One that changes things alone gets all that is left;
   * where several do, each newcomer gets half of it, so that the first does not shut out the others.
   */
  allow(session: SessionId): number {
    const known = this.#allowed.get(session);
    if (known !== undefined) return known;
    this.#writers.add(session);
    const free = this.#max - this.#used - this.held;
    const rows = Math.max(0, this.#writers.size > 1 ? Math.ceil(free / 2) : free);
    this.#allowed.set(session, rows);
    return rows;
  }

  /** Whether the connection still holds the allowance it was given. */
  holds(session: SessionId, rows: number): boolean {
    return this.#allowed.get(session) === rows;
  }

  /** The transaction is over. */
  release(session: SessionId): void {
    this.#allowed.delete(session);
  }

  /** The connection is closed. */
  leave(session: SessionId): void {
    this.#allowed.delete(session);
    this.#writers.delete(session);
  }

  charge(rows: number): void {
    this.#used += rows;
  }
}
