/**
 * What is worked out once for a catalogue: which operators, casts and functions could do more than compute.
 * It does not analyse bodies; it only says where looking closer is needed.
 */
import type { Catalogue } from "../../catalogue/catalogue.ts";
import { isBuiltIn, type CastInfo, type FunctionInfo, type OperatorInfo, type Relation } from "../../catalogue/types.ts";
import type { Effect } from "../../model/effect.ts";
import { builtinMeanings } from "./builtins.ts";

export interface Knowledge {
  /** Operators by name, where one of them is more than a computation. */
  readonly riskyOperators: ReadonlyMap<string, readonly { readonly operator: OperatorInfo; readonly fn: FunctionInfo }[]>;
  /** Functions of operator classes that are more than a computation, with the type that each class is for. */
  readonly riskyClasses: readonly { readonly type: number; readonly fn: FunctionInfo }[];
  /** There are neither: then the types of operands do not matter. */
  readonly comparesPlainly: boolean;
  readonly operatorNames: ReadonlySet<string>;
  /** Implicit and assignment casts that run such a function. */
  readonly riskyCasts: readonly (CastInfo & { readonly fn: FunctionInfo })[];
  /** Effects of what was expanded before: functions and relations, under the names they were expanded with. */
  readonly expansions: Map<string, readonly Effect[]>;
}

const known = new WeakMap<Catalogue, Knowledge>();

export function knowledgeOf(catalogue: Catalogue): Knowledge {
  const found = known.get(catalogue);
  if (found !== undefined) return found;
  const made = makeKnowledge(catalogue);
  known.set(catalogue, made);
  return made;
}

function makeKnowledge(catalogue: Catalogue): Knowledge {
  const riskyOperators = new Map<string, { operator: OperatorInfo; fn: FunctionInfo }[]>();
  const operatorNames = new Set<string>();
  for (const operator of catalogue.lists.operators) {
    operatorNames.add(operator.name);
    const fn = catalogue.functionByOid(operator.functionOid);
    if (fn === undefined || onlyComputes(fn, catalogue)) continue;
    const same = riskyOperators.get(operator.name);
    if (same === undefined) riskyOperators.set(operator.name, [{ operator, fn }]);
    else same.push({ operator, fn });
  }
  const riskyCasts: (CastInfo & { fn: FunctionInfo })[] = [];
  for (const cast of catalogue.lists.casts) {
    const fn = cast.functionOid === 0 ? undefined : catalogue.functionByOid(cast.functionOid);
    if (fn !== undefined && !onlyComputes(fn, catalogue)) riskyCasts.push({ ...cast, fn });
  }
  const riskyClasses = riskyClassesOf(catalogue);
  const comparesPlainly = riskyOperators.size === 0 && riskyClasses.length === 0;
  return { riskyOperators, riskyClasses, comparesPlainly, operatorNames, riskyCasts, expansions: new Map() };
}

function riskyClassesOf(catalogue: Catalogue): Knowledge["riskyClasses"] {
  return (catalogue.lists.operatorClasses ?? []).flatMap(({ type, functions }) =>
    functions.flatMap((oid) => {
      const fn = catalogue.functionByOid(oid);
      return fn === undefined || onlyComputes(fn, catalogue) ? [] : [{ type, fn }];
    }),
  );
}

/** The relation whose rows a composite type describes: the server names the type after it. */
export function relationOfRowType(typeOid: number, catalogue: Catalogue): Relation | undefined {
  const type = catalogue.typeByOid(typeOid);
  if (type?.kind !== "composite") return undefined;
  const relation = catalogue.relation(type.schema, type.name, { searchPath: [], temporary: [] });
  return relation !== undefined && relation !== "temporary" && relation.rowType === typeOid ? relation : undefined;
}

/** Constructors of ranges and multiranges: the server makes them with each type (makeRangeConstructors in typecmds.c). */
const RANGE_CONSTRUCTOR = /^(range_constructor[23]|multirange_constructor[012])$/;

/** A later name for one of the server's own routines, which is known by the functions that carry its name. */
function wrapsComputation(routine: string, catalogue: Catalogue): boolean {
  if (RANGE_CONSTRUCTOR.test(routine)) return true;
  const same = catalogue.functionsNamed("pg_catalog", routine, { searchPath: [], temporary: [] });
  return same.length > 0 && same.every((fn) => isBuiltIn(fn.oid) && onlyComputes(fn, catalogue));
}

/** Made by initdb, so that its meaning is the server's own. */
export function isBuiltin(fn: FunctionInfo): boolean {
  return isBuiltIn(fn.oid) && (fn.schema === "pg_catalog" || fn.schema === "information_schema");
}

/** Whether a function can do nothing but compute a value from its arguments and what it may read. */
export function onlyComputes(fn: FunctionInfo, catalogue: Catalogue): boolean {
  if (fn.language === "internal" && fn.kind !== "aggregate" && !isBuiltIn(fn.oid)) return wrapsComputation(fn.body ?? "", catalogue);
  const meaning = builtinMeanings.get(fn.name);
  if (isBuiltin(fn)) return meaning === undefined ? fn.volatility !== "volatile" : meaning.kind === "harmless";
  if (fn.language !== "c" || fn.kind === "aggregate") return false;
  return meaning === undefined ? fn.volatility !== "volatile" : meaning.kind === "harmless";
}
