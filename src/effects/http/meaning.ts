/**
 * What one operation of a pack means in one request: its class and those that what stands inside adds, as effects.
 * It does not find operations.
 */
import type { Effect, Extent, Operation, Reversibility } from "../../model/effect.ts";
import type { Look, OperationClass, PackOperation } from "../../packs/pack.ts";
import type { CanonicalRequest } from "./canonical-request.ts";
import { printable } from "./texts.ts";
import { listedIn, namedIn, type Tree, UNDETERMINED, valuesAt } from "./tree.ts";

/** Where an operation was found: what can be looked into, and what it is called there. */
export interface Place {
  readonly provider: string;
  readonly request: CanonicalRequest;
  /** GraphQL arguments, variables put in. */
  readonly arguments?: Tree;
  readonly name?: string;
  /** What stands in place of the door's names, where it is no line with a path. */
  readonly places?: ReadonlyMap<string, string>;
  /** It came by a way that only reads. */
  readonly reads: boolean;
}

const meanings: Readonly<Record<OperationClass, readonly [Operation, Reversibility]>> = {
  destroy: ["delete", "irreversible"],
  wipe: ["delete", "irreversible"],
  restore: ["update", "irreversible"],
  disarm: ["define", "unknown"],
  exec: ["execute", "unknown"],
  credential: ["grant", "unknown"],
  transfer: ["update", "unknown"],
  publish: ["define", "irreversible"],
  money: ["execute", "irreversible"],
  outage: ["update", "reversible"],
  write: ["update", "reversible"],
  read: ["read", "reversible"],
};

/** What an effect was read from: only for as long as somebody holds the effect. */
const origins = new WeakMap<Effect, { readonly operation: PackOperation; readonly place: Place }>();

/** Operation and place of an effect that {@link effectsOfOperation} gave; of any other nothing. */
export function originOf(effect: Effect): { readonly operation: PackOperation; readonly place: Place } | undefined {
  return origins.get(effect);
}

/** One effect a class and thing: the request is all of them. */
export function effectsOfOperation(operation: PackOperation, place: Place): readonly Effect[] {
  const effects = ofEachThing(operation, place);
  for (const effect of effects) origins.set(effect, { operation, place });
  return effects;
}

/** Of longer lists nothing is known but that they are long. */
const NAMED_MAX = 20;

/** What is named by a list and by nothing else: each thing of it by itself. */
function ofEachThing(operation: PackOperation, place: Place): readonly Effect[] {
  const listed = place.name === undefined && nameIn(place) === undefined ? listIn(place) : [];
  if (listed?.length === 0) return classesOf(operation, place);
  const names = [...new Set(listed)];
  if (listed === undefined || names.length > NAMED_MAX) return classesOf({ ...operation, many: true }, place);
  return names.flatMap((name) => classesOf(operation, { ...place, name }));
}

function classesOf(operation: PackOperation, place: Place): readonly Effect[] {
  const hits = (operation.look ?? []).filter((look) => found(look, place));
  const base = effectOf(operation, place, operation.class, operation.reversibility);
  const added = hits.filter(
    (hit, index) => hit.class !== operation.class && hits.findIndex((other) => other.class === hit.class) === index,
  );
  const same = hits.find((hit) => hit.class === operation.class);
  const first = same === undefined ? base : { ...base, because: same.because, reversibility: same.reversibility ?? base.reversibility };
  return [first, ...added.map((hit) => ({ ...effectOf(operation, place, hit.class, hit.reversibility), because: hit.because }))];
}

/** The same effect of another class, for what was found out. */
export function asClass(effect: Effect, ofClass: OperationClass, because: string): Effect {
  const [operation, reversibility] = meanings[ofClass];
  const other: Effect = { ...effect, operation, reversibility, detail: ofClass, because };
  const origin = origins.get(effect);
  if (origin !== undefined) origins.set(other, origin);
  return other;
}

export function readEffect(provider: string, name: string): Effect {
  return plainEffect("read", `${provider}:${shownName(name)}`);
}

/** A change that no operation of the pack is. It is no harmless one. */
export function unknownChange(provider: string, name: string): Effect {
  const resource = { type: "api_resource" as const, name: `${provider}:${shownName(name)}` };
  const because = `no operation of the pack for ${provider} is this request`;
  return {
    operation: "unknown",
    resource,
    extent: { kind: "unknown" },
    reversibility: "unknown",
    cause: "direct",
    detail: "unknown",
    because,
  };
}

function effectOf({ id, thing, many, undo }: PackOperation, place: Place, ofClass: OperationClass, reversibility?: Reversibility): Effect {
  const name = place.name ?? nameIn(place) ?? "?";
  const effect = plainEffect(ofClass, `${place.provider}:${thing}/${shownName(name)}`);
  const extent: Extent = ofClass === "wipe" ? { kind: "unbounded" } : many === true ? { kind: "unknown" } : { kind: "exact", count: 1 };
  const shown = ofClass === "credential" && place.reads ? { operation: "read" as const, classification: "secret" as const } : {};
  const usual = undo === undefined || effect.reversibility !== "irreversible" ? effect.reversibility : "restorable";
  const because = undo === undefined ? id : `${id}; the provider's own undo: ${undo}`;
  return { ...effect, ...shown, extent, reversibility: reversibility ?? usual, because };
}

function plainEffect(ofClass: OperationClass, name: string): Effect {
  const [operation, reversibility] = meanings[ofClass];
  const resource = { type: "api_resource" as const, name };
  return { operation, resource, extent: { kind: "exact", count: 1 }, reversibility, cause: "direct", detail: ofClass };
}

function nameIn({ arguments: given, request }: Place): string | undefined {
  if (given !== undefined) return namedIn(given);
  return request.body.kind === "tree" ? (namedIn(request.body.tree) ?? namedIn(request.query)) : namedIn(request.query);
}

function listIn({ arguments: given, request }: Place): readonly string[] | undefined {
  if (given !== undefined) return listedIn(given);
  const inBody = request.body.kind === "tree" ? listedIn(request.body.tree) : [];
  return inBody?.length === 0 ? listedIn(request.query) : inBody;
}

/** Names come from outside: printable, and short. */
function shownName(name: string): string {
  return printable(name, 200);
}

function found({ at, is }: Look, place: Place): boolean {
  const space = at.indexOf(" ");
  const where = at.slice(0, space);
  const values = (where === "input" ? ["body", "query"] : [where]).flatMap((each) => valuesAt(treeAt(each, place), at.slice(space + 1)));
  if (values.includes(UNDETERMINED)) return true;
  switch (is) {
    case "present":
      return values.length > 0;
    case "absent":
      return values.length === 0;
    case "null":
      return values.includes(null);
    case "empty":
      return values.some(
        (value) => value === "" || (Array.isArray(value) && value.length === 0) || (value instanceof Map && value.size === 0),
      );
    default:
      return values.flatMap((value) => (Array.isArray(value) ? value : [value])).some((value) => is.some((wanted) => same(wanted, value)));
  }
}

function same(wanted: string | number | boolean, value: Tree): boolean {
  if (value === null || typeof value === "object" || typeof value === "symbol") return false;
  const [said, meant] = [String(value).trim().toLowerCase(), String(wanted).toLowerCase()];
  // Servers take a truth in many spellings, of a form above all.
  return said === meant || (spelled[meant]?.has(said) ?? false);
}

const spelled: Readonly<Record<string, ReadonlySet<string>>> = {
  true: new Set(["1", "yes", "on", "t", "y", "enabled"]),
  false: new Set(["0", "no", "off", "f", "n", "disabled"]),
};

function treeAt(where: string, { request, arguments: given }: Place): Tree {
  if (where === "argument") return given ?? new Map();
  if (where === "query") return request.query;
  if (where === "header") return request.headers;
  if (request.body.kind === "tree") return request.body.tree;
  return request.body.kind === "none" ? new Map() : UNDETERMINED;
}
