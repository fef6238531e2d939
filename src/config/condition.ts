/**
 * A rule's `when`: a CEL expression, type-checked against what a decision knows and compiled once.
 * It does not catch what goes wrong while an expression runs: the decision turns that into a deny that names the rule.
 */
import { Environment, type ASTNode } from "@marcbachmann/cel-js";
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import { nearest } from "./nearest.ts";

export type Condition = (effect: Effect, facts: Facts) => boolean;

export type CompiledCondition =
  | { readonly ok: true; readonly condition: Condition }
  /** `offset` counts characters from the start of the expression. */
  | { readonly ok: false; readonly offset: number; readonly message: string; readonly suggestion?: string };

/** `effect.rows` where no number is certain: larger than any limit, so that `effect.rows <= 10` is false. */
export const ROWS_NOT_KNOWN = 9_223_372_036_854_775_807n;

const effectFields = {
  operation: "string",
  detail: "string",
  type: "string",
  name: "string",
  schema: "string",
  extent: "string",
  rows: "int",
  reversibility: "string",
  cause: "string",
  classification: "string",
  drill_age_days: "int",
  undoable: "bool",
  environment: "string",
  thing: "string",
  size_bytes: "int",
  newest_backup_days: "int",
  backup_coupling: "string",
  disarmed: "bool",
} as const;
const factsFields = {
  target: "string",
  environment: "string",
  database: "string",
  principal: "string",
  principal_kind: "string",
  role: "string",
  backup_age_days: "int",
  drill_age_days: "int",
} as const;

/** Everything an expression may name, for documentation and for suggestions. */
export const conditionNames: readonly string[] = [
  ...Object.keys(effectFields).map((name) => `effect.${name}`),
  ...Object.keys(factsFields).map((name) => `facts.${name}`),
];

const environment = new Environment({ unlistedVariablesAreDyn: false, limits: { maxDepth: 50, maxAstNodes: 500 } })
  .registerVariable({ name: "effect", schema: effectFields })
  .registerVariable({ name: "facts", schema: factsFields });

/** Regular expressions run without a time limit and over names that a stranger may choose. */
const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set(["matches"]);

/** Compiles `expression`; the first error of syntax or type is returned with its place. */
export function compileCondition(expression: string): CompiledCondition {
  try {
    const program = environment.parse(expression);
    const refused = refusedCall(program.ast);
    if (refused !== undefined) {
      return {
        ok: false,
        offset: refused,
        message: "`matches` is not available in a condition",
        suggestion: "use startsWith, endsWith or contains",
      };
    }
    const checked = program.check();
    if (!checked.valid) return failure(checked.error, expression);
    if (checked.type !== "bool")
      return { ok: false, offset: 0, message: `the condition is of type ${checked.type ?? "unknown"}, not bool` };
    return { ok: true, condition: (effect, facts) => asBoolean(program(contextOf(effect, facts))) };
  } catch (error) {
    return failure(error, expression);
  }
}

function asBoolean(value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError("the condition did not give a boolean");
  return value;
}

function contextOf(effect: Effect, facts: Facts): Record<string, unknown> {
  const { extent, resource } = effect;
  const dot = resource.name.indexOf(".");
  return {
    effect: {
      operation: effect.operation,
      detail: effect.detail,
      type: resource.type,
      name: resource.name,
      schema: dot < 0 ? "" : resource.name.slice(0, dot),
      extent: extent.kind,
      rows: extent.kind === "exact" || extent.kind === "at_most" ? BigInt(Math.ceil(extent.count)) : ROWS_NOT_KNOWN,
      reversibility: effect.reversibility,
      cause: effect.cause,
      classification: effect.classification ?? "",
      drill_age_days: daysOf(facts.recovery?.drilledDays[resource.name]),
      undoable: effect.undoable === true,
      ...thingOf(effect),
    },
    facts: {
      target: facts.target,
      environment: facts.environment,
      database: facts.database,
      principal: facts.principal,
      principal_kind: facts.principalKind,
      role: facts.role,
      backup_age_days: daysOf(facts.recovery?.backupAgeDays),
      drill_age_days: daysOf(facts.recovery?.drillAgeDays),
    },
  };
}

/** Of things behind APIs; a thing that was not asked about is as large and as badly kept as any. */
function thingOf({ thing }: Effect): Record<string, unknown> {
  return {
    environment: thing?.environment ?? "",
    thing: thing?.name ?? "",
    size_bytes: thing?.sizeBytes === undefined ? ROWS_NOT_KNOWN : BigInt(thing.sizeBytes),
    newest_backup_days: daysOf(thing?.newestBackupDays),
    backup_coupling: thing?.backupCoupling ?? "unknown",
    disarmed: thing?.disarmed !== undefined,
  };
}

/** What is not known is older than any limit, so that `facts.drill_age_days <= 7` is false. */
function daysOf(days: number | null | undefined): bigint {
  return days === null || days === undefined ? ROWS_NOT_KNOWN : BigInt(days);
}

/** Where a refused function is called, if it is: offset of the call in the expression. */
function refusedCall(node: unknown): number | undefined {
  if (Array.isArray(node)) {
    for (const member of node) {
      const found = refusedCall(member);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return undefined;
  const { op, args, start } = node as ASTNode;
  if ((op === "call" || op === "rcall") && REFUSED_FUNCTIONS.has(String((args as unknown[])[0]))) return start;
  return refusedCall(args);
}

function failure(error: unknown, expression: string): CompiledCondition {
  const { summary, range } = (error ?? {}) as { summary?: unknown; range?: { start?: unknown; end?: unknown } };
  const message = typeof summary === "string" ? summary : "the condition cannot be read";
  const start = typeof range?.start === "number" ? range.start : 0;
  const end = typeof range?.end === "number" ? range.end : start;
  const suggestion = suggestionFor(expression.slice(start, end), message);
  return { ok: false, offset: start, message: lowerFirst(message), ...(suggestion === undefined ? {} : { suggestion }) };
}

function suggestionFor(word: string, message: string): string | undefined {
  if (!/^(No such key|Unknown variable)/.test(message)) return undefined;
  const tails = conditionNames.map((name) => name.slice(name.indexOf(".") + 1));
  const near = nearest(word, [...tails, "effect", "facts"]);
  return near === undefined ? `known names: ${conditionNames.join(", ")}` : `did you mean \`${near}\`?`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
