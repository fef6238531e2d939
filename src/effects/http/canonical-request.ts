/**
 * A request in the one form that is judged: method, overridden methods, host, path, query, headers, body.
 * It does not know providers. What two readers could read differently at the level of the protocol is refused here.
 */
import type { HttpRequest } from "../../model/http-request.ts";
import { type Body, bodyOf } from "./body.ts";
import { canonicalHost, canonicalUrl } from "./canonical-url.ts";
import type { Tree } from "./tree.ts";

export interface CanonicalRequest {
  /** The method as sent, and every other that a header or parameter puts in its place: each is judged. */
  readonly methods: readonly string[];
  readonly host: string;
  readonly path: string;
  /** As it is sent: with the slash at its end, where it has one. */
  readonly own: string;
  readonly query: ReadonlyMap<string, Tree>;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Body;
  /** The body as it came. */
  readonly text: string;
  /** Its first bytes, where it came with them. */
  readonly bytes: Buffer | undefined;
  /** Whose host it is, where the host itself does not say so. */
  readonly provider?: string | undefined;
  /** Why it cannot be known what the request means, though it may be passed on. */
  readonly ambiguous: string | undefined;
  /** Keys of its query that stand in it several times, where that alone makes it ambiguous. */
  readonly repeated?: readonly string[];
}

type Refused = { readonly refused: string };

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const overrideHeaders = ["x-http-method-override", "x-method-override", "x-http-method", "x-original-method"];
/** Servers behind IIS, Symfony and others take the path from them. */
const pathHeaders = ["x-original-url", "x-rewrite-url", "x-override-url"];

/** What a request means depends on nothing but itself: several ask on its way, and it is read once. */
const read = new WeakMap<HttpRequest, CanonicalRequest | Refused>();

export function canonicalRequest(request: HttpRequest): CanonicalRequest | Refused {
  const known = read.get(request);
  if (known !== undefined) return known;
  const canonical = readRequest(request);
  read.set(request, canonical);
  return canonical;
}

/** `other` says the same as `request`, and more that is not of its meaning. */
export function meantAs(other: HttpRequest, request: HttpRequest): HttpRequest {
  const known = read.get(request);
  if (known !== undefined) read.set(other, known);
  return other;
}

function readRequest({ method, url, headers, body, opaque, bytes, provider, uncompressed }: HttpRequest): CanonicalRequest | Refused {
  if (!TOKEN.test(method)) return { refused: "its method is no word" };
  if (/^(trace|connect)$/i.test(method)) return { refused: "its method is not passed on" };
  const parsed = canonicalUrl(url);
  if ("refused" in parsed) return parsed;
  const own = headersOf(headers);
  if ("refused" in own) return own;
  const named = own.headers.get("host");
  const scheme = /^http:/i.test(url) ? "http" : "https";
  if (named !== undefined && canonicalHost(named.trim(), scheme) !== parsed.host) return { refused: "its Host is not the host of its URL" };
  if (uncompressed === true) own.headers.delete("content-encoding");
  const content =
    opaque === undefined
      ? bodyOf(body, own.headers.get("content-type"), own.headers.get("content-encoding"))
      : { kind: "opaque" as const, because: opaque };
  const methods = methodsOf(method, own.overrides, parsed.query, content);
  if (methods === undefined) return { refused: "it puts something in place of its method that is no word" };
  const { host, path, target, query, doubled, repeated } = parsed;
  const inBody = content.kind === "opaque" && content.doubled === true ? content.because : undefined;
  const ambiguous = doubled === undefined ? inBody : "a key stands in its query twice";
  const first = bytes === undefined ? undefined : Buffer.from(bytes, "base64");
  return {
    methods,
    host,
    path,
    own: target.split("?", 1)[0] ?? path,
    query,
    headers: own.headers,
    body: content,
    text: body,
    bytes: first,
    provider,
    ambiguous,
    repeated: inBody === undefined ? repeated : [],
  };
}

interface ReadHeaders {
  readonly headers: Map<string, string>;
  readonly overrides: readonly string[];
}

function headersOf(pairs: HttpRequest["headers"]): ReadHeaders | Refused {
  const headers = new Map<string, string>();
  const overrides: string[] = [];
  for (const [rawName, value] of pairs) {
    const name = rawName.toLowerCase();
    if (!TOKEN.test(name)) return { refused: "the name of a header is no word" };
    if (/[\r\n\0]/.test(value)) return { refused: "a header holds a line break or a NUL" };
    if (overrideHeaders.includes(name.replaceAll("_", "-"))) overrides.push(value);
    if (pathHeaders.includes(name.replaceAll("_", "-"))) return { refused: "a header puts another path in place of its own" };
    const known = headers.get(name);
    if (known !== undefined && single.has(name)) return { refused: "a header that may stand once stands in it twice" };
    headers.set(name, known === undefined ? value : `${known}, ${value}`);
  }
  if (headers.has("content-length") && headers.has("transfer-encoding")) return { refused: "it says its length in two ways" };
  return { headers, overrides };
}

const single: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "content-type",
  "content-encoding",
  "x-amz-target",
]);

/** Keys of a query that some servers take a method from; `method` alone where it says one. */
const ofQuery = /^(http-?method|method)$/;
const VERB = /^\s*(get|head|options|post|put|patch|delete)\s*$/i;

/** `undefined` when one of them is no word. */
function methodsOf(
  method: string,
  overrides: readonly string[],
  query: ReadonlyMap<string, Tree>,
  body: Body,
): readonly string[] | undefined {
  const all = [method, ...overrides.flatMap((value) => value.split(","))];
  const fields = body.kind === "tree" && body.tree instanceof Map ? [query, body.tree as ReadonlyMap<string, Tree>] : [query];
  for (const [key, value] of fields.flatMap((map) => [...map])) {
    const name = key.toLowerCase().replace(/\[\]$/, "").replaceAll("_", "-");
    const says = name === "-method" || overrideHeaders.includes(name) || (fields[0]?.get(key) === value && ofQuery.test(name));
    for (const each of says ? [value].flat() : []) if (typeof each === "string" && (name !== "method" || VERB.test(each))) all.push(each);
  }
  const words = all.map((each) => each.trim()).filter((each) => each !== "");
  if (words.some((each) => !TOKEN.test(each))) return undefined;
  return [...new Set(words.map((each) => each.toUpperCase()))];
}
