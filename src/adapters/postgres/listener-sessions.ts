/**
 * The sessions that run, so that they can be counted and ended.
 * It keeps nothing of a login alive: an entry holds the session's end, its two sockets, and no more.
 */
import type { Duplex } from "node:stream";
import type { SessionId } from "../../base/ids.ts";
import type { RunningSession } from "./handover.ts";

interface Entry {
  readonly id: SessionId;
  readonly account: string;
  readonly session: RunningSession;
  readonly client: Duplex;
  readonly server: Duplex;
}

export class RunningSessions {
  readonly #entries = new Set<Entry>();
  readonly #byAccount = new Map<string, number>();

  get size(): number {
    return this.#entries.size;
  }

  /** Logins that hold a place count too, so that two at once cannot both take the last one. False when there is none. */
  reserve(account: string, connectionsMax: number): boolean {
    const held = this.#byAccount.get(account) ?? 0;
    if (held >= connectionsMax) return false;
    this.#byAccount.set(account, held + 1);
    return true;
  }

  release(account: string): void {
    const held = (this.#byAccount.get(account) ?? 1) - 1;
    if (held === 0) this.#byAccount.delete(account);
    else this.#byAccount.set(account, held);
  }

  /** Calls `ended` once when the session is over. */
  add(entry: Entry, ended: () => void): void {
    this.#entries.add(entry);
    const over = () => {
      this.#entries.delete(entry);
      ended();
    };
    entry.session.finished.then(over, over);
  }

  find(id: SessionId): RunningSession | undefined {
    for (const entry of this.#entries) if (entry.id === id) return entry.session;
    return undefined;
  }

  of(account: string): readonly RunningSession[] {
    return Array.from(this.#entries).flatMap((entry) => (entry.account === account ? [entry.session] : []));
  }

  /** Asks all to end, and destroys the sockets of those that have not after `graceMs`. Resolves when none is left. */
  async shutdown(graceMs: number): Promise<void> {
    const entries = Array.from(this.#entries);
    for (const { session } of entries) session.shutdown();
    const timer = setTimeout(() => {
      for (const { client, server } of this.#entries) {
        client.destroy();
        server.destroy();
      }
    }, graceMs);
    await Promise.allSettled(entries.map(({ session }) => session.finished));
    clearTimeout(timer);
  }
}
