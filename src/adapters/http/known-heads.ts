/**
 * Heads of requests that came before from the same login and were let through to be judged: what was read out of them is not read again.
 * It keeps no decision and no secret; a head counts only for as long as the broker says the same of it.
 */
import { Sightings } from "../../base/sightings.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import type { ClientRequest, OwnAnswer, TextAnswer } from "./answers.ts";
import { authorityOf } from "./codec/authority.ts";
import type { HeaderPair } from "./codec/headers.ts";
import type { Lane, Prepared } from "./exchange.ts";
import type { BrokerRequest, Caller, Taken } from "./options.ts";
import { NO_BODY } from "./request-body.ts";

export interface KnownHead {
  /** What the broker was asked; it answers with `taken` for as long as nothing that this rested on changed. */
  readonly asked: BrokerRequest;
  readonly taken: Extract<Taken, { kind: "clean" }>;
  readonly request: HttpRequest;
  readonly target: string;
  readonly raw: readonly HeaderPair[];
}

/** What may be known again: a request without a body to a host of a pack, of which the broker's answer is all that there is to say. */
export function keepable(prepared: Prepared | OwnAnswer | TextAnswer): KnownHead | undefined {
  if (!("taken" in prepared)) return undefined;
  const { asked, taken, request, target, raw, body, opening } = prepared;
  if (asked === undefined || opening !== undefined || body !== NO_BODY) return undefined;
  if (taken.opened !== undefined || taken.judgedTarget !== undefined) return undefined;
  return { asked, taken, request, target, raw };
}

/** Of one login, twice. */
const HEADS_MAX = 128;
const CHARACTERS_MAX = 4_096;

export class KnownHeads {
  readonly #sightings = new Sightings();
  /** By the caller as it is now: another account, target or session is another object. */
  readonly #ofCaller = new WeakMap<Caller, Kept>();

  /** All that a request without a body says, as it came; `undefined` for one that is always read anew. */
  keyOf({ scheme, place, http2 }: Lane, path: string, request: ClientRequest): string | undefined {
    const { rawHeaders, method = "GET", headers } = request;
    if (http2 || scheme !== "https" || headers.expect !== undefined || headers.upgrade !== undefined) return undefined;
    if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) return undefined;
    // No header holds a NUL: Node's parser refuses it.
    const key = `${method}\0${authorityOf(place, scheme)}\0${path}\0${rawHeaders.join("\0")}`;
    return key.length > CHARACTERS_MAX ? undefined : key;
  }

  find(caller: Caller, key: string): KnownHead | undefined {
    const kept = this.#ofCaller.get(caller);
    return kept?.young.get(key) ?? kept?.old.get(key);
  }

  /** Kept once it came twice. */
  keep(caller: Caller, key: string, head: KnownHead): void {
    if (!this.#sightings.again(key)) return;
    let kept = this.#ofCaller.get(caller);
    if (kept === undefined) this.#ofCaller.set(caller, (kept = { young: new Map(), old: new Map() }));
    kept.young.set(key, head);
    if (kept.young.size < HEADS_MAX) return;
    kept.old = kept.young;
    kept.young = new Map();
  }
}

/** What is not asked for again while so many others are is forgotten: cheaper than to know of each when it was last. */
interface Kept {
  young: Map<string, KnownHead>;
  old: Map<string, KnownHead>;
}
