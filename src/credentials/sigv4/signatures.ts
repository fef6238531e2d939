/**
 * Requests signed by key pairs: what a session signed with the pair that it was given is verified and signed anew with the real one.
 * Any other key is a found credential. It keeps no real pair.
 */
import type { Clock } from "../../base/clock.ts";
import type { RefusedHere, Taken } from "../../model/brokered.ts";
import { formCredential } from "./form-credential.ts";
import { pathFormOf, scopeProblem, type SigningFacts } from "./host-rules.ts";
import { dummyKeyPair, type KeyPair } from "./key-pair.ts";
import { payloadForm } from "./payload.ts";
import { bareTarget, pathAndQuery, type SigningRequest, splitHeaders, unsignedHeader } from "./read-request.ts";
import { type ClientSignature, readSignature } from "./read-signature.ts";
import { ownClean, resigned, type Resigned, type SigningSecret } from "./resigned.ts";
import { timeOfStamp } from "./signing.ts";

export interface SignaturesParts {
  readonly secrets: readonly SigningSecret[];
  /** Of this process: pairs of another are worth nothing. */
  readonly key: Uint8Array;
  readonly clock: Pick<Clock, "now">;
  /** `undefined` for a provider that is not signed for. */
  readonly facts: (provider: string) => SigningFacts | undefined;
}

export type SignedTaken = Taken | Resigned;

/** How what is beside the signature is looked at: any other credential in it is found. */
type TakeRest = (request: SigningRequest) => Taken;

/** As AWS has it for most services. */
const SKEW_MS_MAX = 15 * 60_000;
const LIFE_S_MAX = 7 * 24 * 3600;

export class Signatures {
  readonly #parts: SignaturesParts;
  /** Ids that were given out, with the session that has them. */
  readonly #issued = new Map<string, string>();

  constructor(parts: SignaturesParts) {
    this.#parts = parts;
  }

  /** What a session holds in place of each pair, by the secret's name. */
  issue(principal: string): ReadonlyMap<string, KeyPair> {
    const own = new Map(this.#parts.secrets.map(({ name }) => [name, this.#dummy(principal, name)]));
    for (const { id } of own.values()) this.#issued.set(id, principal);
    return own;
  }

  /** The session is over: nobody is known by its pairs any more. */
  forget(principal: string): void {
    for (const [id, holder] of this.#issued) if (holder === principal) this.#issued.delete(id);
  }

  /** `undefined` where the provider's requests are not signed. */
  take(principal: string, request: SigningRequest, takeRest: TakeRest): SignedTaken | undefined {
    const read = readSignature(request.headers, pathAndQuery(request.target)[1]);
    if (read.kind === "none") return this.#parts.facts(request.packed.provider) === undefined ? undefined : unsigned(request, takeRest);
    const keyId = read.kind === "signed" ? read.signature.keyId : read.keyId;
    const facts = this.#parts.facts(request.packed.provider);
    const secret = this.#parts.secrets.find(({ name, goesTo }) => goesTo(request.host) && this.#dummy(principal, name).id === keyId);
    if (secret === undefined || facts === undefined || (keyId !== undefined && this.#ofAnother(keyId, principal)))
      return { kind: "found", slot: read.kind === "signed" ? slotOf(read.signature) : read.slot };
    const token = tokenSlot(request);
    if (token !== undefined) return { kind: "found", slot: token };
    if (read.kind === "other") return refused(read.because);
    const { signature } = read;
    const form = pathFormOf(signature.scope.api, facts);
    const scope = scopeProblem(request.host, signature.scope, facts);
    if (scope !== undefined) return refused(scope);
    const parts = { principal, request, signature, form, secret, dummy: this.#dummy(principal, secret.name), clock: this.#parts.clock };
    if (request.own === true) return this.#own(parts, takeRest);
    const odd = unsignedHeader(request.headers, signature.signed);
    if (odd !== undefined) return refused(`its header \`${odd}\` is not among those that it signs`);
    const late = timeProblem(signature, this.#parts.clock.now());
    if (late !== undefined) return refused(late);
    const word = request.headers.find(([name]) => name === "x-amz-content-sha256")?.[1];
    const unhashed = word === undefined && signature.place === "query" && form === "as_sent";
    const payload = payloadForm(unhashed ? "UNSIGNED-PAYLOAD" : word);
    if (typeof payload === "string") return refused(payload);
    const { asked, wrapping } = splitHeaders(request.headers, payload.kind === "chunks");
    const judgedTarget = bareTarget(request.target);
    const rest = takeRest({ ...request, target: judgedTarget, headers: asked });
    if (rest.kind !== "clean") return rest;
    const made = resigned({ ...parts, payload, word: unhashed ? "UNSIGNED-PAYLOAD" : word, wrapping }, rest, judgedTarget);
    return typeof made === "string" ? refused(made) : made;
  }

  /** It has no signature of its own to verify: it goes to the same host for the same session, and is signed by the same pair. */
  #own(parts: Parameters<typeof ownClean>[0], takeRest: TakeRest): SignedTaken {
    const { request } = parts;
    const rest = takeRest({ ...request, headers: splitHeaders(request.headers, false).asked });
    return rest.kind === "clean" ? ownClean(parts, rest) : rest;
  }

  #ofAnother(keyId: string, principal: string): boolean {
    const holder = this.#issued.get(keyId);
    return holder !== undefined && holder !== principal;
  }

  #dummy(principal: string, name: string): KeyPair {
    return dummyKeyPair(this.#parts.key, principal, name);
  }
}

/** Anybody may ask without a signature; but for one that stands in a form. */
function unsigned(request: SigningRequest, takeRest: TakeRest): Taken {
  const rest = takeRest(request);
  if (rest.kind !== "clean") return rest;
  const type = request.headers.find(([name]) => name === "content-type")?.[1];
  return { ...rest, looked: (body) => formCredential(body, type) ?? rest.looked?.(body) };
}

function refused(because: string): RefusedHere {
  return { kind: "refused", because };
}

function slotOf({ place }: ClientSignature): string {
  return place === "header" ? "the header authorization" : "x-amz-credential of its query";
}

/** A pair that we gave out has no token: one that comes with it is somebody else's. */
function tokenSlot({ headers, target }: SigningRequest): string | undefined {
  if (headers.some(([name]) => name === "x-amz-security-token")) return "the header x-amz-security-token";
  return /[?&]x-amz-security-token=/i.test(target) ? "x-amz-security-token of its query" : undefined;
}

function timeProblem({ stamp, scope, expiresS }: ClientSignature, nowMs: number): string | undefined {
  const at = timeOfStamp(stamp);
  if (at === undefined) return "its `x-amz-date` is no time, or does not stand in it once";
  if (scope.day !== stamp.slice(0, 8)) return "its `x-amz-date` is not of the day that it is signed for";
  if (at > nowMs + SKEW_MS_MAX) return "it is signed for a time that is not yet: the clocks differ by more than 15 minutes";
  if (expiresS === undefined) return at < nowMs - SKEW_MS_MAX ? "it was signed more than 15 minutes ago, or the clocks differ" : undefined;
  if (expiresS < 1 || expiresS > LIFE_S_MAX) return "it is presigned for longer than seven days, or for no time";
  return at + expiresS * 1_000 < nowMs ? "it was presigned for a time that is over" : undefined;
}
