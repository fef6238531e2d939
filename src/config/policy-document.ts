/**
 * Folds what a policy extends into it, and finds what only shows then: missing references, rings, doubled ids, conditions
 * that do not compile.
 * It does not compile the policy for an environment.
 */
import type { PolicyDocument } from "./compile-policy.ts";
import { compileCondition } from "./condition.ts";
import { nearest } from "./nearest.ts";
import type { PolicyEntry, RuleEntry } from "./policy-schema.ts";
import type { PathProblem } from "./yaml-text.ts";

export interface Resolution {
  readonly document: PolicyDocument;
  readonly problems: readonly PathProblem[];
}

/** Where the document of a name comes from: the `policies` of the file first, then the presets. */
export type Lookup = ReadonlyMap<string, PolicyEntry>;

/** `problems` are those of this entry alone, by their path inside it; a base that is itself wrong is reported at its own place. */
export function resolvePolicy(name: string, entry: PolicyEntry, known: Lookup, details?: readonly string[]): Resolution {
  const problems: PathProblem[] = [];
  const base = baseOf(name, entry, known, problems);
  const inherited = base?.rules ?? [];
  for (const [i, id] of (entry.without ?? []).entries()) {
    if (!inherited.some((rule) => rule.id === id))
      problems.push({
        path: ["without", i],
        ...unknownName(
          "rule",
          id,
          inherited.map((rule) => rule.id),
        ),
      });
  }
  const kept = inherited.filter((rule) => !(entry.without ?? []).includes(rule.id));
  const own = entry.rules ?? [];
  const ids = new Set(kept.map((rule) => rule.id));
  for (const [i, rule] of own.entries()) {
    if (ids.has(rule.id)) {
      problems.push({
        path: ["rules", i, "id"],
        message: `a rule \`${rule.id}\` is already there`,
        suggestion: "choose another id, or leave the inherited rule out with `without`",
      });
    }
    ids.add(rule.id);
    problems.push(...ruleProblems(rule, details).map((p) => ({ ...p, path: ["rules", i, ...p.path] })));
  }
  const mode = entry.mode ?? base?.mode ?? "enforce";
  const limits = [...(base?.limits ?? []), ...(entry.limits === undefined ? [] : [entry.limits])];
  const ddl = entry.examples_schema === undefined ? [] : [entry.examples_schema];
  const examplesSchema = [...(base?.examplesSchema ?? []), ...ddl];
  return { document: { name, mode, rules: [...kept, ...own], limits, examplesSchema }, problems };
}

function baseOf(name: string, entry: PolicyEntry, known: Lookup, problems: PathProblem[]): PolicyDocument | undefined {
  if (entry.extends === undefined) return undefined;
  const base = known.get(entry.extends);
  if (base === undefined) {
    problems.push({ path: ["extends"], ...unknownName("policy", entry.extends, known.keys()) });
    return undefined;
  }
  const ring = entry.extends === name ? [name, name] : ringFrom(entry.extends, known, [name, entry.extends]);
  if (ring !== undefined) {
    problems.push({ path: ["extends"], message: `policies extend each other in a ring: ${ring.join(" -> ")}` });
    return undefined;
  }
  return resolvePolicy(entry.extends, base, known).document;
}

/** The names from `seen` on to the first that comes twice; `undefined` when the chain ends. */
function ringFrom(name: string, known: Lookup, seen: readonly string[]): readonly string[] | undefined {
  const next = known.get(name)?.extends;
  if (next === undefined) return undefined;
  return seen.includes(next) ? [...seen, next] : ringFrom(next, known, [...seen, next]);
}

function ruleProblems(rule: RuleEntry, details: readonly string[] | undefined): readonly PathProblem[] {
  const problems: PathProblem[] = [];
  if (rule.when !== undefined) {
    const compiled = compileCondition(rule.when);
    if (!compiled.ok) {
      const { message, suggestion, offset } = compiled;
      problems.push({
        path: ["when"],
        offset,
        message: `the condition does not compile: ${message}`,
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    }
  }
  if ((rule.answer === "permit" || rule.answer === "bin") && Object.keys(rule.match).length === 0) {
    problems.push({
      path: ["match"],
      message: `a ${rule.answer} that matches everything`,
      suggestion: "name at least the operations it permits",
    });
  }
  if (rule.answer !== "permit" && rule.bin !== undefined) {
    problems.push({ path: ["bin"], message: "only a permit says whether the bin is used", suggestion: "remove `bin`, or answer `bin`" });
  }
  if (rule.answer === "forbid" && rule.recovery_point !== undefined) {
    problems.push({
      path: ["recovery_point"],
      message: "what is forbidden needs no recovery point",
      suggestion: "remove `recovery_point`",
    });
  }
  if (rule.answer === "permit" && rule.code !== undefined) {
    problems.push({ path: ["code"], message: "a permit gives no reason", suggestion: "remove `code`" });
  }
  if (rule.answer !== "permit" && rule.answer !== "bin" && rule.limits !== undefined) {
    problems.push({
      path: ["limits"],
      message: "only what lets something through has limits",
      suggestion: "remove `limits`, or make the rule a permit",
    });
  }
  if (details !== undefined) problems.push(...detailProblems(rule, details));
  return problems;
}

/** A word that no analysis ever gives would make a forbid silently mean nothing. */
function detailProblems(rule: RuleEntry, details: readonly string[]): readonly PathProblem[] {
  const { detail } = rule.match;
  const single = typeof detail === "string";
  const words = detail === undefined ? [] : single ? [detail] : detail;
  return words.flatMap((word, i) =>
    details.includes(word) ? [] : [{ path: ["match", "detail", ...(single ? [] : [i])], ...unknownName("detail", word, details) }],
  );
}

/** The message for a name that stands for nothing, with the nearest one that does. */
export function unknownName(what: string, name: string, known: Iterable<string>): { message: string; suggestion?: string } {
  const names = [...known];
  const near = nearest(name, names);
  const suggestion =
    near !== undefined ? `did you mean \`${near}\`?` : names.length > 0 && names.length <= 20 ? `known: ${names.join(", ")}` : undefined;
  return { message: `no ${what} is named \`${name}\``, ...(suggestion === undefined ? {} : { suggestion }) };
}
