/**
 * The GraphQL operations that one HTTP request asks for: query string, body, batch, or a bare document.
 * It does not parse documents. A request that names its operation by a digest or id shows nothing of it, and is a problem.
 */
import type { CanonicalRequest } from "../http/canonical-request.ts";
import type { Tree } from "../http/tree.ts";
import { parseStrictJson } from "../http/strict-json.ts";

export interface Asked {
  readonly document: string;
  readonly operationName: string | undefined;
  readonly variables: Tree;
}

type Problem = { readonly problem: string };

/** Everything that is asked for; empty where the request asks for nothing. */
export function askedIn({ query, body, headers, text }: CanonicalRequest): readonly Asked[] | Problem {
  const inQuery = ["query", "operationName", "variables", "extensions", "id", "documentId"].some((key) => query.has(key));
  const envelopes: Tree[] = inQuery ? [query] : [];
  const asked: Asked[] = [];
  if (/application\/graphql\b(?!-)/i.test(headers.get("content-type") ?? "") && body.kind === "opaque") {
    asked.push({ document: text, operationName: undefined, variables: new Map() });
  } else if (body.kind === "opaque") return { problem: body.because };
  else if (body.kind === "tree") envelopes.push(...(Array.isArray(body.tree) ? body.tree : [body.tree]));
  for (const envelope of envelopes) {
    const one = askedBy(envelope);
    if ("problem" in one) return one;
    asked.push(one);
  }
  return asked;
}

function askedBy(envelope: Tree): Asked | Problem {
  if (!(envelope instanceof Map)) return { problem: "its body is no GraphQL request" };
  const fields = envelope as ReadonlyMap<string, Tree>;
  const document = fields.get("query");
  if (typeof document !== "string") return { problem: "it does not show its GraphQL document" };
  const extensions = unpacked(fields.get("extensions"));
  if (extensions instanceof Map && extensions.has("persistedQuery")) return { problem: "it names a stored GraphQL document" };
  const operationName = fields.get("operationName") ?? undefined;
  if (operationName !== undefined && typeof operationName !== "string") return { problem: "its operationName is no text" };
  const variables = unpacked(fields.get("variables")) ?? new Map();
  if (!(variables instanceof Map)) return { problem: "its GraphQL variables are no object" };
  return { document, operationName: operationName === "" ? undefined : operationName, variables };
}

/** In a query string they are JSON texts. */
function unpacked(value: Tree | undefined): Tree | undefined {
  if (typeof value !== "string" || value === "") return value === "" ? undefined : value;
  const parsed = parseStrictJson(value);
  return "tree" in parsed ? (parsed.tree ?? undefined) : value;
}
