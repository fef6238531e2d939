/**
 * A proposal of a rule as a policy that can stand in the file: it extends the present one, permits exactly the proposed effects within
 * limits, and has the rules that asked leave exactly those out. It writes nothing and applies nothing.
 */
import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Effect } from "../model/effect.ts";
import { compilePolicy } from "./compile-policy.ts";
import type { TargetConfig } from "./config.ts";
import { configSchema } from "./config-schema.ts";
import { examine } from "./examine.ts";
import type { Policy } from "../policy/policy.ts";
import { resolvePolicy } from "./policy-document.ts";
import type { LimitsEntry, PolicyEntry, RuleEntry } from "./policy-schema.ts";
import { policySchema } from "./policy-schema.ts";
import { presetEntries } from "./presets.ts";
import { readYaml } from "./yaml-text.ts";

/** What is to pass. */
export interface LearnedRule {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly environment: TargetConfig["environment"];
  readonly database: string;
  /** A name, or one that ends in `*`. */
  readonly principal: string;
  readonly effects: readonly {
    readonly operation: Effect["operation"];
    readonly detail: string;
    readonly resource: Effect["resource"];
    readonly extent: Effect["extent"]["kind"];
    readonly cause: Effect["cause"];
    readonly reversibility: Effect["reversibility"];
    readonly classification: Effect["classification"] | null;
  }[];
  readonly rowsMax: number;
  readonly rowsPerTableMax: number;
  /** Ids of the rules that asked. */
  readonly asking: readonly string[];
  /** SQL that it covers. */
  readonly examples: readonly string[];
  readonly examplesSchema: string;
}

export interface LearnedPolicy {
  readonly name: string;
  /** An entry of `policies`. */
  readonly yaml: string;
  readonly policy: Policy;
}

type Entries = ReadonlyMap<string, PolicyEntry>;

/** The policies that the file at `path` may name; `undefined` when it cannot be read any more. */
export function policyEntriesOf(
  path: string,
): { readonly entries: Entries; readonly overrides: ReadonlyMap<string, LimitsEntry> } | undefined {
  const read = readYaml(readFileSync(path, "utf8"));
  if ("problems" in read) return undefined;
  const examined = examine(configSchema, read.yaml.data);
  if ("problems" in examined) return undefined;
  const { policies = {}, targets } = examined.value;
  const limits = Object.entries(targets).flatMap(([name, target]): [string, LimitsEntry][] =>
    target.limits === undefined ? [] : [[name, target.limits]],
  );
  return { entries: new Map([...presetEntries(), ...Object.entries(policies)]), overrides: new Map(limits) };
}

/** The message says why there is none: a rule that asked is not the policy's own, or what would be written is no policy. */
export function learnedPolicy(
  base: string,
  rule: LearnedRule,
  { entries, overrides }: { readonly entries: Entries; readonly overrides?: LimitsEntry | undefined },
): { readonly learned: LearnedPolicy } | { readonly message: string } {
  const found = entries.get(base);
  if (found === undefined) return { message: `no policy is named \`${base}\`` };
  const { rules } = resolvePolicy(base, found, entries).document;
  const asking = rules.filter(({ id }) => rule.asking.includes(id));
  if (asking.length === 0 || asking.length !== rule.asking.length) return { message: "the rules that asked are not the policy's own" };
  const name = `${base.slice(0, 40)}-${rule.id}`;
  const exempt = rule.effects.map((effect) => conditionOf(effect, rule)).join(" || ");
  const entry = {
    title: rule.title,
    extends: base,
    without: asking.map(({ id }) => id),
    ...(rule.examplesSchema === "" ? {} : { examples_schema: rule.examplesSchema }),
    rules: [...asking.map((each) => leavingOut(each, exempt)), ...rule.effects.map((effect, n) => permit(effect, n, rule))],
  };
  const examined = examine(policySchema, JSON.parse(JSON.stringify(entry)) as unknown);
  if ("problems" in examined) return { message: examined.problems[0]?.message ?? "it is no policy" };
  const { document, problems } = resolvePolicy(name, examined.value, entries);
  if (problems[0] !== undefined) return { message: problems[0].message };
  const policy = compilePolicy(document, { environment: rule.environment, ...(overrides === undefined ? {} : { overrides }) });
  return { learned: { name, yaml: stringify({ [name]: examined.value }, { lineWidth: 120 }), policy } };
}

function leavingOut(asking: RuleEntry, exempt: string): RuleEntry {
  const when = asking.when === undefined ? `!(${exempt})` : `(${asking.when}) && !(${exempt})`;
  return { ...asking, when };
}

function permit(effect: LearnedRule["effects"][number], n: number, rule: LearnedRule): RuleEntry {
  const { operation, detail, resource, extent, cause, reversibility, classification } = effect;
  const { environment, database, principal, rowsMax, rowsPerTableMax } = rule;
  return {
    id: rule.effects.length === 1 ? rule.id : `${rule.id}-${n + 1}`,
    title: rule.title,
    why: rule.why,
    answer: "permit",
    match: {
      operation,
      detail,
      resource_type: resource.type,
      resource_name: resource.name,
      extent,
      cause,
      reversibility,
      ...(classification === null || classification === undefined ? {} : { classification }),
      environment,
      principal,
      database,
    },
    limits: { rows_changed: rowsMax, rows_changed_per_transaction: rowsMax, rows_changed_per_table: rowsPerTableMax },
    examples: { matches: [...rule.examples], misses: [`DROP TABLE ${resource.name}`] },
  };
}

/** The same as the permit's match, so that no rule asks about less or more than what then passes. */
function conditionOf(
  { operation, detail, resource, extent, cause, reversibility, classification }: LearnedRule["effects"][number],
  rule: LearnedRule,
): string {
  const { environment, database, principal } = rule;
  const who = principal.endsWith("*")
    ? `facts.principal.startsWith(${word(principal.slice(0, -1))})`
    : `facts.principal == ${word(principal)}`;
  const parts = [
    `effect.operation == ${word(operation)}`,
    `effect.detail == ${word(detail)}`,
    `effect.type == ${word(resource.type)}`,
    `effect.name == ${word(resource.name)}`,
    `effect.extent == ${word(extent)}`,
    `effect.cause == ${word(cause)}`,
    `effect.reversibility == ${word(reversibility)}`,
    `effect.classification == ${word(classification ?? "")}`,
    `facts.environment == ${word(environment)}`,
    `facts.database == ${word(database)}`,
    who,
  ];
  return `(${parts.join(" && ")})`;
}

/** A CEL string takes JSON's escapes. */
function word(text: string): string {
  return JSON.stringify(text);
}
