/**
 * The broker: agents hold placeholders, providers get secrets, and a credential that is neither is refused.
 * It fetches a secret at the moment it is sent and keeps none; it decides nothing about what a request would do.
 */
import { createHmac } from "node:crypto";
import type { Transform } from "node:stream";
import { credentialKey, type HeldPlaceholder, isCredentialHeader, placeholderIn, withoutSlots } from "./slots.ts";
import { SecretRedaction } from "./redaction.ts";
import { spellingCharactersMin, spellingsOf } from "./spellings.ts";

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

/** Values of the vault that are looked for in what goes out; a shorter one would be found in everything. */
const LOOKED_FOR_MIN = 8;

export class CredentialBroker {
  readonly #parts: BrokerParts;
  /** Placeholders that were given out, with the session that has them. */
  readonly #issued = new Map<string, string>();
  readonly #spelled = new Map<string, readonly Buffer[]>();

  constructor(parts: BrokerParts) {
    this.#parts = parts;
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
    const bound = this.#parts.secrets.filter(({ hosts }) => hosts.some((pattern) => fits(pattern, host)));
    const ours = new Map(bound.map((secret) => [this.#placeholder(principal, secret), secret]));
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

  /** Any secret that is known, however it is spelled. */
  holdsSecret(bytes: Buffer): boolean {
    return this.#parts
      .known()
      .some((secret) => secret.length >= LOOKED_FOR_MIN && this.#spellings(secret).some((each) => bytes.includes(each)));
  }

  redaction(secrets: readonly string[]): SecretRedaction {
    return new SecretRedaction(secrets, (secret) => this.#spellings(secret));
  }

  #spellings(secret: string): readonly Buffer[] {
    const known = this.#spelled.get(secret);
    if (known !== undefined) return known;
    const made = spellingsOf(secret).filter(({ length }) => length >= spellingCharactersMin);
    if (this.#spelled.size > 1_000) this.#spelled.clear();
    this.#spelled.set(secret, made);
    return made;
  }

  /** Worth nothing but here, and the same for a session however often it asks. */
  #placeholder(principal: string, { name, prefix }: BoundSecret): string {
    const digest = createHmac("sha256", this.#parts.key).update(`${principal}\0${name}`).digest("hex");
    return `${prefix}${digest.slice(0, 40)}`;
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
