/**
 * Which things a request's effects are about, as its pack says it: what has to be asked before the request is judged.
 * It asks nothing.
 */
import type { Effect } from "../../model/effect.ts";
import type { MeansRule, NamePlace, OperationLookup, PackThing, ProviderPreview } from "../../packs/lookup.ts";
import type { OperationClass, Pack, PackOperation } from "../../packs/pack.ts";
import { originOf, type Place } from "./meaning.ts";
import { packOf } from "./pack-of.ts";
import { flat } from "./resolve-paths.ts";
import { decodedSegment, plainText } from "./texts.ts";
import { type Tree, valuesAt } from "./tree.ts";

/** One thing that one effect is about. */
export interface Lookup {
  readonly kind: string;
  readonly id: string;
  readonly thing: PackThing;
}

export interface EffectLookups {
  readonly effect: Effect;
  readonly operation: PackOperation;
  readonly provider: string;
  readonly class: OperationClass;
  /** The first is what it is about. Empty: the request shows none, or the pack knows of none. */
  readonly lookups: readonly Lookup[];
  /** Names of the door's places, decoded, and of those that the preview asks for. */
  readonly door: Readonly<Record<string, string>>;
  /** The method as sent, and every other that something puts in its place. */
  readonly methods: readonly string[];
  /** Where the request itself goes. */
  readonly host: string;
  readonly path: string;
  /** GraphQL arguments, variables put in. */
  readonly given: Tree;
  readonly rules: OperationLookup | undefined;
  /** What answers may make of it: of an effect of the operation's own class. */
  readonly means: readonly MeansRule[];
  /** Path as it is sent. */
  readonly own: string;
  /** Whatever it names belongs to no environment. */
  readonly unplaced: boolean;
}

/** Things of one effect, and ids of one request, that are asked about: more are said to be too many. */
export const LOOKUPS_MAX = 8;

/** Of the effects that change something, in their order. */
export function lookupsOf(effects: readonly Effect[]): readonly EffectLookups[] {
  return effects.flatMap((effect): readonly EffectLookups[] => {
    if (effect.operation === "read" || effect.resource.type !== "api_resource") return [];
    const origin = originOf(effect);
    const pack = origin === undefined ? undefined : packOf(origin.place.request.host, origin.place.request.provider);
    if (origin === undefined || pack === undefined) return [];
    const { operation, place } = origin;
    const rules = pack.lookups?.operations[operation.id] ?? trialOf(operation);
    const door = doorNames(operation, place);
    const { host, path, methods } = place.request;
    return [
      {
        effect,
        operation,
        provider: pack.provider,
        class: effect.detail as OperationClass,
        lookups: rules === undefined ? [] : named(rules, pack, place, door),
        door: { ...previewNames(rules?.preview, place, door), ...door },
        host,
        path,
        methods,
        given: place.arguments ?? new Map(),
        rules,
        means: effect.detail === operation.class ? (rules?.means ?? []).filter((each) => appliesTo(each, place)) : [],
        own: place.request.own,
        unplaced: (rules?.names ?? []).every(({ thing }) => pack.lookups?.things[thing]?.unplaced === true),
      },
    ];
  });
}

function appliesTo({ unless = [], with: needed }: MeansRule, place: Place): boolean {
  return !hasAny(unless, place) && (needed === undefined || (place.request.body.kind !== "opaque" && hasAny([needed], place)));
}

/** Whether something stands at one of the places; a body that is not read may hold anything. */
function hasAny(places: readonly NamePlace[], place: Place): boolean {
  return places.some((where) => {
    const [root = "", path = ""] = where.split(" ");
    if (root === "body" && place.request.body.kind === "opaque") return true;
    return valuesAt(treeOf(root, place), path).length > 0;
  });
}

function trialOf({ trial }: PackOperation): OperationLookup | undefined {
  return trial === undefined ? undefined : { names: [], preview: trial };
}

function named({ names }: OperationLookup, pack: Pack, place: Place, door: Readonly<Record<string, string>>): readonly Lookup[] {
  return names.flatMap(({ thing: kind, at }): readonly Lookup[] => {
    const thing = pack.lookups?.things[kind];
    if (thing === undefined) return [];
    const first = at.map((where) => idsAt(where, place, door)).find((ids) => ids.length > 0) ?? [];
    return [...new Set(first)].map((id) => ({ kind, id, thing }));
  });
}

/** The first text at each of the places that the preview names. */
function previewNames(
  preview: ProviderPreview | undefined,
  place: Place,
  door: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const from = preview !== undefined && "read" in preview.how ? (preview.how.with ?? {}) : {};
  return Object.fromEntries(
    Object.entries(from).flatMap(([name, at]) => {
      const [value] = at.map((where) => idsAt(where, place, door)).find((texts) => texts.length > 0) ?? [];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function idsAt(where: NamePlace, place: Place, door: Readonly<Record<string, string>>): readonly string[] {
  const keys = where.startsWith("keys ");
  const [root = "", path = ""] = (keys ? where.slice(5) : where).split(" ");
  if (root === "path") return door[path] === undefined ? [] : [door[path]];
  const values = valuesAt(treeOf(root, place), path);
  if (keys) return values.flatMap((value) => (value instanceof Map ? [...(value as ReadonlyMap<string, Tree>).keys()] : []));
  return values.flatMap(flat).flatMap(plainText);
}

function treeOf(root: string, { request, arguments: given }: Place): Tree {
  if (root === "argument") return given ?? new Map();
  if (root === "query") return request.query;
  return request.body.kind === "tree" ? request.body.tree : new Map();
}

const notRoutes: ReadonlySet<string> = new Set(["GQL", "AWS", "GRPC"]);

/** What the places of the operation's doors are called in this request: of every door that fits, the first to name it. */
function doorNames({ doors }: PackOperation, { request, places }: Place): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.fromEntries([...(places ?? [])].map(([name, value]) => [name, decodedSegment(value)]));
  for (const door of doors) {
    const [methods = "", where = ""] = door.split(" ");
    if (notRoutes.has(methods) || !request.methods.some((method) => methods.split("+").includes(method))) continue;
    const pattern = where.slice(where.indexOf("/") + 1).split("/");
    const names = namesIn(pattern, request.path.split("/").slice(1));
    for (const [name, value] of Object.entries(names ?? {})) found[name] ??= value;
  }
  return found;
}

/** `**` is any number of segments: the fewest with which the rest fits. */
function namesAfter(
  pattern: readonly string[],
  path: readonly string[],
  names: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  if (pattern.length === 0) return names;
  for (let skipped = 0; skipped < path.length; skipped++) {
    const found = namesIn(pattern, path.slice(skipped));
    if (found !== undefined) return { ...names, ...found };
  }
  return undefined;
}

/** Segment by segment. */
function namesIn(pattern: readonly string[], path: readonly string[]): Readonly<Record<string, string>> | undefined {
  const names: Record<string, string> = {};
  for (const [index, segment] of pattern.entries()) {
    if (segment === "**") return namesAfter(pattern.slice(index + 1), path.slice(index), names);
    const there = path[index];
    if (there === undefined) return undefined;
    const [, name, rest] = /^\{([^}*]*)(\*?)\}$/.exec(segment) ?? [];
    if (name === undefined) {
      if (!fits(segment, there)) return undefined;
    } else {
      names[name] = decodedSegment(rest === "*" ? path.slice(index).join("/") : there);
      if (rest === "*") return names;
    }
  }
  return path.length > pattern.length && path[pattern.length] !== "" ? undefined : names;
}

function fits(segment: string, there: string): boolean {
  const source = segment.split(/(\{[^}]*\}|\*)/).map((piece) => (/^[{*]/.test(piece) ? ".*" : piece.replace(/[\\^$.+?()[\]|]/g, "\\$&")));
  return new RegExp(`^${source.join("")}$`, "i").test(there);
}
