/**
 * Placeholders in messages of an open connection: where a protocol carries credentials when it opens, and in texts where the operator said
 * so. What stands in a place for credentials and is none of ours was found. It knows no protocol.
 */
import { type BoundSecret, fetchAll, type Fetched } from "./bound-secret.ts";
import { isCredentialHeader, placeholderIn } from "./slots.ts";

export interface MessageParts {
  readonly principal: string;
  /** By the session's own placeholder: those that may go to the host, and all that it has. */
  readonly ours: ReadonlyMap<string, BoundSecret>;
  readonly all: ReadonlyMap<string, BoundSecret>;
  readonly authSlots: readonly string[];
  readonly shaped: (text: string) => boolean;
}

interface FilledText {
  readonly text: string;
  readonly secrets: readonly string[];
}

export type TakenText =
  | { readonly kind: "found"; readonly slot: string }
  | {
      readonly kind: "clean";
      readonly judged: string;
      /** Of what opens a connection: the placeholder as a request would carry it. */
      readonly header?: readonly [name: string, value: string];
      /** A text alone says why it does not go out. Never rejects. */
      readonly sent: () => FilledText | string | Promise<FilledText | string>;
    };

/** `opening`: JSON in which credentials stand by the names of headers. */
export function takeText(text: string, opening: boolean, parts: MessageParts): TakenText {
  const { principal, ours, all } = parts;
  const used = new Map<string, BoundSecret>();
  let header: readonly [name: string, value: string] | undefined;
  if (opening) {
    const slot = foundIn(text, parts, (placeholder, secret, value) => {
      used.set(placeholder, secret);
      header ??= [secret.header, value === placeholder ? secret.form.replace("{}", () => placeholder) : value];
    });
    if (slot !== undefined) return { kind: "found", slot };
  }
  for (const [placeholder, secret] of all) {
    if (used.has(placeholder) || !text.includes(placeholder)) continue;
    if (!ours.has(placeholder) || !secret.surfaces.has("websocket"))
      return { kind: "clean", judged: text, sent: () => misplaced(secret, ours.has(placeholder)) };
    used.set(placeholder, secret);
  }
  return { kind: "clean", judged: text, sent: () => filled(text, used, principal), ...(header === undefined ? {} : { header }) };
}

type Standing = (placeholder: string, secret: BoundSecret, value: string) => void;

/** Short: the reason of a close has room for little. */
function misplaced({ name }: BoundSecret, mayGo: boolean): string {
  if (!mayGo) return `the secret of \`${name}\` may not go to this host`;
  return `a placeholder in a message is filled in where \`http.credentials.${name}.surfaces\` names \`websocket\``;
}

/** In a clause what was found; `standing` is told of what is ours. */
function foundIn(text: string, { ours, authSlots, shaped }: MessageParts, standing: Standing): string | undefined {
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
      if (held !== undefined && secret !== undefined && value.includes(held.placeholder)) standing(held.placeholder, secret, value);
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
  used: ReadonlyMap<string, BoundSecret>,
  principal: string,
): ReturnType<Extract<TakenText, { kind: "clean" }>["sent"]> {
  const needed = [...used];
  const fetched = fetchAll(
    needed.map(([, secret]) => secret),
    principal,
  );
  const together = (all: readonly Fetched[]): FilledText | string => {
    let sent = text;
    const secrets: string[] = [];
    for (const [at, [placeholder, { name }]] of needed.entries()) {
      const one = all[at];
      if (one === undefined || "problem" in one) return `the secret \`${name}\` is not to be had: ${one?.problem ?? "it is not there"}`;
      const written = JSON.stringify(one.value).slice(1, -1);
      sent = sent.replaceAll(placeholder, () => written);
      secrets.push(one.value);
    }
    return { text: sent, secrets };
  };
  return fetched instanceof Promise ? fetched.then(together) : together(fetched);
}
