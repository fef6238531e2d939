/**
 * The reads of ours that tell of a thing, made from a pack's templates: where each goes, and what of earlier answers it uses.
 * It sends nothing. A value never changes which resource is read: it is encoded, or the read is left out.
 */
import type { LookupRead, ProviderPreview } from "../../packs/lookup.ts";
import type { EffectLookups, Lookup } from "./resolve-lookups.ts";
import { textsAt } from "./resolve-paths.ts";
import { parseStrictJson } from "./strict-json.ts";
import { type Tree, UNDETERMINED } from "./tree.ts";

/** One request of ours; `body` is JSON. */
export interface OwnRequest {
  readonly method: string;
  readonly host: string;
  /** Path and query. */
  readonly target: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Beside the credential. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** What came back for each read so far, by its name. */
export type Answers = ReadonlyMap<string, Tree>;

/** An earlier read may have found several: of each, one read. More are not asked about. */
const EACH_MAX = 4;

/** Empty: it needs something that is not there. */
export function requestsOf(
  read: LookupRead,
  lookup: Lookup,
  { door, host, path, own }: EffectLookups,
  answers: Answers,
): readonly OwnRequest[] {
  if (read.ask === "HEAD own") return [{ method: "HEAD", host, target: own }];
  const known = (name: string): readonly string[] => {
    if (name === "id") return [lookup.id];
    if (!name.includes(".")) return door[name] === undefined ? [] : [door[name]];
    return textsAt(answers as Tree, [name], lookup.id);
  };
  if (read.ask.startsWith("GQL ")) return graphqlRequests(read, known, { host, path });
  const texts = Object.values(read.body?.json ?? {});
  const names = [...[read.ask, ...texts].join(" ").matchAll(PLACES)].map(([, name = ""]) => plainName(name));
  return combined(names, known).map((values) => ({ ...requestOf(read.ask, values, host), ...sentWith(read, values) }));
}

const PLACES = /\{([^}]+)\}/g;

/** Headers and body of a read that is no GET. */
function sentWith({ headers, body }: LookupRead, values: Readonly<Record<string, string>>): Partial<OwnRequest> {
  const filled = (text: string): string => text.replace(PLACES, (_, name: string) => values[name] ?? "");
  const json = Object.entries(body?.json ?? {}).map(([name, text]) => [name, filled(text)] as const);
  return {
    ...(headers === undefined ? {} : { headers: Object.entries(headers) }),
    ...(body === undefined ? {} : { body: JSON.stringify(Object.fromEntries(json)), contentType: body.type }),
  };
}

type Known = (name: string) => readonly string[];

/** The first name that has several values gives several requests; the others their first. */
function combined(names: readonly string[], known: Known): readonly Readonly<Record<string, string>>[] {
  const all = names.map((name) => ({ name, values: known(name).slice(0, EACH_MAX) }));
  if (all.some(({ values }) => values.length === 0)) return [];
  const several = all.find(({ values }) => values.length > 1);
  const base = Object.fromEntries(all.map(({ name, values }) => [name, values[0] ?? ""]));
  return several === undefined ? [base] : several.values.map((value) => ({ ...base, [several.name]: value }));
}

function requestOf(template: string, values: Readonly<Record<string, string>>, own: string): OwnRequest {
  const [method = "GET", where = "/"] = template.split(" ");
  const slash = where.indexOf("/");
  const target = where.slice(slash).replace(/\{([^}]+)\}/g, (_, name: string) => {
    const value = values[plainName(name)] ?? "";
    return name.endsWith("*") ? value.split("/").map(encoded).join("/") : encoded(value);
  });
  return { method, host: slash > 0 ? where.slice(0, slash) : own, target };
}

/** `{name*}`: a value of several segments. */
function plainName(name: string): string {
  return name.endsWith("*") ? name.slice(0, -1) : name;
}

/** A dot segment would be another path. */
function encoded(value: string): string {
  return /^\.{1,2}$/.test(value) ? "%2E" : encodeURIComponent(value);
}

function graphqlRequests(
  { ask, with: from = {} }: LookupRead,
  known: Known,
  { host, path }: Pick<EffectLookups, "host" | "path">,
): readonly OwnRequest[] {
  const query = ask.slice(4);
  const names = [...new Set([...query.matchAll(/\$([A-Za-z]\w*)\s*:/g)].map(([, name = ""]) => name))];
  const sources = names.map((name) => from[name] ?? name);
  return combined(sources, known).map((values) => {
    const variables = Object.fromEntries(names.map((name, index) => [name, values[sources[index] ?? ""] ?? ""]));
    return { method: "POST", host, target: path, body: JSON.stringify({ query, variables }), contentType: "application/json" };
  });
}

/** A preview of the request itself, or a read that says what would go; `undefined` where it needs what is not there. */
export function previewRequest(
  { how }: ProviderPreview,
  { lookups, door, host, path, given, methods }: EffectLookups,
  sent: { readonly method: string; readonly target: string; readonly body: string; readonly contentType: string | undefined },
): OwnRequest | undefined {
  const { method, target, body, contentType } = sent;
  const same = { ...(body === "" ? {} : { body }), ...(contentType === undefined ? {} : { contentType }) };
  // What is tried must be tried: a word that stands there already, or a method that something else takes the place of, could undo it.
  if (methods.length !== 1) return undefined;
  if ("same" in how) return onTrial(how, { method, host, target, ...same });
  if ("form" in how) {
    if (holdsKey(target.slice(target.indexOf("?") + 1), how.form) || holdsKey(body, how.form)) return undefined;
    const query = `${target}${target.includes("?") ? "&" : "?"}${how.form}`;
    return body === "" ? { method, host, target: query } : { method, host, target, ...same, body: `${body}&${how.form}` };
  }
  if ("graphql" in how) {
    const variables = plainOf(given);
    if (variables === undefined) return undefined;
    const own = JSON.stringify({ query: how.graphql, variables });
    return { method: "POST", host, target: path, body: own, contentType: "application/json" };
  }
  const id = lookups[0]?.id;
  const known: Known = (name) => {
    if (name === "id") return id === undefined ? [] : [id];
    return door[name] === undefined ? [] : [door[name]];
  };
  const names = [...how.read.matchAll(/\{([^}]+)\}/g)].map(([, name = ""]) => plainName(name));
  const [values] = combined(names, known);
  if (values === undefined) return undefined;
  return { ...requestOf(how.read, values, host), ...(how.body === "same" ? same : {}) };
}

/** The request itself with the word in its query; where a deletion's body takes the place of the query, in the body. */
function onTrial(
  { same, deleting }: Extract<ProviderPreview["how"], { readonly same: string }>,
  request: OwnRequest,
): OwnRequest | undefined {
  const { method, target, body = "" } = request;
  if (holdsKey(target.slice(target.indexOf("?") + 1), same)) return undefined;
  const tried = { ...request, target: `${target}${target.includes("?") ? "&" : "?"}${same}` };
  if (method !== "DELETE" || body === "") return tried;
  const parsed = parseStrictJson(body);
  if (deleting === undefined || !("tree" in parsed) || !(parsed.tree instanceof Map)) return undefined;
  const options = plainOf(parsed.tree);
  const there = [...(parsed.tree as ReadonlyMap<string, Tree>).keys()].map((key) => key.toLowerCase());
  if (options === undefined || Object.keys(deleting).some((key) => there.includes(key.toLowerCase()))) return undefined;
  return { ...tried, body: JSON.stringify({ ...(options as object), ...deleting }), contentType: "application/json" };
}

/** Whether a query or form has the key of `word` already, in any spelling. */
function holdsKey(text: string, word: string): boolean {
  const [key = ""] = word.toLowerCase().split("=");
  return text.split("&").some((part) => {
    const [name = ""] = part.split("=");
    return name.includes("%") || name.toLowerCase().replace(/\.\d+$/, "") === key;
  });
}

/** `undefined` where a part of it is not known. */
function plainOf(tree: Tree): unknown {
  if (tree === UNDETERMINED) return undefined;
  if (Array.isArray(tree)) {
    const items = (tree as readonly Tree[]).map(plainOf);
    return items.includes(undefined) ? undefined : items;
  }
  if (!(tree instanceof Map)) return tree;
  const entries = [...(tree as ReadonlyMap<string, Tree>)].map(([key, value]) => [key, plainOf(value)] as const);
  return entries.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(entries);
}
