/**
 * The broker: agents hold placeholders, providers get secrets, and a credential that is neither is refused.
 * It fetches a secret at the moment it is sent and keeps none; it decides nothing about what a request would do.
 */
import { createHmac } from "node:crypto";
import type { Transform } from "node:stream";
import { credentialKey, type HeldPlaceholder, isCredentialHeader, placeholderIn, withoutSlots } from "./slots.ts";
import { KnownSecrets } from "./known-secrets.ts";
import { takeText, type TakenText } from "./messages.ts";
import { SecretRedaction } from "./redaction.ts";

type Pair = readonly [name: string, value: string];

/** One secret as the configuration binds it. */
export interface BoundSecret {
  readonly name: string;
  /** Hosts that it goes to, and no other; lower case, `*` any characters. */
  readonly hosts: readonly string[];
  /** The header that it stands in, lower case. */
  readonly header: string;
  /** `Bearer {}`: how it stands there where Holdfast writes it itself. */
  readonly form: string;
  /** `inject`: the client sends nothing. `placeholder`: the client sends its placeholder, in whatever form it likes. */
  readonly mode: "placeholder" | "inject";
  /** What placeholders begin with, for tools that look at the shape. */
  readonly prefix: string;
  /** It also stands in texts of WebSockets, where the client writes its placeholder. */
  readonly inMessages?: boolean;
  /** As it is now; a reason why it is not to be had. */
  readonly value: () => { readonly value: string } | { readonly problem: string };
}

export interface BrokerParts {
  readonly secrets: readonly BoundSecret[];
  /** Of this process: placeholders of another are worth nothing. */
  readonly key: Uint8Array;
  /** Every secret that must not leave in any other way, as it is now. */
  readonly known: () => readonly string[];
  /** Whether the text holds what looks like a credential of some provider. */
  readonly shaped: (text: string) => boolean;
}

export interface BrokeredRequest {
  readonly packed: { readonly authSlots: readonly string[] };
  readonly host: string;
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

export type Taken =
  | { readonly kind: "found"; readonly slot: string }
  | {
      readonly kind: "clean";
      readonly judged: readonly Pair[];
      readonly sent: (body: Buffer | undefined) => Filled | string | Promise<Filled | string>;
    };

/** A request as it leaves. */
export interface Filled {
  readonly headers: readonly Pair[];
  readonly secrets: readonly string[];
  /** Path and query, where a secret stands in them. */
  readonly target?: string;
  /** What the body becomes on its way, and its bytes after that where they are known before. */
  readonly body?: { readonly through: () => Transform; readonly bytes: number | null };
}

interface Used {
  readonly secret: BoundSecret;
  readonly header: string;
  readonly filled: (secret: string) => string;
}

interface Holding {
  readonly bound: readonly BoundSecret[];
  readonly ours: ReadonlyMap<string, BoundSecret>;
}

const HOLDINGS_MAX = 1_000;

export class CredentialBroker {
  readonly #parts: BrokerParts;
  /** Placeholders that were given out, with the session that has them. */
  readonly #issued = new Map<string, string>();
  readonly #secrets: KnownSecrets;
  readonly #holdings = new Map<string, Holding>();

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

  take(principal: string, { packed, host, target, headers }: BrokeredRequest): Taken {
    const { bound, ours } = this.#held(principal, host);
    const used: Used[] = [];
    for (const [name, value] of headers) {
      if (!isCredentialHeader(name, packed.authSlots) || value.trim() === "") continue;
      const held = placeholderIn(value, (text) => ours.has(text));
      const secret = held === undefined ? undefined : ours.get(held.placeholder);
      if (held === undefined || secret === undefined || secret.header !== name) return { kind: "found", slot: `the header ${name}` };
      used.push({ secret, header: name, filled: filledBy(held) });
    }
    if (used.length > 1) return { kind: "found", slot: "two headers at once" };
    const key = credentialKey(target);
    if (key !== undefined) return { kind: "found", slot: `${key} of its query` };
    const judged = withoutSlots(headers, packed.authSlots);
    const rest = [target, ...judged.flat()].join("\n");
    if (this.holdsSecret(Buffer.from(rest)) || judged.some(([, value]) => this.#parts.shaped(value)) || this.#parts.shaped(target))
      return { kind: "found", slot: "a place that is not for credentials" };
    const chosen = used[0] ?? injected(bound);
    return { kind: "clean", judged, sent: () => sent(judged, chosen) };
  }

  /** A message on a connection that was opened to the host. */
  message(principal: string, { packed, host, text, opening }: BrokeredMessage): TakenText {
    const bound = this.#parts.secrets.filter(({ hosts }) => hosts.some((pattern) => fits(pattern, host)));
    const ours = new Map(bound.map((secret) => [this.#placeholder(principal, secret), { ...secret, inTexts: secret.inMessages === true }]));
    return takeText(text, opening, { ours, authSlots: packed.authSlots, shaped: this.#parts.shaped });
  }

  /** Any secret that is known, however it is spelled. */
  holdsSecret(bytes: Buffer): boolean {
    return this.#secrets.standIn(bytes);
  }

  redaction(secrets: readonly string[]): SecretRedaction {
    return new SecretRedaction(this.#secrets.matcherOf(secrets));
  }

  /** Worth nothing but here, and the same for a session however often it asks. */
  #placeholder(principal: string, { name, prefix }: BoundSecret): string {
    const digest = createHmac("sha256", this.#parts.key).update(`${principal}\0${name}`).digest("hex");
    return `${prefix}${digest.slice(0, 40)}`;
  }

  /** What the principal holds for a host: looked up anew only where it was not for long. */
  #held(principal: string, host: string): Holding {
    const key = `${principal} ${host}`;
    const known = this.#holdings.get(key);
    if (known !== undefined) return known;
    const bound = this.#parts.secrets.filter(({ hosts }) => hosts.some((pattern) => fits(pattern, host)));
    const made = { bound, ours: new Map(bound.map((secret) => [this.#placeholder(principal, secret), secret])) };
    if (this.#holdings.size >= HOLDINGS_MAX) this.#holdings.clear();
    this.#holdings.set(key, made);
    return made;
  }
}

function filledBy(held: HeldPlaceholder): Used["filled"] {
  return held.filled;
}

function injected(bound: readonly BoundSecret[]): Used | undefined {
  const secret = bound.find(({ mode }) => mode === "inject");
  return secret === undefined ? undefined : { secret, header: secret.header, filled: (value) => secret.form.replace("{}", () => value) };
}

function sent(judged: readonly Pair[], used: Used | undefined): Filled | string {
  if (used === undefined) return { headers: judged, secrets: [] };
  const fetched = used.secret.value();
  if ("problem" in fetched) return `the secret \`${used.secret.name}\` is not to be had: ${fetched.problem}`;
  const value = used.filled(fetched.value);
  if (/[^\x21-\x7e ]/.test(value)) return `the secret \`${used.secret.name}\` does not fit into a header`;
  return { headers: [...judged, [used.header, value]], secrets: [fetched.value] };
}

function fits(pattern: string, host: string): boolean {
  if (!pattern.includes("*")) return pattern === host;
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(host);
}
