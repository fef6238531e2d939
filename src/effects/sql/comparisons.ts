/**
 * What runs when values are compared: operators found by name and operands, and the functions of operator classes, which sorting,
 * grouping, joining and every index use without being named.
 * It does not walk operands.
 */
import type { OperatorInfo } from "../../catalogue/types.ts";
import { call } from "./calls.ts";
import { emitUnknown, type Place } from "./engine.ts";
import { knowledgeOf } from "./knowledge.ts";
import { nameParts, qualified } from "./tree.ts";
import { couldStandFor } from "./types-of.ts";

/** Types where they are certain. A prefix operator has no left operand: then `prefix` is true. */
export interface Operands {
  readonly left?: number | undefined;
  readonly right?: number | undefined;
  readonly prefix?: boolean;
}

const UNKNOWN: Operands = {};

/** Names that the grammar puts where an operator stands: SIMILAR TO, BETWEEN, IS DISTINCT FROM. */
const WRITTEN_AS_OPERATOR: ReadonlySet<string> = new Set([
  "BETWEEN",
  "NOT BETWEEN",
  "BETWEEN SYMMETRIC",
  "NOT BETWEEN SYMMETRIC",
  "<>",
  "=",
]);

/** Every operator the name could mean between these operands whose function is more than a computation. */
export function operatorByName(parts: readonly unknown[], at: Place, operands: Operands = UNKNOWN): void {
  const names = nameParts(parts);
  if (names === undefined || names.length === 0) return;
  const { schema, name } = qualified(names);
  const knowledge = knowledgeOf(at.catalogue);
  if (!knowledge.operatorNames.has(name) && !WRITTEN_AS_OPERATOR.has(name))
    emitUnknown(at, "no such operator is known", name, "unknown_function", "function");
  if (knowledge.comparesPlainly) return;
  const meant = at.catalogue.operators(schema, name, at.names).filter((operator) => fits(operator, operands, at));
  for (const { operator, fn } of knowledge.riskyOperators.get(name) ?? []) if (meant.includes(operator)) call(fn, [], at);
  // What is compared by one of these may be looked up, sorted or hashed by the class of a type that it takes.
  for (const { type, fn } of knowledge.riskyClasses) {
    const takes = (operand: number): boolean => operand !== 0 && couldStandFor(type, operand, at.catalogue);
    if (meant.some(({ left, right }) => right === 0 || takes(left) || takes(right))) call(fn, [], at);
  }
}

/** Whether values of these types could be compared by `=` in a way that is more than a computation. */
export function plainEquality(types: readonly (number | undefined)[], at: Place): boolean {
  const risky = knowledgeOf(at.catalogue).riskyOperators.get("=");
  if (risky === undefined) return true;
  const reached = new Set(at.catalogue.operators(undefined, "=", at.names));
  return !risky.some(
    ({ operator }) =>
      reached.has(operator) &&
      types.some((type) => couldStandFor(type, operator.left, at.catalogue) || couldStandFor(type, operator.right, at.catalogue)),
  );
}

/** Functions of operator classes that may run when values of this type are sorted, hashed or looked up; all when it is not certain. */
export function operatorClasses(at: Place, of?: number): void {
  for (const { type, fn } of knowledgeOf(at.catalogue).riskyClasses) if (couldStandFor(of, type, at.catalogue)) call(fn, [], at);
}

function fits({ left, right }: OperatorInfo, operands: Operands, { catalogue }: Place): boolean {
  // An operand type of DDL that is not known compares with everything.
  if (right === 0) return true;
  if (operands.prefix !== undefined && operands.prefix !== (left === 0)) return false;
  return (left === 0 || couldStandFor(operands.left, left, catalogue)) && couldStandFor(operands.right, right, catalogue);
}
