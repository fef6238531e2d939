/**
 * Operations that a request calls by name instead of by its path: `X-Amz-Target`, `Action=`, and the path of smithy's RPC.
 * It does not know what a name means.
 */
import type { CanonicalRequest } from "./canonical-request.ts";
import { type Tree, valuesAt } from "./tree.ts";

export interface NamedCalls {
  /** First labels of the host, of which one is the API. */
  readonly apis: readonly string[];
  /** Every name that the request could be read to call. `undefined` where the part that could hold one is not readable. */
  readonly names: readonly (string | undefined)[];
}

/** Empty names: it calls nothing by name. */
export function namedCalls({ host, path, query, headers, body }: CanonicalRequest): NamedCalls {
  const names: (string | undefined)[] = [];
  const target = headers.get("x-amz-target");
  if (target !== undefined) names.push(target.slice(target.lastIndexOf(".") + 1).trim());
  const rpc = /^\/service\/[^/]+\/operation\/([^/]+)$/i.exec(path)?.[1];
  if (rpc !== undefined) names.push(rpc);
  const trees: readonly Tree[] = body.kind === "tree" ? [query, body.tree] : [query];
  for (const value of trees.flatMap((tree) => valuesAt(tree, "action"))) names.push(typeof value === "string" ? value : undefined);
  if (body.kind === "opaque" && target === undefined && rpc === undefined && path === "/") names.push(undefined);
  return { apis: host.split(":")[0]?.split(".") ?? [], names };
}
