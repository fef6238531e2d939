/**
 * Short-lived credentials by the session that they were made for: kept until shortly before they end, made anew then, and ended with the
 * session. What the long-lived one is now decides: one that was rotated or removed takes what was made of it along.
 */
import { messageOf } from "../../base/message-of.ts";
import type { Clock } from "../../base/clock.ts";
import type { Minted, Minter, MintProblem } from "./minter.ts";

type Fetched = { readonly value: string; readonly parts?: readonly string[] } | { readonly problem: string };

export interface MintedSecretsParts {
  /** The credential's name in the configuration. */
  readonly name: string;
  readonly minter: Minter;
  readonly clock: Clock;
  /** The long-lived one, as it is now. */
  readonly secret: () => Fetched;
  /** Told of each, and of none that could be made. */
  readonly minted: (told: { readonly principal: string; readonly expiresAtMs: number | null; readonly problem: string | null }) => void;
  readonly ended: (told: {
    readonly principal: string;
    readonly end: "revoked" | "left_to_expire" | "revocation_failed";
    readonly because: string;
  }) => void;
  /** Keeps what the provider put in the long-lived one's place. Rejects where it cannot. */
  readonly keep: (next: string) => Promise<void>;
}

interface Held {
  readonly minted: Minted;
  /** What it was made of. */
  readonly secret: string;
  readonly renewAtMs: number;
}

const MINT_MS_MAX = 10_000;
/** A provider that refuses is not asked again with every request. */
const AGAIN_AFTER_MS = 2_000;
const REMEMBERED_MAX = 1_000;

export class MintedSecrets {
  readonly #parts: MintedSecretsParts;
  readonly #held = new Map<string, Held>();
  readonly #making = new Map<string, Promise<Fetched>>();
  readonly #failed = new Map<string, { readonly problem: string; readonly secret: string; readonly atMs: number }>();
  /** What is being taken back: a gateway that stops waits for it. */
  readonly #ending = new Set<Promise<void>>();
  /** Who has ended while one was made. */
  readonly #gone = new Set<string>();
  /** Where the long-lived one is replaced by its provider and that could not be kept: good until the gateway is started again. */
  #instead: { readonly of: string; readonly next: string } | undefined;
  /** All that may still be good, also when another stands in its place. */
  readonly #live = new Map<string, number>();
  #values: readonly string[] = [];

  constructor(parts: MintedSecretsParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  value(principal: string): Fetched | Promise<Fetched> {
    const { secret, clock, minter } = this.#parts;
    const key = minter.shared === true ? "" : principal;
    const long = secret();
    if ("problem" in long) {
      if (this.#held.has(key)) void this.#end(key, principal, "what it was made of is gone");
      return long;
    }
    const held = this.#held.get(key);
    if (held?.secret === long.value && clock.now() < held.renewAtMs) return fetchedOf(held.minted);
    const failed = this.#failed.get(key);
    if (failed?.secret === long.value && clock.monotonic() - failed.atMs < AGAIN_AFTER_MS) return { problem: failed.problem };
    const making = this.#making.get(key);
    if (making !== undefined) return making;
    if (held !== undefined && held.secret !== long.value) void this.#end(key, principal, "what it was made of was rotated");
    const made = this.#make(key, principal, long.value)
      // What cannot be recorded is not given out.
      .catch((error: unknown) => ({ problem: messageOf(error) }))
      .finally(() => this.#making.delete(key));
    this.#making.set(key, made);
    return made;
  }

  /** All that may be good still: the same array for as long as nothing changed. */
  values(): readonly string[] {
    const now = this.#parts.clock.now();
    let changed = false;
    for (const [value, until] of this.#live)
      if (until < now) {
        this.#live.delete(value);
        changed = true;
      }
    if (changed || this.#values.length !== this.#live.size) this.#values = [...this.#live.keys()];
    return this.#values;
  }

  /** The session is over. Resolves when its provider was told. Never rejects. */
  async end(principal: string): Promise<void> {
    if (this.#parts.minter.shared === true) return;
    if (this.#making.has(principal)) this.#gone.add(principal);
    this.#failed.delete(principal);
    await this.#end(principal, principal, "the session is over");
  }

  /** Nobody is served any more. Never rejects. */
  async close(): Promise<void> {
    for (const key of this.#held.keys()) void this.#end(key, key === "" ? "all" : key, "the gateway stops");
    await Promise.all(this.#ending);
  }

  async #make(key: string, principal: string, secret: string): Promise<Fetched> {
    const { minter, clock, minted } = this.#parts;
    const made = await this.#asked(secret, principal);
    if ("problem" in made) {
      if (this.#failed.size >= REMEMBERED_MAX) this.#failed.clear();
      this.#failed.set(key, { problem: made.problem, secret, atMs: clock.monotonic() });
      this.#gone.delete(key);
      minted({ principal, expiresAtMs: null, problem: made.problem });
      return made;
    }
    this.#failed.delete(key);
    for (const value of [made.value, ...(made.parts ?? [])]) this.#live.set(value, made.expiresAtMs);
    this.#values = [];
    const now = clock.now();
    const life = made.expiresAtMs - now;
    if (life <= 0) return { problem: "the provider made one that has ended already: do the clocks agree?" };
    const long = made.next === undefined ? secret : await this.#replaced(secret, made.next);
    minted({ principal, expiresAtMs: made.expiresAtMs, problem: null });
    this.#held.set(key, { minted: made, secret: long, renewAtMs: made.expiresAtMs - Math.min(60_000, life / 5) });
    if (this.#gone.delete(key)) {
      await this.#end(key, principal, "the session is over");
      return { problem: `the session was over before ${minter.told} was made` };
    }
    return fetchedOf(made);
  }

  async #asked(secret: string, principal: string): Promise<Minted | MintProblem> {
    try {
      const long = this.#instead?.of === secret ? this.#instead.next : secret;
      return await this.#parts.minter.mint(long, principal, AbortSignal.timeout(MINT_MS_MAX));
    } catch (error) {
      return { problem: messageOf(error) };
    }
  }

  /** What the long-lived one is from here on, as whoever keeps it has it. */
  async #replaced(secret: string, next: string): Promise<string> {
    try {
      await this.#parts.keep(next);
      return next;
    } catch {
      this.#instead = { of: secret, next };
      this.#live.set(next, Number.MAX_SAFE_INTEGER);
      this.#values = [];
      return secret;
    }
  }

  /** Never rejects. */
  async #end(key: string, principal: string, because: string): Promise<void> {
    const ending = this.#takenBack(key, principal, because).catch(() => undefined);
    this.#ending.add(ending);
    await ending;
    this.#ending.delete(ending);
  }

  async #takenBack(key: string, principal: string, because: string): Promise<void> {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    const { minter, clock, ended } = this.#parts;
    if (minter.revoke === undefined) return ended({ principal, end: "left_to_expire", because });
    if (clock.now() >= held.minted.expiresAtMs) return ended({ principal, end: "left_to_expire", because });
    const failed = await minter.revoke(held.minted.value, held.secret, AbortSignal.timeout(MINT_MS_MAX)).catch(messageOf);
    ended(
      failed === undefined
        ? { principal, end: "revoked", because }
        : { principal, end: "revocation_failed", because: `${because}: ${failed}` },
    );
  }
}

function fetchedOf({ value, parts }: Minted): Fetched {
  return parts === undefined ? { value } : { value, parts };
}
