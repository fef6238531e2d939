/**
 * The one form of a URL that is judged and would be sent: what two servers might read differently is refused, not repaired.
 * It does not resolve names; of providers it asks alone whether a host's paths are names that are kept letter by letter.
 */
import { type ExactPaths, exactPathsOf } from "./pack-of.ts";
import { holdsSlashedName } from "./slashed-names.ts";
import { type Tree, UNDETERMINED } from "./tree.ts";

export interface CanonicalUrl {
  /** Lower case, without a port that the scheme implies. */
  readonly host: string;
  /** Begins with `/`; percent-encoding only where it must be. */
  readonly path: string;
  /** Path and query as they are sent, so that what was judged is what goes out. */
  readonly target: string;
  readonly query: ReadonlyMap<string, Tree>;
  /** A key of the query that stands in it twice: which one counts is the server's choice. */
  readonly doubled: string | undefined;
  /** All such keys. */
  readonly repeated: readonly string[];
}

type Refused = { readonly refused: string };

const SHAPE = /^(https?):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?::([0-9]{1,5}))?$/;

/** A refusal says why in one clause, without quoting the URL. */
export function canonicalUrl(url: string): CanonicalUrl | Refused {
  const known = recent.get(url);
  if (known !== undefined) return known;
  const read = readUrl(url);
  if (url.length > RECENT_CHARACTERS_MAX) return read;
  if (recent.size >= RECENT_MAX) recent.delete(recent.keys().next().value as string);
  recent.set(url, read);
  return read;
}

function readUrl(url: string): CanonicalUrl | Refused {
  if (!/^[\x21-\x7e]+$/.test(url)) return { refused: "its URL holds spaces, control characters or characters beyond ASCII" };
  if (url.includes("\\")) return { refused: "its URL holds a backslash" };
  const [, scheme = "", authority = "", path = "", query = "", fragment] = SHAPE.exec(url) ?? [];
  if (scheme === "") return { refused: "its URL is not an absolute one of http or https" };
  if (fragment !== undefined) return { refused: "its URL holds a fragment" };
  if (authority.includes("@")) return { refused: "its URL holds credentials" };
  const host = canonicalHost(authority, scheme.toLowerCase());
  if (host === undefined) return { refused: "its URL names no plain host" };
  const exact = exactPathsOf(host);
  const canonical = exact === undefined ? canonicalPath(path, host) : exactPath(path, exact);
  if (typeof canonical !== "string") return canonical;
  const parsed = queryOf(query.slice(1));
  if ("refused" in parsed) return parsed;
  // Matched without the slash at its end, and sent with it: to some servers it is another thing, and to none another kind of thing.
  const slash = exact !== undefined ? path.endsWith("/") : /\/\.{0,2}([;]|%3B|$)[^/]*$/i.test(path.replace(/%2e/gi, "."));
  const end = canonical !== "/" && slash ? "/" : "";
  return { host, path: canonical, target: `${canonical}${end}${sentQuery(query)}`, ...parsed };
}

/** Requests come again and again, and each is read more than once on its way. */
const recent = new Map<string, CanonicalUrl | Refused>();
const RECENT_MAX = 512;
const RECENT_CHARACTERS_MAX = 1_024;

/** A `;` is no separator, and a `+` a space: as they were judged, for whoever reads them otherwise. */
function sentQuery(query: string): string {
  if (query.length <= 1) return "";
  const plain = query.slice(1).replaceAll(";", "%3B").replaceAll("+", "%20");
  return `?${encodedWhereOdd(plain.replace(/%[0-9a-f]{2}/gi, oneEncoding))}`;
}

/** Characters that no URL may hold as they are; readers encode them, or take them for something. */
function encodedWhereOdd(text: string): string {
  return text.replace(/["<>^`{|}]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Encoded only where it must be, in capitals. */
function oneEncoding(code: string): string {
  const character = String.fromCharCode(Number.parseInt(code.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : code.toUpperCase();
}

/** Host and port as they are compared; `undefined` for what is neither a name nor an address. */
export function canonicalHost(authority: string, scheme: string): string | undefined {
  const [, name, port] = HOST.exec(authority.toLowerCase().replace(/\.(?=$|:)/, "")) ?? [];
  if (name === undefined || name.includes("..")) return undefined;
  // `0x7f.1` is an address to some, and `a.9` no name to others: only what another reader reads as the same is a plain host.
  const whole = `${scheme}://${name}${port === undefined ? "" : `:${port}`}`;
  if (!URL.canParse(whole) || new URL(whole).hostname !== name) return undefined;
  const implied = scheme === "http" ? "80" : "443";
  return port === undefined || String(Number(port)) === implied ? name : `${name}:${Number(port)}`;
}

const HIDDEN: Refused = { refused: "its path hides a slash, a backslash or a control character" };

/** With an encoding only where it must be. */
function decodedPath(path: string, hidden = /%(2f|5c|[01][0-9a-f]|7f)/i): string | Refused {
  if (/%(?![0-9a-f]{2})/i.test(path)) return { refused: "its path holds a percent sign that encodes nothing" };
  if (hidden.test(path)) return HIDDEN;
  const decoded = encodedWhereOdd(path.replace(/%[0-9a-f]{2}/gi, oneEncoding));
  // Looked for in the decoded text: `%252%66` is `%252f` to whoever decodes once.
  return /%25[0-9a-f]{2}/i.test(decoded) ? { refused: "its path is encoded twice" } : decoded;
}

/** Where `a//b` is another name than `a/b`, and `a;b` one of its own. Segments of dots are what clients and servers differ in. */
function exactPath(path: string, paths: ExactPaths): string | Refused {
  const decoded = decodedPath(path);
  if (typeof decoded !== "string") return decoded;
  if (/(^|\/)\.{1,2}(\/|$)/.test(decoded)) return { refused: "its path holds a segment of dots, where names are kept as they are" };
  if (paths === "named" && decoded.startsWith("//")) return { refused: "its path begins with an empty name" };
  if (/^\/{2,}$/.test(decoded)) return { refused: "its path holds nothing but slashes" };
  return decoded.length > 1 && decoded.endsWith("/") ? decoded.slice(0, -1) : decoded || "/";
}

function canonicalPath(path: string, host: string): string | Refused {
  const decoded = decodedPath(path, /%(5c|[01][0-9a-f]|7f)/i);
  if (typeof decoded !== "string") return decoded;
  const kept: string[] = [];
  // An encoded semicolon is one to some servers: its parameters go either way.
  for (const segment of decoded.split("/").map((each) => each.replace(/(;|%3B).*$/, ""))) {
    if (segment === "..") {
      if (kept.pop() === undefined) return { refused: "its path leads above its root" };
    } else if (segment !== "." && segment !== "") kept.push(segment);
  }
  // Looked for in the form that is judged and sent: dot segments led elsewhere before.
  const canonical = `/${kept.join("/")}`;
  return canonical.includes("%2F") && !holdsSlashedName(host, canonical) ? HIDDEN : canonical;
}

/** `a[]=1&a[]=2` is a list; any other key given twice is marked. */
export function queryOf(text: string): Pick<CanonicalUrl, "query" | "doubled" | "repeated"> | Refused {
  const query = new Map<string, Tree>();
  const repeated = new Set<string>();
  for (const part of text.split("&")) {
    if (part === "") continue;
    const [rawKey = "", ...rest] = part.split("=");
    const key = formDecoded(rawKey);
    const value = formDecoded(rest.join("="));
    if (key === undefined || value === undefined) return { refused: "it holds form data that does not decode" };
    if (!query.has(key)) query.set(key, key.endsWith("[]") ? [value] : value);
    else if (key.endsWith("[]")) query.set(key, [...(query.get(key) as Tree[]), value]);
    else {
      repeated.add(key);
      query.set(key, UNDETERMINED);
    }
  }
  const [doubled] = repeated;
  return { query, doubled, repeated: [...repeated] };
}

function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
