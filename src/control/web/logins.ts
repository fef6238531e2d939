/**
 * Who is logged in at the console: random tokens of which only digests are kept, in memory alone, with an end that comes by itself.
 * A login lets a person look, stop and refuse. It proves nothing about an approval.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { RandomBytes } from "../../base/ids.ts";
import type { RegisteredPerson } from "../authority.ts";
import type { VerifiedPerson } from "../authority-port.ts";

export interface Login {
  readonly person: string;
  /** Names the login within this process; it opens nothing. */
  readonly id: string;
  /** Sent by our own pages with every request that changes something; pages of others cannot read it. */
  readonly csrf: string;
  /** Aborted when the login is over, for whatever it holds open. */
  readonly over: AbortSignal;
}

interface Kept extends Login {
  readonly publicKey: string;
  readonly openedAtMs: number;
  readonly end: () => void;
  usedAtMs: number;
}

/** Longer and a screen left alone stays open; an approval takes a proof of its own in any case. */
const idleMsMax = 15 * 60_000;
const lifeMsMax = 8 * 3_600_000;
const perPersonMax = 10;

export interface LoginsOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly persons: () => readonly RegisteredPerson[];
}

export class Logins {
  readonly #options: LoginsOptions;
  /** By the digest of its token. */
  readonly #kept = new Map<string, Kept>();

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /** For a person whose passphrase was just proven. Beyond what one person may have the oldest ends. */
  open({ name, publicKey }: Pick<RegisteredPerson, "name" | "publicKey">): { readonly login: Login; readonly token: string } {
    this.sweep();
    const { clock, random } = this.#options;
    const own = [...this.#kept.values()].filter(({ person }) => person === name);
    if (own.length >= perPersonMax) own[0]?.end();
    const token = Buffer.from(random(32)).toString("base64url");
    const key = digest(token);
    const over = new AbortController();
    const now = clock.now();
    const login: Kept = {
      person: name,
      id: Buffer.from(random(16)).toString("hex"),
      csrf: Buffer.from(random(32)).toString("base64url"),
      over: over.signal,
      publicKey,
      openedAtMs: now,
      usedAtMs: now,
      end: () => {
        this.#kept.delete(key);
        over.abort();
      },
    };
    this.#kept.set(key, login);
    return { login, token };
  }

  /** The login of a cookie's token, used now; `undefined` when there is none any more. */
  find(token: string): Login | undefined {
    const login = this.#kept.get(digest(token));
    if (login === undefined || !this.#holds(login)) return undefined;
    login.usedAtMs = this.#options.clock.now();
    return login;
  }

  /** Who it is as the vault has it now, where the login still holds; looking does not count as use. */
  personOf(login: Login): VerifiedPerson | undefined {
    const kept = [...this.#kept.values()].find(({ id }) => id === login.id);
    if (kept === undefined || !this.#holds(kept)) return undefined;
    const { name, approves } = this.#registered(kept) ?? { name: login.person, approves: [] };
    return { name, approves };
  }

  end(login: Login): void {
    for (const kept of [...this.#kept.values()]) if (kept.id === login.id) kept.end();
  }

  /** Ends what is over by itself. */
  sweep(): void {
    for (const kept of [...this.#kept.values()]) this.#holds(kept);
  }

  endAll(): void {
    for (const kept of [...this.#kept.values()]) kept.end();
  }

  /** A person who was removed, or got another passphrase, is logged in nowhere. */
  #holds(login: Kept): boolean {
    const now = this.#options.clock.now();
    const due = now - login.usedAtMs >= idleMsMax || now - login.openedAtMs >= lifeMsMax;
    if (!due && this.#registered(login) !== undefined) return true;
    login.end();
    return false;
  }

  #registered({ person, publicKey }: Kept): RegisteredPerson | undefined {
    return this.#options.persons().find((each) => each.name === person && each.publicKey === publicKey);
  }
}

/** Whether what a request brought is the login's own CSRF token, in the same time whatever differs. */
export function csrfFits({ csrf }: Login, given: string): boolean {
  const own = Buffer.from(csrf);
  const other = Buffer.from(given);
  return own.length === other.length && timingSafeEqual(own, other);
}

function digest(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
