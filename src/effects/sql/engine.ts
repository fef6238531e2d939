/**
 * What the parts of the analysis share: the place a node stands in, the sink that gathers effects, and the engine that ties
 * the mutually recursive parts together. It does not analyse anything itself.
 */
import type { Catalogue, Names } from "../../catalogue/catalogue.ts";
import { isTemporarySchema } from "../../catalogue/search-path.ts";
import type { FunctionInfo, Relation } from "../../catalogue/types.ts";
import type { SqlContext } from "../../model/action.ts";
import type { Cause, Effect, Extent, Operation, Resource, ResourceType, Reversibility } from "../../model/effect.ts";
import type { Fields } from "./tree.ts";

/** What an alias in FROM stands for: a resolved relation, or rows whose columns are not known by name (subquery, function, CTE). */
export interface Source {
  readonly alias: string;
  readonly relation: Relation | undefined;
  /** Column names where they are known. */
  readonly columns: ReadonlySet<string> | undefined;
}

export interface Scope {
  readonly parent: Scope | undefined;
  /** Names bound by WITH in this query. */
  readonly ctes: ReadonlySet<string>;
  readonly sources: readonly Source[];
  /** Variables of a PL/pgSQL body or the parameters of a SQL function. */
  readonly variables: ReadonlySet<string> | undefined;
}

export type WriteKind = "insert" | "update" | "delete" | "truncate";

/** Where a node stands: replaced with a changed copy on the way down, never mutated. */
export interface Place {
  readonly engine: Engine;
  readonly catalogue: Catalogue;
  readonly names: Names;
  /** Where names of a stored definition are being resolved: those under which bodies of functions that it calls run. */
  readonly runtime?: Names;
  readonly role: string;
  /** What the session may put back or narrow of itself; absent in bodies whose result is kept for other sessions. */
  readonly own?: { readonly roleAsAtLogin: boolean; readonly timeLimits: SqlContext["timeLimits"] };
  readonly sink: Sink;
  readonly cause: Cause;
  /** Inside something that may run many times: counts are not certain. */
  readonly repeated: boolean;
  /** In a definition: the expression is stored, not run. */
  readonly stored: boolean;
  /** In EXPLAIN without ANALYZE: only what the planner itself runs counts. */
  readonly planned: boolean;
  /** Temporary relations that this text or body has made so far; grows as statements are walked in order. */
  readonly made: Set<string>;
  /** Those of them that are views: what they pass on is not followed. */
  readonly madeViews: Set<string>;
  /** Counts expansions that were cut short because they were already under way: their result is not the whole one. */
  readonly cuts: Cuts;
  /** OIDs of functions and relations under expansion, innermost last: ends cycles. */
  readonly expanding: readonly number[];
  readonly depth: number;
  readonly scope: Scope | undefined;
}

/**
 * Within one outermost expansion everything found ends up in one place, so nothing needs to be followed twice there: not what was
 * cut short in a cycle, and not the same write. A result that rests on this counts as cut, and is not kept.
 */
export interface Cuts {
  count: number;
  readonly partial: Map<string, readonly Effect[]>;
  readonly written: Set<string>;
}

/** What was found before in this outermost expansion, though cut short. */
export function partialResult(key: string, at: Place): readonly Effect[] | undefined {
  const found = at.expanding.length === 0 ? undefined : at.cuts.partial.get(key);
  if (found !== undefined) at.cuts.count += 1;
  return found;
}

export function noCuts(): Cuts {
  return { count: 0, partial: new Map(), written: new Set() };
}

export interface Engine {
  /** Any wrapped node, a list of them, or nothing. */
  nodes(value: unknown, at: Place): void;
  /** A node of a known type. */
  visit(tag: string, fields: Fields, at: Place): void;
  /** Every field of a node but those in `except`. */
  children(tag: string, fields: Fields, at: Place, except?: readonly string[]): void;
  /** One whole statement inside another: a CTE, a rule's action, a statement of a body. */
  statement(value: unknown, at: Place): void;
  /** SQL text that the catalogue or a literal holds: an expression, or whole statements. */
  expressionText(text: string, at: Place): void;
  statementsText(text: string, at: Place): void;
  read(relation: Relation, at: Place): void;
  write(kind: WriteKind, relation: Relation, change: Change, at: Place): void;
  /** A call by name; `args` are the argument nodes. */
  callByName(schema: string | undefined, name: string, args: readonly unknown[], at: Place): void;
  call(fn: FunctionInfo, args: readonly unknown[], at: Place): void;
}

export interface Change {
  readonly extent: Extent;
  /** Columns given a value; `undefined` when every column may be. */
  readonly columns: ReadonlySet<string> | undefined;
  /** False after ONLY. */
  readonly descend: boolean;
  readonly detail: string;
}

/** Gathers effects, each once. */
export class Sink {
  private readonly found = new Map<string, Effect>();

  add(effect: Effect): void {
    const extent = "count" in effect.extent ? `${effect.extent.kind}${effect.extent.count}` : effect.extent.kind;
    const key = `${effect.operation}|${effect.resource.type}|${effect.resource.name}|${effect.cause}|${effect.detail}|${extent}`;
    const known = this.found.get(key);
    if (known === undefined) return void this.found.set(key, effect);
    // The same rows by another way, on which they are not kept.
    if (known.undoable === true && effect.undoable !== true) {
      const { undoable: _, ...rest } = known;
      this.found.set(key, rest);
    }
  }

  get effects(): readonly Effect[] {
    return [...this.found.values()];
  }
}

export const ONE: Extent = { kind: "exact", count: 1 };
export const UNBOUNDED: Extent = { kind: "unbounded" };
/** Why a relation is unknown that the catalogue does not hold. */
export const NO_SUCH_RELATION = "no such table or view is known";
export const UNCERTAIN: Extent = { kind: "unknown" };

export interface Finding {
  readonly operation: Operation;
  readonly resource: Resource;
  readonly detail: string;
  readonly extent?: Extent;
  readonly reversibility?: Reversibility;
  readonly classification?: Effect["classification"];
  readonly because?: string;
  readonly cause?: Cause;
  readonly undoable?: boolean;
}

/** Adds an effect at this place: its cause and certainty come from the place unless given. */
export function emit(at: Place, found: Finding): void {
  if (at.planned || (at.stored && found.detail !== "stored_call" && found.detail !== "stored_change")) return;
  const extent = found.extent ?? ONE;
  at.sink.add({
    operation: found.operation,
    resource: found.resource,
    extent: at.repeated ? loosened(extent) : extent,
    reversibility: found.reversibility ?? "unknown",
    cause: found.cause ?? at.cause,
    detail: found.detail,
    ...(found.classification === undefined ? {} : { classification: found.classification }),
    ...(found.because === undefined ? {} : { because: found.because }),
    ...(found.undoable === true ? { undoable: true as const } : {}),
  });
}

/** A relation by name: one that this text has made as temporary comes first, then the catalogue. */
export function lookUp(schema: string | undefined, name: string, at: Place): Relation | "temporary" | undefined {
  if ((schema === undefined || isTemporarySchema(schema)) && at.made.has(name)) return "temporary";
  return at.catalogue.relation(schema, name, at.names);
}

/** Whether a temporary relation's name, `pg_temp.x`, means another relation where the temporary one is not. */
export function hidesRelation(name: string, at: Pick<Place, "catalogue" | "names">): boolean {
  const bare = name.slice(name.indexOf(".") + 1);
  return at.catalogue.relation(undefined, bare, { ...at.names, temporary: [] }) !== undefined;
}

/** Whether this temporary relation is a view: it passes changes on to tables that are not known. */
export function isTemporaryView(name: string, at: Place): boolean {
  return at.madeViews.has(name) || at.names.temporaryViews?.includes(name) === true;
}

/**
 * Names in a stored definition: those that the server printed name everything outside pg_catalog in full; those taken from DDL text
 * mean what they meant under the search path they were written under. Bodies of functions called there run under the session's own.
 */
export function definedNames(object: { readonly schema: string; readonly path?: readonly string[] }, at: Place): Place {
  const searchPath = object.path ?? at.names.searchPath;
  const own = object.path !== undefined && !isTemporarySchema(object.schema);
  return {
    ...at,
    runtime: at.runtime ?? at.names,
    names: {
      searchPath: ["pg_catalog", ...searchPath.filter((schema) => schema !== "pg_catalog")],
      // A lasting definition that were about a temporary table would be temporary itself.
      temporary: own ? [] : at.names.temporary,
      ...(own || at.names.temporaryViews === undefined ? {} : { temporaryViews: at.names.temporaryViews }),
    },
  };
}

/** What the memo of expansions depends on besides the object. */
export function namesKey(at: Place): string {
  const own = namesText(at, at.names);
  return at.runtime === undefined ? own : `${own}|${namesText(at, at.runtime)}`;
}

function namesText(at: Place, names: Names): string {
  return `${names.searchPath.join(",")}|${names.temporary.join(",")}|${(names.temporaryViews ?? []).join(",")}|${[...at.made].join(",")}|${[...at.madeViews].join(",")}|${at.role}`;
}

/** What may happen any number of times has no certain count. */
export function loosened(extent: Extent): Extent {
  return extent.kind === "exact" || extent.kind === "at_most" ? UNCERTAIN : extent;
}

export function emitUnknown(at: Place, because: string, name = "statement", detail = "unknown", type: ResourceType = "unknown"): void {
  emit(at, { operation: "unknown", resource: { type, name }, detail, extent: UNCERTAIN, because });
}

/** The resolved identity of a catalogue object, `schema.name`; `pg_temp` stands for the session's own schema. */
export function identity(object: { readonly schema: string; readonly name: string }): string {
  return `${object.schema}.${object.name}`;
}

/** A name as written, for what the catalogue does not know. */
export function writtenName(schema: string | undefined, name: string): string {
  return schema === undefined ? name : `${schema}.${name}`;
}
