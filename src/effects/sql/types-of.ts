/**
 * The type of an expression where the text and the catalogue leave no doubt, and whether it could stand for an argument of another.
 * It does not resolve overloads; whatever is not certain is `undefined`, and that could be anything.
 */
import type { Catalogue } from "../../catalogue/catalogue.ts";
import type { TypeInfo } from "../../catalogue/types.ts";
import type { Place, Scope } from "./engine.ts";
import { flag, list, nameParts, part, qualified, stringOf, tagged, text, type Fields } from "./tree.ts";

const BOOL = 16;
const INT4 = 23;
const NUMERIC = 1700;
const INT4_MAX = 2 ** 31 - 1;

/** OID of the type, domains taken down to what they are of. */
export function typeOfExpression(node: unknown, at: Place): number | undefined {
  const found = tagged(node);
  switch (found?.tag) {
    case "A_Const":
      return ofConstant(found.fields);
    case "TypeCast":
      return ofCast(part(found.fields, "typeName"), at);
    case "ColumnRef":
      return ofColumn(list(found.fields, "fields").map(stringOf), at);
    case "FuncCall":
      return ofCall(found.fields, at);
    default:
      return undefined;
  }
}

/** A string may become of any type, and so may NULL. */
function ofConstant(constant: Fields): number | undefined {
  const whole = part(constant, "ival");
  if (whole !== undefined) return Math.abs(Number(whole["ival"] ?? 0)) <= INT4_MAX ? INT4 : undefined;
  if (part(constant, "boolval") !== undefined) return BOOL;
  const written = part(constant, "fval");
  // A whole number that is too long for int4 is an int8, and beyond that numeric.
  return written !== undefined && !/^[0-9_]+$/.test(text(written, "fval")) ? NUMERIC : undefined;
}

function ofCast(typeName: Fields | undefined, at: Place): number | undefined {
  if (typeName === undefined || list(typeName, "arrayBounds").length > 0) return undefined;
  const parts = nameParts(list(typeName, "names"));
  if (parts === undefined || parts.length === 0) return undefined;
  const { schema, name } = qualified(parts);
  return baseTypeOf(at.catalogue.type(schema, name, at.names)?.oid, at.catalogue);
}

function ofColumn(names: readonly (string | undefined)[], at: Place): number | undefined {
  const column = names.at(-1);
  if (column === undefined || names.length > 2) return undefined;
  const type = names.length === 2 ? ofQualified(names[0], column, at.scope) : ofUnqualified(column, at.scope);
  return baseTypeOf(type, at.catalogue);
}

function ofQualified(alias: string | undefined, column: string, scope: Scope | undefined): number | undefined {
  for (let here = scope; here !== undefined && alias !== undefined; here = here.parent) {
    if (here.variables !== undefined) return undefined;
    const named = here.sources.filter((source) => source.alias === alias);
    if (named.length > 1) return undefined;
    if (named[0] !== undefined) return named[0].relation?.columns.find(({ name }) => name === column)?.type;
  }
  return undefined;
}

/** Only where the columns of everything in the innermost FROM are known and one of them has it. */
function ofUnqualified(column: string, scope: Scope | undefined): number | undefined {
  if (scope === undefined || scope.variables !== undefined || scope.sources.some(({ relation }) => relation === undefined))
    return undefined;
  const types = scope.sources.flatMap(({ relation }) => relation?.columns.filter(({ name }) => name === column) ?? []);
  return types.length === 1 ? types[0]?.type : undefined;
}

/** What every function it could be returns, when that is one plain type. */
function ofCall(call: Fields, at: Place): number | undefined {
  const parts = flag(call, "agg_within_group") ? undefined : nameParts(list(call, "funcname"));
  if (parts === undefined || parts.length === 0) return undefined;
  const { schema, name } = qualified(parts);
  const candidates = at.catalogue.functions(schema, name, list(call, "args").length, at.names, true);
  const returns = new Set(candidates.map((fn) => fn.returns));
  const [only] = returns;
  if (only === undefined || returns.size > 1 || at.catalogue.typeByOid(only)?.kind === "pseudo") return undefined;
  return baseTypeOf(only, at.catalogue);
}

/** The type that a domain is of, whatever lies between; `undefined` for a type that is not known. */
export function baseTypeOf(oid: number | undefined, catalogue: Catalogue): number | undefined {
  let type = oid === undefined ? undefined : catalogue.typeByOid(oid);
  for (let depth = 0; type?.kind === "domain" && depth < 64; depth += 1) type = catalogue.typeByOid(type.baseType);
  return type === undefined || type.kind === "domain" ? undefined : type.oid;
}

/** Pseudo-types that take one kind of type; every other takes any. */
function takenBy(pseudo: number, { oid, kind, element }: TypeInfo): boolean {
  switch (pseudo) {
    case 2249: // record
      return kind === "composite" || kind === "pseudo";
    case 2277: // anyarray
    case 5078: // anycompatiblearray
    case 2287: // record[]
      // int2vector and oidvector count as arrays here.
      return element !== 0 || oid === 22 || oid === 30;
    case 3500: // anyenum
      return kind === "enum";
    case 3831: // anyrange
    case 5080: // anycompatiblerange
      return kind === "range";
    case 4537: // anymultirange
    case 4538: // anycompatiblemultirange
      return kind === "multirange";
    default:
      return true;
  }
}

/** Whether the server might take a value of type `from` for an argument of type `to` without being told. `undefined` is any type. */
export function couldStandFor(from: number | undefined, to: number, catalogue: Catalogue): boolean {
  const wanted = baseTypeOf(to, catalogue);
  if (from === undefined || wanted === undefined || from === wanted) return true;
  const [given, target] = [catalogue.typeByOid(from), catalogue.typeByOid(wanted)];
  if (given === undefined || target === undefined) return true;
  if (target.kind === "pseudo") return takenBy(wanted, given);
  // Rows may be of a table below; elements of arrays are cast one by one.
  if (given.kind === "composite" && target.kind === "composite") return true;
  if (given.element !== 0 && target.element !== 0) return couldStandFor(given.element, target.element, catalogue);
  return catalogue.lists.casts.some((cast) => cast.source === from && cast.target === wanted && cast.context === "implicit");
}
