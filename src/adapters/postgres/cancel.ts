/**
 * Cancel keys: ours are given to clients, the server's are kept here, and a CancelRequest reaches only the session whose secret it carries.
 * It does not answer the client: like PostgreSQL, the connection is closed whatever the request was, once it has had its effect.
 */
import { timingSafeEqual } from "node:crypto";
import type { RandomBytes } from "../../base/ids.ts";

/** Bytes of our secret by the minor version the client speaks: 3.0 has room for 4, from 3.2 on there may be up to 256. */
const SECRET_BYTES = { 0: 4, 2: 32 } as const;

interface Entry {
  readonly secret: Uint8Array;
  readonly cancel: (signalled: () => void) => void;
}

export class CancelRegistry {
  readonly #random: RandomBytes;
  /** By the process id shown; behind a pooler one server process can serve a new session while the old one is being closed. */
  readonly #entries = new Map<number, Set<Entry>>();

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  /** A secret for a session, and how it is withdrawn. */
  register(process: number, minor: 0 | 2, cancel: Entry["cancel"]): { readonly secret: Uint8Array; readonly withdraw: () => void } {
    const entry: Entry = { secret: Uint8Array.from(this.#random(SECRET_BYTES[minor])), cancel };
    const sharing = this.#entries.get(process) ?? new Set();
    this.#entries.set(process, sharing.add(entry));
    const withdraw = () => {
      sharing.delete(entry);
      if (sharing.size === 0 && this.#entries.get(process) === sharing) this.#entries.delete(process);
    };
    return { secret: entry.secret, withdraw };
  }

  /**
   * True when the key was somebody's, for the record only. `over` is called once: the server has signalled whatever ran then, or nothing is
   * to be cancelled. Until then a cancel may still meet what the client sends next.
   */
  request(process: number, secret: Uint8Array, over: () => void): boolean {
    for (const entry of this.#entries.get(process) ?? []) {
      if (entry.secret.length !== secret.length || !timingSafeEqual(entry.secret, secret)) continue;
      entry.cancel(over);
      return true;
    }
    over();
    return false;
  }
}
