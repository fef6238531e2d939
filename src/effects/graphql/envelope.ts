/**
 * The GraphQL operations that one HTTP request asks for: query string, body, batch, or a bare document.
 * It does not parse documents. A request that names its operation by a digest shows it where the document of that digest was seen; by any
 * other name it shows nothing of it, and is a problem.
 */
import { sha256Hex } from "../../base/canonical.ts";
import type { Pack } from "../../packs/pack.ts";
import type { CanonicalRequest } from "../http/canonical-request.ts";
import type { Tree } from "../http/tree.ts";
import { parseStrictJson } from "../http/strict-json.ts";

export interface Asked {
  readonly document: string;
  readonly operationName: string | undefined;
  readonly variables: Tree;
}

type Problem = { readonly problem: string };

/** Documents that were seen, by their SHA-256 in small hexadecimal digits. */
export type SeenDocuments = ReadonlyMap<string, string>;

/** Names of stored documents that are no digests of them: what a server has under one, it alone knows. */
const storedNames = ["id", "documentId", "doc_id", "queryId", "operationId", "docId"];

const envelopeNames: ReadonlySet<string> = new Set(["query", "operationName", "variables", "extensions"]);

/** Everything that is asked for; empty where the request asks for nothing. */
export function askedIn({ query, body, headers, text }: CanonicalRequest, seen: SeenDocuments = new Map()): readonly Asked[] | Problem {
  const inQuery = ["query", "operationName", "variables", "extensions", ...storedNames].some((key) => query.has(key));
  const envelopes: Tree[] = inQuery ? [query] : [];
  const asked: Asked[] = [];
  if (/application\/graphql\b(?!-)/i.test(headers.get("content-type") ?? "") && body.kind === "opaque") {
    asked.push({ document: text, operationName: undefined, variables: new Map() });
  } else if (body.kind === "opaque") return { problem: body.because };
  else if (body.kind === "tree") envelopes.push(...(Array.isArray(body.tree) ? body.tree : [body.tree]));
  for (const envelope of envelopes) {
    const one = askedBy(envelope, seen);
    if ("problem" in one) return one;
    asked.push(one);
  }
  return asked;
}

/**
 * Whether a provider's path is one at which it speaks GraphQL, or might: a version of the API that the pack does not name takes the same
 * requests. `path` is canonical.
 */
export function speaksGraphql({ graphql }: Pick<Pack, "graphql">, path: string): boolean {
  return graphql !== undefined && (graphql.includes(path.toLowerCase()) || /^\/(api\/)?(graphql|gql)(\/|$)/i.test(path));
}

function askedBy(envelope: Tree, seen: SeenDocuments): Asked | Problem {
  if (!(envelope instanceof Map)) return { problem: "its body is no GraphQL request" };
  const fields = envelope as ReadonlyMap<string, Tree>;
  // One server reads the one, another the other.
  if ([...fields.keys()].some((key) => !envelopeNames.has(key) && envelopeNames.has(key.toLowerCase().replace("name", "Name"))))
    return { problem: "a name of its GraphQL request is written in another letter case" };
  if (storedNames.some((name) => (fields.get(name) ?? null) !== null)) return { problem: "it names a stored GraphQL document" };
  const digest = digestIn(fields);
  const given = fields.get("query") ?? undefined;
  const document = given === undefined && typeof digest === "string" ? seen.get(digest) : given;
  if (digest !== undefined && document === undefined) return { problem: "it names a stored GraphQL document that was not seen here" };
  if (typeof document !== "string") return { problem: "it does not show its GraphQL document" };
  if (digest !== undefined && digest !== sha256Hex(document)) return { problem: "it names another GraphQL document than it shows" };
  const operationName = fields.get("operationName") ?? undefined;
  if (operationName !== undefined && typeof operationName !== "string") return { problem: "its operationName is no text" };
  const variables = unpacked(fields.get("variables")) ?? new Map();
  if (!(variables instanceof Map)) return { problem: "its GraphQL variables are no object" };
  return { document, operationName: operationName === "" ? undefined : operationName, variables };
}

/** The digest that it names its document by, `null` where that is not readable, `undefined` where it names none. */
function digestIn(fields: ReadonlyMap<string, Tree>): string | null | undefined {
  const extensions = unpacked(fields.get("extensions"));
  if (extensions === undefined || extensions === null) return undefined;
  if (!(extensions instanceof Map)) return null;
  const stored = (extensions as ReadonlyMap<string, Tree>).get("persistedQuery") ?? undefined;
  if (stored === undefined) return undefined;
  const digest = stored instanceof Map ? (stored as ReadonlyMap<string, Tree>).get("sha256Hash") : undefined;
  return typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest) ? digest : null;
}

/** The documents that a request shows, and the digests that it names some by. It may be any request. */
export function documentsIn(request: CanonicalRequest): { readonly shown: readonly string[]; readonly named: readonly string[] } {
  const { query, body } = request;
  const bodies = body.kind !== "tree" ? [] : Array.isArray(body.tree) ? (body.tree as readonly Tree[]) : [body.tree];
  const envelopes = [query, ...bodies].filter((each): each is ReadonlyMap<string, Tree> => each instanceof Map);
  return {
    shown: envelopes.flatMap((fields) => [fields.get("query")]).filter((each): each is string => typeof each === "string"),
    named: envelopes.map(digestIn).filter((each): each is string => typeof each === "string"),
  };
}

/** In a query string they are JSON texts. */
function unpacked(value: Tree | undefined): Tree | undefined {
  if (typeof value !== "string" || value === "") return value === "" ? undefined : value;
  const parsed = parseStrictJson(value);
  return "tree" in parsed ? (parsed.tree ?? undefined) : value;
}
