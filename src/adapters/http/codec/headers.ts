/**
 * Headers of a message as pairs: what belongs to one hop alone is taken out, and what two readers could read differently is refused.
 * It knows no provider and no credential, but for the one by which a session shows who it is at the proxy.
 */

export type HeaderPair = readonly [name: string, value: string];

export interface ReadHead {
  /** What goes on to the other side, in its order, names in lower case. */
  readonly pairs: readonly HeaderPair[];
  readonly host: string | undefined;
  /** `Proxy-Authorization`, as it came. */
  readonly proxyLogin: string | undefined;
  /** It names a protocol to change to. */
  readonly upgrade: string | undefined;
  /** How its body ends, as it says itself. */
  readonly framing: { readonly kind: "none" } | { readonly kind: "length"; readonly bytes: number } | { readonly kind: "chunked" };
}

/** RFC 9110, 7.6.1, with what old clients send to proxies. `te` goes on only as `trailers`. */
const oneHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authorization",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "expect",
  "content-length",
  "host",
]);
/** Which of two counts is the reader's choice. */
const once: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding", "proxy-authorization"]);
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** `raw` is Node's own flat list, so that nothing was joined or dropped before. A refusal is one clause. */
export function readRequestHead(raw: readonly string[]): ReadHead | { readonly refused: string } {
  const pairs: HeaderPair[] = [];
  const seen = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    const value = (raw[at + 1] ?? "").trim();
    // Of HTTP/2: the request line, which is read elsewhere.
    if (name.startsWith(":")) continue;
    if (!TOKEN.test(name)) return { refused: "the name of a header is no word" };
    if (/[\0\r\n]/.test(value)) return { refused: "a header holds a line break or a NUL" };
    if (once.has(name) && seen.has(name)) return { refused: `\`${name}\` stands in it twice` };
    const before = seen.get(name);
    seen.set(name, before === undefined ? value : `${before}, ${value}`);
    pairs.push([name, value]);
  }
  const framing = framingOf(seen);
  if ("refused" in framing) return framing;
  const named = new Set(
    (seen.get("connection") ?? "")
      .toLowerCase()
      .split(",")
      .map((each) => each.trim()),
  );
  // A header that only this hop may see could be one that is judged: which of the two holds would be ours to choose.
  const judged = [...named].find((name) => name !== "" && seen.has(name) && !oneHop.has(name));
  if (judged !== undefined) return { refused: "`connection` names a header that would go on" };
  const kept = pairs.filter(([name]) => !oneHop.has(name));
  const trailers = /(^|,)\s*trailers\s*(,|$)/i.test(seen.get("te") ?? "");
  return {
    pairs: trailers ? [...kept, ["te", "trailers"]] : kept,
    host: seen.get("host"),
    proxyLogin: seen.get("proxy-authorization"),
    upgrade: named.has("upgrade") || seen.has("upgrade") ? (seen.get("upgrade") ?? "") : undefined,
    framing,
  };
}

function framingOf(seen: ReadonlyMap<string, string>): ReadHead["framing"] | { readonly refused: string } {
  const length = seen.get("content-length");
  const encoding = seen.get("transfer-encoding");
  if (length !== undefined && encoding !== undefined) return { refused: "it says its length in two ways" };
  if (encoding !== undefined)
    return encoding.toLowerCase() === "chunked" ? { kind: "chunked" } : { refused: "its `transfer-encoding` is not plain `chunked`" };
  if (length === undefined) return { kind: "none" };
  if (!/^\d{1,15}$/.test(length)) return { refused: "its `content-length` is no number" };
  return { kind: "length", bytes: Number(length) };
}

const answerHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authentication-info",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "alt-svc",
]);

export interface AnswerFields {
  /** Names in lower case and values, by turns. */
  readonly fields: string[];
  /** How the body is compressed that must be looked at. */
  readonly encoding: string | undefined;
}

/**
 * Of an answer, whose names are in lower case: `alt-svc` would lead the client to a way that nobody watches. Where something is taken out
 * of it, a compressed body goes on as it is when it is not.
 */
export function answerFields(
  raw: readonly string[],
  { cookies, redaction }: { readonly cookies: boolean; readonly redaction: { header(value: string): string } | undefined },
): AnswerFields {
  const encoding = redaction === undefined ? undefined : encodingOf(raw);
  const fields: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as string;
    if (answerHop.has(name) || (name === "set-cookie" && !cookies)) continue;
    if (encoding !== undefined && (name === "content-encoding" || name === "content-length" || ofEncoded.test(name))) continue;
    const value = raw[at + 1] as string;
    fields.push(name, redaction?.header(value) ?? value);
  }
  return { fields, encoding };
}

/** Sums over the bytes as they were compressed: a client would hold what it gets against them, and call it damaged. */
const ofEncoded = /^((content-|repr-)?digest|content-md5|x-amz-checksum-.*|x-goog-hash)$/;

function encodingOf(raw: readonly string[]): string | undefined {
  const all = raw.filter((_, at) => at % 2 === 1 && raw[at - 1] === "content-encoding");
  const text = all.join(", ").trim().toLowerCase();
  return text === "" || text === "identity" ? undefined : text;
}

/** Of an answer's end: what frames a message or leads elsewhere has no place there. */
export function trailerFields(raw: readonly string[], redaction: { header(value: string): string } | undefined): Record<string, string> {
  const { fields } = answerFields(raw, { cookies: false, redaction });
  const all: Record<string, string> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] as string;
    if (!framing.has(name)) all[name] = name in all ? `${all[name]}, ${fields[at + 1]}` : (fields[at + 1] as string);
  }
  return all;
}

/** RFC 9110, 6.5.1. */
const framing: ReadonlySet<string> = new Set(["content-length", "content-encoding", "content-type", "content-range", "host", "location"]);

const TRAILERS_MAX = 64;
/** What frames, routes, authorizes or conditions a request is for its head alone (RFC 9110, 6.5.1), and what only one hop sees. */
const NOT_LAST =
  /^(cache-control|pragma|max-forwards|authorization|cookie|range|if-.*|www-authenticate|proxy-.*|content-(?!md5$|digest$).*|x-forwarded-.*|forwarded|via)$/;

export type TrailerPairs =
  | { readonly broken: string }
  /** `odd` is one that has no place there. */
  | { readonly pairs: readonly HeaderPair[]; readonly odd: string | undefined };

/** Of a request's end, in the flat list of Node. */
export function trailerPairs(raw: readonly string[]): TrailerPairs {
  if (raw.length > 2 * TRAILERS_MAX) return { broken: `it has more than ${TRAILERS_MAX} trailers` };
  const pairs: HeaderPair[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    const value = (raw[at + 1] ?? "").trim();
    if (!TOKEN.test(name)) return { broken: "the name of a trailer is no word" };
    if (/[\0\r\n]/.test(value)) return { broken: "a trailer holds a line break or a NUL" };
    pairs.push([name, value]);
  }
  const odd = pairs.find(([name]) => oneHop.has(name) || framing.has(name) || NOT_LAST.test(name));
  return { pairs, odd: odd?.[0] };
}

/** `Basic user:password`; `undefined` for anything else. */
export function basicLogin(value: string | undefined): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(value ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon <= 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
