/**
 * `holdfast approvals proposals`: what persons approved unchanged again and again, as a narrow rule for the file, replayed over the log.
 * It only prints: a rule is in force when a person has put it there.
 */
import { figure } from "../../base/counted.ts";
import type { Command } from "commander";
import { Evidence, type JudgedAct } from "../../attention/evidence.ts";
import { type Proposal, proposalsFrom } from "../../attention/proposals.ts";
import { type Replay, replay } from "../../attention/replay.ts";
import type { Config, TargetConfig } from "../../config/config.ts";
import type { LearnedPolicy, LearnedRule } from "../../config/learned-policy.ts";
import { decide } from "../../policy/decide.ts";
import { failed, wrongUse } from "../errors.ts";
import { paragraph, visible } from "../output.ts";
import { configPath, readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { readWindow, sinceOf, type WindowOptions, windowOptions } from "./window.ts";

interface Options extends WindowOptions {
  readonly target?: string;
  readonly least: string;
}

/** One that replays well, or why it is not shown. */
type Found =
  | { readonly proposal: Proposal; readonly learned: LearnedPolicy; readonly replayed: Replay; readonly examples: readonly string[] }
  | { readonly proposal: Proposal; readonly dropped: string };

export function defineProposals(command: Command, terminal: Terminal): void {
  windowOptions(command.command("proposals").description("Propose narrow rules for what is always approved, replayed over the log."))
    .option("--target <name>", "only this target")
    .option("--least <n>", "approvals that a proposal rests on at least", "3")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast approvals proposals\n  holdfast approvals proposals --since 30d --target shop\n\n" +
        "Nothing that deletes in production and nothing that cannot be taken back is ever proposed.\nNothing is applied.\n",
    )
    .action((options: Options) => proposals(options, terminal));
}

async function proposals(options: Options, terminal: Terminal): Promise<void> {
  if (!/^[1-9]\d{0,5}$/.test(options.least)) throw wrongUse(`--least takes a whole number from 1, not \`${visible(options.least)}\``);
  const sinceMs = sinceOf(options.since, Date.now());
  const config = await readConfig(options.config, terminal);
  const targets = config.targets.filter(({ name }) => options.target === undefined || name === options.target);
  if (targets.length === 0) throw failed(`no target is named \`${visible(options.target ?? "")}\``);
  const found: Found[] = [];
  for (const target of targets) found.push(...(await proposalsAt(target, config, { ...options, sinceMs }, terminal)));
  if (options.json === true) return terminal.out(`${JSON.stringify({ proposals: found.map(asData) })}\n`);
  const shown = found.map((each) => rendered(each, config, terminal));
  await terminal.out(
    shown.length === 0 ? terminal.style("dim", "nothing was approved unchanged so often that a rule could cover it\n") : shown.join("\n"),
  );
}

async function proposalsAt(
  target: TargetConfig,
  config: Config,
  options: Options & { readonly sinceMs: number },
  terminal: Terminal,
): Promise<readonly Found[]> {
  const kinds = new Map(config.users.map(({ name, kind }) => [name, kind]));
  const evidence = new Evidence(target.name, (principal) => kinds.get(principal) ?? "ai_agent");
  const directory = options.directory ?? config.auditDirectory;
  await readWindow(directory, options.sinceMs, ({ event }, counts) => evidence.step(event, counts));
  // Whom another policy judges is no evidence about this one.
  const others = new Set(config.users.filter(({ policies }) => policies?.has(target.name) === true).map(({ name }) => name));
  const acts = evidence.acts().filter(({ facts }) => !others.has(facts.principal));
  const { policy } = target;
  const found: Found[] = [];
  for (const proposal of proposalsFrom(acts, { policy, decide, leastApproved: Number(options.least) }))
    found.push(await tried(proposal, target, acts, configPath(options.config, terminal)));
  return found;
}

async function tried(proposal: Proposal, target: TargetConfig, acts: readonly JudgedAct[], path: string): Promise<Found> {
  const { learnedPolicy, policyEntriesOf } = await import("../../config/learned-policy.ts");
  const known = policyEntriesOf(path);
  if (known === undefined) return { proposal, dropped: "the configuration was changed while it was read" };
  const made = learnedPolicy(target.policyName, ruleOf(proposal), { entries: known.entries, overrides: known.overrides.get(target.name) });
  if ("message" in made) return { proposal, dropped: made.message };
  const { learned } = made;
  const replayed = replay(acts, decide, target.policy, learned.policy);
  if (!replayed.ok) return { proposal, dropped: replayed.because };
  return { proposal, learned, replayed: replayed.figures, examples: await wrongExamples(learned, proposal) };
}

/** What `holdfast policy test` would find wrong with its own rules. */
async function wrongExamples({ policy }: LearnedPolicy, proposal: Proposal): Promise<readonly string[]> {
  const { openPolicyTest } = await import("../../wiring.ts");
  const rules = policy.rules.filter(({ id }) => id.startsWith(proposal.id));
  const test = await openPolicyTest({ environment: proposal.environment, policy: { ...policy, rules } });
  const wrong: string[] = [];
  try {
    for await (const { ok, sql, problem } of test.results()) if (!ok) wrong.push(`${sql}: ${problem ?? ""}`);
  } finally {
    await test.close();
  }
  return wrong;
}

function ruleOf(proposal: Proposal): LearnedRule {
  const { approved, effects, texts, direct, following } = proposal;
  const tables = [...new Set(effects.map(({ resource }) => resource.name))].join(", ");
  return {
    ...proposal,
    title: `${[...new Set(effects.map(({ detail }) => detail))].join(" and ")} on ${tables}, as approved ${approved} times`,
    why: `Persons approved ${approved} acts of this shape unchanged, the largest of ${proposal.rowsMax} rows.`,
    // A value takes the place of each literal, which the log does not hold.
    examples: texts.map((text) => text.replaceAll("?", "'1'")),
    examplesSchema: [
      ...direct.map((name) => `CREATE TABLE IF NOT EXISTS ${name} (id int PRIMARY KEY${columnsOf(texts)});`),
      ...following.map(
        (name) => `CREATE TABLE IF NOT EXISTS ${name} (id int, parent int REFERENCES ${direct[0] ?? name} ON DELETE CASCADE);`,
      ),
    ].join("\n"),
  };
}

/** Whatever the texts name may be a column: a condition on one that the table has not is none. */
function columnsOf(texts: readonly string[]): string {
  const named = texts.flatMap((text) => text.toLowerCase().match(/[a-z_][a-z0-9_]{0,62}/g) ?? []);
  const columns = [...new Set(named)].filter((name) => name !== "id").slice(0, 100);
  return columns.map((name) => `, "${name}" text`).join("");
}

function asData(found: Found): object {
  if ("dropped" in found) return { proposal: found.proposal, dropped: found.dropped };
  const { proposal, learned, replayed, examples } = found;
  return { proposal, policy: learned.name, yaml: learned.yaml, replay: replayed, wrongExamples: examples };
}

function rendered(found: Found, config: Config, terminal: Terminal): string {
  const { proposal } = found;
  const who = `${visible(proposal.principal)} at ${visible(proposal.target)} (${proposal.environment})`;
  const head = `${terminal.style("bold", `${figure(proposal.approved)} approved unchanged`)}: ${who}, ${proposal.texts.map(visible).join("; ")}\n`;
  if ("dropped" in found) return `${head}${terminal.style("dim", paragraph(`no rule is proposed: ${found.dropped}`, terminal.columns, 2))}`;
  const { replayed, learned, examples } = found;
  const figures =
    `replayed over ${figure(replayed.acts)} acts (${figure(replayed.texts)} texts): ${figure(replayed.approvalsSaved)} questions would not have ` +
    `been asked, ${figure(replayed.stillHeld)} texts are held as before, and nothing else passes`;
  const under = config.targets.filter(({ name }) => name === proposal.target).map(({ name }) => name);
  const next = `to use it, put this under \`policies\`, and \`policy: ${learned.name}\` under target \`${visible(under[0] ?? "")}\``;
  const wrong = examples.map((each) =>
    paragraph(`its example does not hold, give it the tables' definitions: ${visible(each)}`, terminal.columns, 2),
  );
  const yaml = learned.yaml.replace(/^(?=.)/gm, "  ");
  return `${head}${paragraph(figures, terminal.columns, 2)}${paragraph(next, terminal.columns, 2)}${wrong.join("")}\n${yaml}`;
}
