/**
 * Credentials that Holdfast did not give out and that turned up all the same: each in the record, aloud and to persons once a minute for
 * each session and host, and standing for a day where a person looks.
 * It holds nothing of the credential, and nothing of this outlives the process: the record does.
 */
import type { FoundCredential } from "../adapters/http/options.ts";
import type { Clock } from "../base/clock.ts";
import type { AuditEvent } from "../model/event.ts";
import type { StandingFound } from "../model/standing.ts";

export interface HttpAlarmsParts {
  readonly clock: Clock;
  readonly append: (event: AuditEvent) => void;
  readonly warn: (message: string) => void;
  /** Tells persons. `revision` counts how often they were told of this one. */
  readonly tell: (found: StandingFound, revision: number) => void;
}

/** A session's id is recorded with each; a client that tries a thousand times is told of once a minute. */
const AGAIN_MS = 60_000;
const STANDING_MS = 24 * 3_600_000;
const KEPT_MAX = 1_000;

interface Kept {
  readonly found: StandingFound;
  readonly revision: number;
  /** By the steady clock. */
  readonly toldMs: number;
}

export class HttpAlarms {
  readonly #parts: HttpAlarmsParts;
  /** By session and host, the latest last. */
  readonly #kept = new Map<string, Kept>();

  /** One connection may send to several hosts, and each is told by itself. */
  #begun = 0;

  constructor(parts: HttpAlarmsParts) {
    this.#parts = parts;
  }

  found({ session, caller, provider, host, slot }: FoundCredential): void {
    const { append, warn, tell, clock } = this.#parts;
    const { principal, target } = caller;
    append({ kind: "credential_found", session, principal: principal.name, provider, host, slot });
    const key = `${principal.name} ${host}`;
    const known = this.#kept.get(key);
    const [now, atMs] = [clock.monotonic(), clock.now()];
    const found: StandingFound = {
      id: known?.found.id ?? `f_${session}.${++this.#begun}`,
      principal: principal.name,
      target: target.name,
      environment: target.environment,
      provider,
      host,
      slot,
      sinceMs: known?.found.sinceMs ?? atMs,
      lastMs: atMs,
      count: (known?.found.count ?? 0) + 1,
    };
    const loud = known === undefined || now - known.toldMs >= AGAIN_MS;
    const revision = (known?.revision ?? 0) + (loud ? 1 : 0);
    this.#kept.delete(key);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, { found, revision, toldMs: loud ? now : known.toldMs });
    if (!loud) return;
    warn(
      `FOUND CREDENTIAL: session \`${principal.name}\` sent one that Holdfast did not give out to \`${host}\`, in ${slot}: refused, nothing was sent`,
    );
    tell(found, revision);
  }

  /** Of the last day, the latest first. */
  standing(): readonly StandingFound[] {
    const from = this.#parts.clock.now() - STANDING_MS;
    return [...this.#kept.values()]
      .map(({ found }) => found)
      .filter(({ lastMs }) => lastMs >= from)
      .reverse();
  }
}
