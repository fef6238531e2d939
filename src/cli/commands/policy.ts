/**
 * `holdfast policy`: checks a configuration, tries the examples of its rules, and shows what a policy says.
 * It changes nothing, and never decides about a real action.
 */
import { figure } from "../../base/counted.ts";
import { environments, type Environment } from "../../model/principal.ts";
import type { Policy, Rule } from "../../policy/policy.ts";
import { exitCodes, wrongUse } from "../errors.ts";
import { padEnd, paragraph, table, visible } from "../output.ts";
import { policyNamed } from "../policies.ts";
import { setExit } from "../exit.ts";
import { configOption, readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "../define.ts";

interface Options {
  readonly config?: string;
  readonly environment: string;
  readonly json?: boolean;
}

export const define: Define = (command, terminal) => {
  const environmentOption = ["-e, --environment <name>", `limits and conditions as in: ${environments.join(", ")}`, "production"] as const;
  command
    .command("check")
    .summary("check the configuration and every policy in it")
    .addOption(configOption())
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExamples:\n  holdfast policy check\n  holdfast policy check --config staging.yaml\n")
    .action((options: Options) => check(options, terminal));
  command
    .command("test [policy]")
    .summary("try each rule on the examples it carries")
    .description("Try each rule on the examples it carries. Without a name: every policy that the configuration uses.")
    .addOption(configOption())
    .option(...environmentOption)
    .option("--json", "print one JSON object an example")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast policy test guarded-writes\n  holdfast policy test my-policy.yaml\n" +
        "  holdfast policy test\n\nThe exit code is 1 when an example is not as it should be.\n",
    )
    .action((name: string | undefined, options: Options) => testPolicies(name, options, terminal));
  command
    .command("show [policy]")
    .summary("show what a policy says")
    .description("Show what a policy says: a preset or a file. Without a name: the preset that the environment gets.")
    .option(...environmentOption)
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExamples:\n  holdfast policy show read-only\n  holdfast policy show guarded-writes --environment staging\n")
    .action((name: string | undefined, options: Options) => show(name, options, terminal));
};

function environmentOf(options: Options): Environment {
  const environment = environments.find((name) => name === options.environment);
  if (environment === undefined)
    throw wrongUse(`\`${visible(options.environment)}\` is no environment`, `give one of ${environments.join(", ")}`);
  return environment;
}

async function check(options: Options, terminal: Terminal): Promise<void> {
  const config = await readConfig(options.config, terminal);
  const targets = config.targets.map(({ name, environment, policyName, policy }) => ({
    target: name,
    environment,
    policy: policyName,
    mode: policy.mode,
    rules: policy.rules.length,
    digest: policy.digest,
  }));
  if (options.json === true) return terminal.out(`${JSON.stringify({ ok: true, targets })}\n`);
  const heads = [
    { title: "TARGET" },
    { title: "ENVIRONMENT" },
    { title: "POLICY", shrink: true },
    { title: "RULES", align: "right" },
    { title: "DIGEST" },
  ] as const;
  const rows = targets.map((at) => [
    at.target,
    at.environment,
    at.mode === "observe" ? `${at.policy} (refuses nothing)` : at.policy,
    String(at.rules),
    at.digest.slice(0, 12),
  ]);
  return terminal.out(`${terminal.style("green", "no problems")}\n\n${table(heads, rows, terminal.columns)}`);
}

async function policiesToTest(
  name: string | undefined,
  options: Options,
  terminal: Terminal,
): Promise<readonly { policy: Policy; environment: Environment }[]> {
  if (name !== undefined) {
    const environment = environmentOf(options);
    return [{ policy: await policyNamed(name, environment), environment }];
  }
  const config = await readConfig(options.config, terminal);
  const found = new Map<string, { policy: Policy; environment: Environment }>();
  for (const { policy, environment } of config.targets) found.set(policy.digest, { policy, environment });
  for (const { policies } of config.users) {
    for (const [target, policy] of policies ?? []) {
      const environment = config.targets.find((at) => at.name === target)?.environment ?? "production";
      found.set(policy.digest, { policy, environment });
    }
  }
  return [...found.values()];
}

async function testPolicies(name: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  const { openPolicyTest } = await import("../../wiring.ts");
  let tried = 0;
  let wrong = 0;
  for (const { policy, environment } of await policiesToTest(name, options, terminal)) {
    const test = await openPolicyTest({ environment, policy });
    try {
      for await (const result of test.results()) {
        tried += 1;
        if (!result.ok) wrong += 1;
        if (options.json === true) await terminal.out(`${JSON.stringify({ policy: policy.name, ...result })}\n`);
        else if (!result.ok) await terminal.out(failureText(policy, result, terminal));
      }
    } finally {
      await test.close();
    }
  }
  if (wrong > 0) setExit(terminal, exitCodes.failed);
  if (options.json === true) return;
  const end =
    wrong === 0
      ? terminal.style("green", `${figure(tried)} examples are as they should be`)
      : terminal.style(["bold", "red"], `${figure(wrong)} of ${figure(tried)} examples are not as they should be`);
  await terminal.out(`${end}\n`);
}

function failureText(policy: Policy, result: { rule: string; sql: string; kind: string; problem?: string }, terminal: Terminal): string {
  const head =
    `${terminal.style("red", "✗")} ${policy.name}/${result.rule} must ` +
    `${result.kind === "matches" ? "match" : "miss"}: ${visible(result.sql)}\n`;
  return `${head}${paragraph(visible(result.problem ?? ""), terminal.columns, 2)}`;
}

async function show(name: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  const policy = await policyNamed(name, environmentOf(options));
  if (options.json === true) return terminal.out(`${JSON.stringify(policy)}\n`);
  const { style } = terminal;
  const mode = policy.mode === "observe" ? style(["bold", "yellow"], "observes: decides and records, refuses nothing") : "enforces";
  await terminal.out(`${style("bold", policy.name)} in ${options.environment}: ${mode}\n${style("dim", `digest ${policy.digest}`)}\n\n`);
  for (const answer of ["forbid", "require_approval", "bin", "permit"] as const) {
    const rules = policy.rules.filter((rule) => rule.answer === answer);
    if (rules.length > 0)
      await terminal.out(`${style("bold", answerTitle[answer])}\n${rules.map((rule) => ruleText(rule, terminal)).join("")}\n`);
  }
  await terminal.out(
    `${style("bold", "limits")}\n${limitLines(policy)
      .map(([what, value]) => `  ${padEnd(what, 34)} ${value}\n`)
      .join("")}`,
  );
}

const answerTitle = {
  forbid: "forbidden, whatever else permits it",
  require_approval: "needs a person's approval",
  bin: "goes into the bin; needs a person's approval where there is none",
  permit: "permitted",
} as const;

function ruleText(rule: Rule, terminal: Terminal): string {
  const fields = Object.entries(rule.match).map(([field, words]) => `${field} is ${(words as readonly string[]).join(", ")}`);
  const condition = rule.when === undefined ? [] : ["and a condition"];
  const matches = [...fields, ...condition].join("; ") || "everything";
  const title = paragraph(rule.title, terminal.columns, 6);
  return `  ${terminal.style("cyan", rule.id)}\n${title}${terminal.style("dim", paragraph(matches, terminal.columns, 6))}`;
}

function limitLines(policy: Policy): readonly (readonly [string, string])[] {
  const none = "no limit";
  const ms = (value: number | null) => (value === null ? none : `${figure(value / 1000)} s`);
  const { sessionLimits } = policy;
  return [
    ...policy.obligations.map(
      (obligation) => [obligation.kind.replace(/_max$/, "").replaceAll("_", " "), obligationFigure(obligation)] as const,
    ),
    ["statements per minute", policy.statementsPerMinuteMax === null ? none : figure(policy.statementsPerMinuteMax)],
    ["statement time", ms(sessionLimits.statementMsMax)],
    ["transaction time", ms(sessionLimits.transactionMsMax)],
    ["idle in transaction", ms(sessionLimits.idleInTransactionMsMax)],
    ["session time", ms(sessionLimits.sessionMsMax)],
  ];
}

function obligationFigure(obligation: Policy["obligations"][number]): string {
  if ("rows" in obligation) return figure(obligation.rows);
  if ("percent" in obligation) return `${figure(obligation.percent)} %`;
  if ("bytes" in obligation) return figure(obligation.bytes);
  return "ms" in obligation ? figure(obligation.ms) : "yes";
}
