/**
 * The text of a request that AWS Signature Version 4 signs: method, path, query, headers and the payload's hash in one form.
 * It signs nothing. What it encodes is told byte by byte, so that keys that are no UTF-8 stay what they are.
 */
import { createHash } from "node:crypto";

export type Pair = readonly [name: string, value: string];

/**
 * `as_sent`: the path is one encoding of what it names, and stays as long as it is: S3. `normalised`: dot segments are resolved, doubled
 * slashes go, and what is sent is encoded once more: every other service.
 */
export type PathForm = "as_sent" | "normalised";

export interface SignedParts {
  readonly method: string;
  /** As sent; without the query. */
  readonly path: string;
  /** As sent; without `?`, and without the signature itself. */
  readonly query: string;
  /** Names in lower case; `host` among them. */
  readonly headers: readonly Pair[];
  /** Names of headers that are signed, in lower case. */
  readonly signed: readonly string[];
  /** The hash of the body in hexadecimal, or the word that stands for it. */
  readonly payload: string;
}

export function canonicalText(parts: SignedParts, form: PathForm): string {
  const { method, path, query, headers, payload } = parts;
  const signed = parts.signed.toSorted(byCode);
  const lines = signed.map((name) => `${name}:${headerValue(headers, name)}\n`);
  return [method, canonicalPath(path, form), canonicalQuery(query), lines.join(""), signed.join(";"), payload].join("\n");
}

/** Several of one name are one, in their order; spaces within count once. */
function headerValue(headers: readonly Pair[], name: string): string {
  const own = headers.filter(([each]) => each === name).map(([, value]) => value.trim().replace(/\s+/g, " "));
  return own.join(",");
}

function canonicalPath(path: string, form: PathForm): string {
  if (form === "as_sent") return encoded(percentDecoded(path === "" ? "/" : path), "/");
  const kept: string[] = [];
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  const slash = kept.length > 0 && /\/\.{0,2}$/.test(path) ? "/" : "";
  return encoded(Buffer.from(`/${kept.join("/")}${slash}`, "utf8"), "/");
}

/** Sorted by the encoded names, and by the encoded values where those are the same. */
export function canonicalQuery(query: string): string {
  return queryPairs(query)
    .map(([name, value]): Pair => [encoded(percentDecoded(name)), encoded(percentDecoded(value))])
    .toSorted(([one, first], [other, second]) => byCode(one, other) || byCode(first, second))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** Names and values as they were sent; a name without `=` has an empty value. */
export function queryPairs(query: string): readonly Pair[] {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part): Pair => {
      const at = part.indexOf("=");
      return at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
    });
}

export function percentDecoded(text: string): Buffer {
  if (!text.includes("%")) return Buffer.from(text, "utf8");
  const bytes: number[] = [];
  const source = Buffer.from(text, "utf8");
  for (let at = 0; at < source.length; at++) {
    const code = source[at] === 0x25 ? /^[0-9a-f]{2}$/i.exec(source.toString("latin1", at + 1, at + 3)) : null;
    bytes.push(code === null ? (source[at] ?? 0) : Number.parseInt(code[0], 16));
    if (code !== null) at += 2;
  }
  return Buffer.from(bytes);
}

/** All but letters, digits, `-._~` and what `kept` names. */
export function encoded(bytes: Buffer, kept = ""): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    const plain = /[A-Za-z0-9._~-]/.test(character) || kept.includes(character);
    text += plain ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function byCode(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
