/**
 * Which operations of a service a method, path and query lead to, by the URI templates of its model.
 * What fits letter by letter is told apart as the servers do it, literal before label; what fits only letter case aside counts beside it.
 */
import { decodedSegment } from "./texts.ts";
import type { ModelOperation, ModelApi } from "./model-apis.ts";
import type { Tree } from "./tree.ts";

export interface RoutedOperation {
  readonly operation: ModelOperation;
  /** What stands in place of its labels, by their names. */
  readonly places: ReadonlyMap<string, string>;
}

export interface RouteAsked {
  readonly method: string;
  /** Segments, decoded no further than they came. */
  readonly segments: readonly string[];
  readonly query: ReadonlyMap<string, Tree>;
  readonly headers: ReadonlyMap<string, string>;
}

interface Template {
  readonly operation: ModelOperation;
  readonly method: string;
  readonly segments: readonly string[];
  /** Keys that must be there, and their value where one is named. */
  readonly query: readonly (readonly [key: string, value: string | undefined])[];
  readonly headers: readonly string[];
}

interface Fit {
  readonly template: Template;
  readonly places: ReadonlyMap<string, string>;
  /** Letter by letter. */
  readonly exact: boolean;
}

const read = new WeakMap<ModelApi, ReadonlyMap<string, readonly Template[]>>();

/** Empty: the service has no such route. */
export function routesTo(api: ModelApi, asked: RouteAsked): readonly RoutedOperation[] {
  const templates = templatesOf(api).get(asked.method) ?? [];
  const fits = templates.flatMap((template) => fitOf(template, asked) ?? []);
  const exact = fits.filter((fit) => fit.exact);
  const best = exact.filter((fit) => !exact.some((other) => other !== fit && outdoes(other.template, fit.template)));
  const counted = [...best, ...fits.filter((fit) => !fit.exact)];
  return counted
    .filter(({ template }, index) => counted.findIndex((one) => one.template.operation.name === template.operation.name) === index)
    .map(({ template, places }) => ({ operation: template.operation, places }));
}

function templatesOf(api: ModelApi): ReadonlyMap<string, readonly Template[]> {
  const known = read.get(api);
  if (known !== undefined) return known;
  const byMethod = new Map<string, Template[]>();
  for (const operation of api.routed()) {
    if (operation.route === undefined) continue;
    const { method, uri } = operation.route;
    const [place = "", ...headers] = uri.split("#");
    const [path = "", query = ""] = place.split("?");
    const keys = query
      .split("&")
      .filter((each) => each !== "")
      .map((each) => {
        const [key = "", value] = each.split("=");
        return [key, value] as const;
      });
    const template = { operation, method, segments: path.split("/").filter((each) => each !== ""), query: keys, headers };
    byMethod.set(method, [...(byMethod.get(method) ?? []), template]);
  }
  read.set(api, byMethod);
  return byMethod;
}

/** Of a canonical path, which holds an empty one only where that is part of a name. */
export function segmentsOf(path: string): readonly string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}

function fitOf(template: Template, { segments, query, headers }: RouteAsked): Fit | undefined {
  const places = new Map<string, string>();
  let exact = true;
  for (const [index, wanted] of template.segments.entries()) {
    const there = segments[index];
    if (there === undefined) return undefined;
    const label = /^\{([^}+]+)(\+?)\}$/.exec(wanted);
    if (label !== null && label[2] === "+") {
      const after = template.segments.length - index - 1;
      // A label of several segments, and what must follow it.
      const end = segments.length - after;
      if (end <= index) return undefined;
      places.set(label[1] ?? "", segments.slice(index, end).join("/"));
      const rest = fitOf(
        { ...template, segments: template.segments.slice(index + 1) },
        { method: "", segments: segments.slice(end), query, headers },
      );
      return rest === undefined ? undefined : { template, places: new Map([...places, ...rest.places]), exact: exact && rest.exact };
    }
    const fit = segmentFit(wanted, there, places);
    if (fit === undefined) return undefined;
    exact &&= fit;
  }
  if (segments.length > template.segments.length) return undefined;
  for (const [key, value] of template.query) {
    const there = query.has(key) && (value === undefined || query.get(key) === value);
    if (there) continue;
    if (![...query].some(([each, given]) => each.toLowerCase() === key.toLowerCase() && sameText(given, value))) return undefined;
    exact = false;
  }
  return template.headers.every((name) => headers.has(name)) ? { template, places, exact } : undefined;
}

/** Whether it fits letter by letter; `undefined` where it does not fit. A date is any date: versions of an API differ in it. */
function segmentFit(wanted: string, there: string, places: Map<string, string>): boolean | undefined {
  const label = /^\{([^}+]+)\}$/.exec(wanted)?.[1];
  if (label !== undefined) {
    // No name is empty: what the server makes of it is not known.
    if (there === "") return undefined;
    places.set(label, there);
    return true;
  }
  if (wanted === there || (DATE.test(wanted) && DATE.test(there))) return true;
  if (wanted.includes("{")) {
    const pieces = wanted.split(/(\{[^}]+\})/).map((each) => (each.startsWith("{") ? "(.+)" : each.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")));
    const found = new RegExp(`^${pieces.join("")}$`, "i").exec(there);
    if (found === null) return undefined;
    for (const [index, [, name = ""]] of [...wanted.matchAll(/\{([^}+]+)\+?\}/g)].entries()) places.set(name, found[index + 1] ?? "");
    return true;
  }
  return decodedSegment(there).toLowerCase() === wanted.toLowerCase() ? false : undefined;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

function sameText(given: Tree, value: string | undefined): boolean {
  return value === undefined || typeof given !== "string" || given.toLowerCase() === value.toLowerCase();
}

/** Of two that fit: the more literal path, segment by segment; of the same path the one that demands more. */
function outdoes(one: Template, other: Template): boolean {
  const length = Math.max(one.segments.length, other.segments.length);
  for (let index = 0; index < length; index++) {
    const difference = rankOf(one.segments[index]) - rankOf(other.segments[index]);
    if (difference !== 0) return difference < 0;
  }
  const keys = (each: Template) => [...each.query.map(([key, value]) => `${key}=${value ?? ""}`), ...each.headers];
  return keys(one).length > keys(other).length && keys(other).every((key) => keys(one).includes(key));
}

/** A literal, a label, a label of several segments, nothing. */
function rankOf(segment: string | undefined): number {
  if (segment === undefined) return 3;
  if (!segment.includes("{")) return 0;
  return segment.includes("+}") ? 2 : 1;
}
