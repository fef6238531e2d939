/**
 * Placeholders in messages of an open connection: where a protocol carries credentials when it opens, and in texts where the operator said so.
 * What stands in a place for credentials and is none of ours was found. It knows no protocol.
 */
import { isCredentialHeader, placeholderIn } from "./slots.ts";

/** One secret that may go to the host. */
export interface MessageSecret {
  readonly name: string;
  readonly value: () => { readonly value: string } | { readonly problem: string };
  /** Also in texts that carry no credential by their protocol. */
  readonly inTexts: boolean;
}

export interface MessageParts {
  /** By the session's own placeholder. */
  readonly ours: ReadonlyMap<string, MessageSecret>;
  readonly authSlots: readonly string[];
  readonly shaped: (text: string) => boolean;
}

export type TakenText =
  | { readonly kind: "found"; readonly slot: string }
  | {
      readonly kind: "clean";
      readonly judged: string;
      readonly sent: () => { readonly text: string; readonly secrets: readonly string[] } | string;
    };

/** `opening`: JSON in which credentials stand by the names of headers. */
export function takeText(text: string, opening: boolean, { ours, authSlots, shaped }: MessageParts): TakenText {
  const used = new Map<string, MessageSecret>();
  if (opening) {
    const slot = foundIn(text, { ours, authSlots, shaped }, used);
    if (slot !== undefined) return { kind: "found", slot };
  }
  for (const [placeholder, secret] of ours) if (secret.inTexts && text.includes(placeholder)) used.set(placeholder, secret);
  return { kind: "clean", judged: text, sent: () => filled(text, used) };
}

/** In a clause what was found; what is ours is put into `used`. */
function foundIn(text: string, { ours, authSlots, shaped }: MessageParts, used: Map<string, MessageSecret>): string | undefined {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch {
    return "what opens its WebSocket, which cannot be read";
  }
  const left: { readonly name: string; readonly value: unknown }[] = [{ name: "", value: tree }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { name, value } = next;
    if (typeof value === "string") {
      const held = placeholderIn(value, (each) => ours.has(each));
      const secret = held === undefined ? undefined : ours.get(held.placeholder);
      // Inside `Basic` it is spelled in another way than it is put in here.
      if (held !== undefined && secret !== undefined && value.includes(held.placeholder)) used.set(held.placeholder, secret);
      else if (value.trim() !== "" && (isCredentialName(name, authSlots) || shaped(value)))
        return `${shown(name)} of what opens its WebSocket`;
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) left.push({ name: Array.isArray(value) ? name : key, value: inner });
    }
  }
  return undefined;
}

/** `authToken` is `auth-token`. */
function isCredentialName(name: string, authSlots: readonly string[]): boolean {
  const dashed = name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
  return isCredentialHeader(dashed, authSlots);
}

function shown(name: string): string {
  return /^[A-Za-z0-9_-]{1,40}$/.test(name) ? name : "a part";
}

/** In JSON and in plain text a secret stands as JSON writes it: a quote in it would end the text it stands in. */
function filled(
  text: string,
  used: ReadonlyMap<string, MessageSecret>,
): { readonly text: string; readonly secrets: readonly string[] } | string {
  let sent = text;
  const secrets: string[] = [];
  for (const [placeholder, { name, value }] of used) {
    const fetched = value();
    if ("problem" in fetched) return `the secret \`${name}\` is not to be had: ${fetched.problem}`;
    const written = JSON.stringify(fetched.value).slice(1, -1);
    sent = sent.replaceAll(placeholder, () => written);
    secrets.push(fetched.value);
  }
  return { text: sent, secrets };
}
