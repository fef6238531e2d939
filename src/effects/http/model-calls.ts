/**
 * Which operations of which services a request calls, in every form that the models' protocols have: by route, by `X-Amz-Target`, by
 * `Action=`, and by the path of the RPC form. What it could be read as twice, it calls twice; what contradicts itself is a problem.
 */
import type { PackModels } from "../../packs/models.ts";
import type { CanonicalRequest } from "./canonical-request.ts";
import { routesTo, segmentsOf } from "./model-routes.ts";
import { type ModelOperation, type ModelApi, type ApiAtHost, apisOf } from "./model-apis.ts";
import { type Tree, valuesAt } from "./tree.ts";

/** No label of a model is called so. */
export const ROOT = "root";

export interface ModelCall {
  readonly api: ModelApi;
  /** As the models spell it, or as the request does where they have no such operation; a route that is none has no name. */
  readonly name?: string;
  readonly operation?: ModelOperation;
  /** What stands in place of the route's labels, by their names. */
  readonly places: ReadonlyMap<string, string>;
}

export type ModelCalls =
  | { readonly kind: "calls"; readonly calls: readonly ModelCall[] }
  /** The host is none of the provider's own services. */
  | { readonly kind: "foreign" }
  | { readonly kind: "problem"; readonly because: string };

const nowhere: ReadonlyMap<string, string> = new Map();

/** `request` with its parameters read. Never empty. */
export function modelCalls(models: PackModels, request: CanonicalRequest): ModelCalls {
  const atHost = apisOf(models).at(request.host.replace(/:\d+$/, ""));
  if (atHost.length === 0) return { kind: "foreign" };
  const signed = signedFor(request);
  if (signed === null) return problem("it does not say readably what its signature is for");
  const candidates = signed === undefined ? atHost : atHost.filter(({ api }) => api.signing.includes(signed));
  if (candidates.length === 0) return problem("its signature is for another service than its host's");
  const named = namedIn(request, candidates);
  if ("because" in named) return named;
  const routed = candidates.flatMap((each) => request.methods.flatMap((method) => routedCalls(each, method, request)));
  const all = [...named.calls, ...routed];
  if (all.length > 0) return { kind: "calls", calls: withoutDoubles(all) };
  const [first] = candidates;
  if (first !== undefined && candidates.some(({ api }) => hasRoutes(api)))
    return { kind: "calls", calls: [{ api: first.api, places: nowhere }] };
  return problem("which operation it calls is not readable");
}

function problem(because: string): Extract<ModelCalls, { kind: "problem" }> {
  return { kind: "problem", because };
}

function hasRoutes({ forms }: ModelApi): boolean {
  return forms.some((form) => form.startsWith("rest-"));
}

/** What the request's signature is for, in a header or in the query; `undefined` for none, `null` where it is not readable. */
function signedFor({ headers, query }: CanonicalRequest): string | null | undefined {
  const header = headers.get("authorization");
  const said = [
    ...(header !== undefined && /^\s*AWS4-/i.test(header) ? [/\bCredential=([^,\s]+)/i.exec(header)?.[1] ?? ""] : []),
    ...valuesAt(query, "X-Amz-Credential").map((value) => (typeof value === "string" ? value : "")),
  ];
  const apis = said.map((each) => {
    const parts = each.split("/");
    return parts.at(-1)?.toLowerCase() === "aws4_request" && parts.length >= 4 ? (parts.at(-2) ?? "").toLowerCase() : null;
  });
  const [first, ...others] = apis;
  return others.every((each) => each === first) ? first : null;
}

type Named = { readonly calls: readonly ModelCall[] } | Extract<ModelCalls, { kind: "problem" }>;

/** By target, by the path of the RPC form and by `Action`, whatever form the service's model prefers: servers take several. */
function namedIn(request: CanonicalRequest, candidates: readonly ApiAtHost[]): Named {
  const calls: ModelCall[] = [];
  const target = request.headers.get("x-amz-target");
  const inPath = /^\/service\/([^/]+)\/operation\/([^/]+)$/i.exec(request.path);
  for (const [prefix, name] of [
    ...(target === undefined ? [] : [targetOf(target)]),
    ...(inPath === null ? [] : [[inPath[1] ?? "", inPath[2] ?? ""] as const]),
  ]) {
    const meant = candidates.filter(({ api }) => api.target?.toLowerCase() === prefix.toLowerCase());
    if (meant.length === 0) return problem("the service that it names is not its host's");
    calls.push(...callsOf(name, meant));
  }
  const byForm = candidates.filter(({ api }) => api.forms.some((form) => !form.startsWith("rest-")));
  const actions = actionsIn(request, byForm.length > 0 && !byForm.some(({ api }) => hasRoutes(api)));
  for (const value of actions) {
    if (typeof value === "string") calls.push(...(byForm.length > 0 ? callsOf(value, byForm) : knownOf(value, candidates)));
    else if (byForm.length > 0) return problem("which operation it calls is not readable");
  }
  const bare = byForm.length > 0 && (request.path === "/" || !candidates.some(({ api }) => hasRoutes(api)));
  const hidden = bare && request.body.kind === "opaque" && target === undefined && inPath === null;
  return hidden ? problem("which operation it calls is not readable") : { calls };
}

function targetOf(target: string): readonly [prefix: string, name: string] {
  const dot = target.lastIndexOf(".");
  return dot < 0 ? ["", target.trim()] : [target.slice(0, dot).trim(), target.slice(dot + 1).trim()];
}

/** JSON may hold an `Action` that is a parameter: it counts only where the service has no parameters in JSON. */
function actionsIn({ query, body, text }: CanonicalRequest, onlyNamed: boolean): readonly Tree[] {
  const form = body.kind === "tree" && (onlyNamed || !/^\ufeff?\s*[[{<]/.test(text)) ? [body.tree] : [];
  return [query, ...form].flatMap((tree) => (tree instanceof Map ? topLevel(tree as ReadonlyMap<string, Tree>, "action") : []));
}

function topLevel(tree: ReadonlyMap<string, Tree>, name: string): readonly Tree[] {
  return [...tree].flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []));
}

/** Of services that share an endpoint, those that have the operation; where none has, the first. */
function callsOf(name: string, candidates: readonly ApiAtHost[]): readonly ModelCall[] {
  const known = knownOf(name, candidates);
  const [first] = candidates;
  return known.length > 0 || first === undefined ? known : [{ api: first.api, name, places: nowhere }];
}

function knownOf(name: string, candidates: readonly ApiAtHost[]): readonly ModelCall[] {
  return candidates.flatMap(({ api }) => {
    const operation = api.operations().get(name.toLowerCase());
    return operation === undefined ? [] : [{ api, name: operation.name, operation, places: nowhere }];
  });
}

function routedCalls({ api, inPath }: ApiAtHost, method: string, request: CanonicalRequest): readonly ModelCall[] {
  if (!hasRoutes(api)) return [];
  const segments = [...(inPath === undefined ? [] : [inPath]), ...segmentsOf(request.path)];
  const { query, headers } = request;
  const asked = { method, segments, query, headers };
  return routesTo(api, asked).map(({ operation, places }) => ({
    api,
    name: operation.name,
    operation,
    places: rooted(places, segments, inPath),
  }));
}

/** `root`: what of the first label stands in the path; empty where it stands in the host. */
function rooted(places: ReadonlyMap<string, string>, segments: readonly string[], inPath: string | undefined): ModelCall["places"] {
  const root = inPath === undefined ? (segments[0] ?? "") : "";
  return [...places.values()][0] === segments[0] ? new Map([...places, [ROOT, root]]) : places;
}

/** Services of one endpoint share operations: one call by one name, the richest in places, is one. */
function withoutDoubles(calls: readonly ModelCall[]): readonly ModelCall[] {
  const sorted = calls.toSorted((one, other) => other.places.size - one.places.size);
  return sorted.filter(({ name }, index) => sorted.findIndex((one) => one.name === name) === index);
}
