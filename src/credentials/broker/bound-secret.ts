/**
 * One secret as the configuration binds it: where it goes, how it stands there, and how it is had at the moment it is sent.
 * It holds no value.
 */
import type { Surface } from "./surfaces.ts";

/** A secret as it is now, with parts of it that are secret by themselves; a reason why it is not to be had. */
export type Fetched = { readonly value: string; readonly parts?: readonly string[] } | { readonly problem: string };

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
  /** Places beside headers in which a placeholder is filled in. */
  readonly surfaces: ReadonlySet<Surface>;
  /** Whether such a request asks for a token that stands for it: Holdfast answers it. */
  readonly tokenEndpoint?: (asked: { readonly host: string; readonly method: string; readonly target: string }) => boolean;
  /** For the session that sends it: what is made for a session is that session's own. Never rejects. */
  readonly value: (principal: string) => Fetched | Promise<Fetched>;
}

/** Each of them for the session; nothing is waited for where all are at hand. */
export function fetchAll(secrets: readonly BoundSecret[], principal: string): readonly Fetched[] | Promise<readonly Fetched[]> {
  const fetched = secrets.map(({ value }) => value(principal));
  const now = fetched.filter((one): one is Fetched => !(one instanceof Promise));
  return now.length === fetched.length ? now : Promise.all(fetched);
}

/** A host as the configuration writes it: no ending, no port and no subdomain of it is the same. */
export function fitsHost(pattern: string, host: string): boolean {
  if (!pattern.includes("*")) return pattern === host;
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(host);
}
