/**
 * The broker: agents hold placeholders, providers get secrets, and a credential that is neither is refused.
 * It fetches a secret at the moment it is sent and keeps none; it decides nothing about what a request would do.
 */
import { createHmac } from "node:crypto";
import type { BodyRead, Clean, FoundIn, RefusedHere, Taken } from "../../model/brokered.ts";
import { type BoundSecret, fitsHost } from "./bound-secret.ts";
import { filledIn, type Filling, type InHeader, misplacedInBody, misplacedInHead, withoutPlaceholders } from "./filling.ts";
import { KnownSecrets } from "./known-secrets.ts";
import { takeText, type TakenText } from "./messages.ts";
import { SecretRedaction } from "./redaction.ts";
import { credentialKey, isCredentialHeader, placeholderIn, withoutSlots } from "./slots.ts";
import { decompressed } from "./surfaces.ts";
import { answerToken } from "./token-request.ts";

type Pair = readonly [name: string, value: string];

export interface BrokerParts {
  readonly secrets: readonly BoundSecret[];
  /** Of this process: placeholders of another are worth nothing. */
  readonly key: Uint8Array;
  /** Every secret that must not leave in any other way, as it is now: the same array for as long as nothing changed. */
  readonly known: () => readonly string[];
  /** Whether the text holds what looks like a credential of some provider. */
  readonly shaped: (text: string) => boolean;
}

export interface BrokeredRequest {
  readonly packed: { readonly authSlots: readonly string[] };
  readonly host: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly Pair[];
}

export interface BrokeredMessage {
  readonly packed: { readonly authSlots: readonly string[] };
  readonly host: string;
  readonly text: string;
  /** By its protocol it is where credentials stand. */
  readonly opening: boolean;
}

interface Holding {
  readonly bound: readonly BoundSecret[];
  /** By placeholder: those that may go to the host, and all that the session has. */
  readonly ours: ReadonlyMap<string, BoundSecret>;
  readonly all: ReadonlyMap<string, BoundSecret>;
}

/** An answer, and what it rested on beside the request. */
interface TakenBefore {
  readonly taken: Taken;
  readonly principal: string;
  readonly secrets: readonly string[];
  readonly forgotten: number;
}

const HOLDINGS_MAX = 1_000;

export class CredentialBroker {
  readonly #parts: BrokerParts;
  /** Placeholders that were given out, with the session that has them. */
  readonly #issued = new Map<string, string>();
  readonly #secrets: KnownSecrets;
  readonly #holdings = new Map<string, Holding>();
  readonly #taken = new WeakMap<BrokeredRequest, TakenBefore>();
  /** How many sessions were over so far. */
  #forgotten = 0;
  /** What the holdings were made with: hosts may be others when secrets are. */
  #known: readonly string[] = [];

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    this.#secrets = new KnownSecrets(parts.known);
  }

  /** What a session holds in place of each secret, by the secret's name. */
  issue(principal: string): ReadonlyMap<string, string> {
    const own = new Map(this.#parts.secrets.map((secret) => [secret.name, this.#placeholder(principal, secret)]));
    for (const placeholder of own.values()) this.#issued.set(placeholder, principal);
    return own;
  }

  /** The session is over: nobody is known by its placeholders any more. */
  forget(principal: string): void {
    this.#forgotten += 1;
    for (const [placeholder, holder] of this.#issued) if (holder === principal) this.#issued.delete(placeholder);
    this.#holdings.clear();
  }

  /** Whose placeholder stands in one of the headers. */
  holder(headers: readonly Pair[]): string | undefined {
    for (const [, value] of headers) {
      const held = placeholderIn(value, (text) => this.#issued.has(text));
      if (held !== undefined) return this.#issued.get(held.placeholder);
    }
    return undefined;
  }

  /** For the same request object the same answer object, for as long as secrets and sessions are what they were. */
  take(principal: string, request: BrokeredRequest): Taken {
    const known = this.#taken.get(request);
    if (
      known !== undefined &&
      known.principal === principal &&
      known.secrets === this.#parts.known() &&
      known.forgotten === this.#forgotten
    )
      return known.taken;
    const taken = this.#takenAnew(principal, request);
    this.#taken.set(request, { taken, principal, secrets: this.#parts.known(), forgotten: this.#forgotten });
    return taken;
  }

  #takenAnew(principal: string, request: BrokeredRequest): Taken {
    const { packed, host, target, headers } = request;
    const { bound, ours, all } = this.#held(principal, host);
    const token = this.#parts.secrets.find(({ tokenEndpoint }) => tokenEndpoint?.(request) === true);
    const allowed = token === undefined ? ours : new Map([[this.#placeholder(principal, token), token]]);
    const used = usedIn(headers, packed.authSlots, allowed);
    if (typeof used === "string") return { kind: "found", slot: used };
    const bare = withoutPlaceholders(target, all);
    const key = credentialKey(bare);
    if (key !== undefined) return { kind: "found", slot: `${key} of its query` };
    const judged = withoutSlots(headers, packed.authSlots);
    const rest = [target, ...judged.flat()].join("\n");
    const { shaped } = this.#parts;
    if (this.holdsSecret(Buffer.from(rest)) || judged.some(([, value]) => shaped(withoutPlaceholders(value, all))) || shaped(bare))
      return { kind: "found", slot: "a place that is not for credentials" };
    if (token !== undefined) return this.#tokenAsked(token, principal, judged);
    const filling: Filling = { principal, judged, target, header: used ?? injected(bound), ours, all };
    const misplaced = misplacedInHead(filling);
    if (misplaced !== undefined) return misplaced;
    return { kind: "clean", judged, looked: (body) => this.#looked(body, filling), sent: (body) => filledIn(filling, body) };
  }

  /** A message on a connection that was opened to the host. */
  message(principal: string, { packed, host, text, opening }: BrokeredMessage): TakenText {
    const { ours, all } = this.#held(principal, host);
    return takeText(text, opening, { principal, ours, all, authSlots: packed.authSlots, shaped: this.#parts.shaped });
  }

  /** Nothing is filled in at a request's end: neither a credential nor a placeholder belongs there. `authSlots`: of a host of a pack. */
  trailers(authSlots: readonly string[] | undefined, trailers: readonly Pair[]): FoundIn | RefusedHere | undefined {
    for (const [name, value] of trailers) {
      const ours = [...this.#issued.keys()].some((placeholder) => value.includes(placeholder));
      if (ours) return { kind: "refused", because: `a placeholder stands in its trailer \`${name}\`, where it is not filled in` };
      if (this.holdsSecret(Buffer.from(`${name}: ${value}`))) return { kind: "found", slot: `the trailer ${name}` };
      if (authSlots === undefined) continue;
      if (isCredentialHeader(name, authSlots) || this.#parts.shaped(value)) return { kind: "found", slot: `the trailer ${name}` };
    }
    return undefined;
  }

  /** Any secret that is known, however it is spelled. */
  holdsSecret(bytes: Buffer): boolean {
    return this.#secrets.standIn(bytes);
  }

  redaction(secrets: readonly string[]): SecretRedaction {
    return new SecretRedaction(this.#secrets.matcherOf(secrets));
  }

  #looked(body: BodyRead, filling: Filling): ReturnType<NonNullable<Clean["looked"]>> {
    const encoding = filling.judged.find(([name]) => name === "content-encoding")?.[1];
    const first = body.whole ? decompressed(body.first, encoding) : body.first;
    if (first !== body.first && this.holdsSecret(first)) return { kind: "found", slot: "its body" };
    return misplacedInBody({ first, whole: body.whole }, filling);
  }

  #tokenAsked(secret: BoundSecret, principal: string, judged: readonly Pair[]): Clean {
    const contentType = judged.find(([name]) => name === "content-type")?.[1];
    const asked = { name: secret.name, placeholder: this.#placeholder(principal, secret), contentType };
    return {
      kind: "clean",
      judged,
      looked: (body) => answerToken(body, asked),
      sent: () => "what asks for a token is answered here, and not sent",
    };
  }

  /** Worth nothing but here, and the same for a session however often it asks. */
  #placeholder(principal: string, { name, prefix }: BoundSecret): string {
    const digest = createHmac("sha256", this.#parts.key).update(`${principal}\0${name}`).digest("hex");
    return `${prefix}${digest.slice(0, 40)}`;
  }

  /** What the principal holds for a host: looked up anew only where it was not for long. */
  #held(principal: string, host: string): Holding {
    const now = this.#parts.known();
    if (now !== this.#known) {
      this.#known = now;
      this.#holdings.clear();
    }
    const key = `${principal} ${host}`;
    const known = this.#holdings.get(key);
    if (known !== undefined) return known;
    const { secrets } = this.#parts;
    const bound = secrets.filter(({ hosts }) => hosts.some((pattern) => fitsHost(pattern, host)));
    const byPlaceholder = (each: readonly BoundSecret[]) => new Map(each.map((secret) => [this.#placeholder(principal, secret), secret]));
    const made = { bound, ours: byPlaceholder(bound), all: byPlaceholder(secrets) };
    if (this.#holdings.size >= HOLDINGS_MAX) this.#holdings.clear();
    this.#holdings.set(key, made);
    return made;
  }
}

/** The one header in which a secret goes out; a text where something stands in one that is not ours. */
function usedIn(
  headers: readonly Pair[],
  authSlots: readonly string[],
  allowed: ReadonlyMap<string, BoundSecret>,
): InHeader | string | undefined {
  let used: InHeader | undefined;
  for (const [name, value] of headers) {
    if (!isCredentialHeader(name, authSlots) || value.trim() === "") continue;
    const held = placeholderIn(value, (text) => allowed.has(text));
    const secret = held === undefined ? undefined : allowed.get(held.placeholder);
    if (held === undefined || secret === undefined || secret.header !== name) return `the header ${name}`;
    if (used !== undefined) return "two headers at once";
    used = { secret, header: name, filled: held.filled };
  }
  return used;
}

function injected(bound: readonly BoundSecret[]): InHeader | undefined {
  const secret = bound.find(({ mode }) => mode === "inject");
  return secret === undefined ? undefined : { secret, header: secret.header, filled: (value) => secret.form.replace("{}", () => value) };
}
