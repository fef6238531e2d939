/**
 * `holdfast plan`: what a text would do, tried on the server and rolled back; and a question to persons where it takes one.
 * It changes nothing.
 */
import { figure } from "../../base/counted.ts";
import { Option } from "commander";
import { sha256Hex } from "../../base/canonical.ts";
import { limits } from "../../base/limits.ts";
import { writePlanFile } from "../../approvals/plan-file.ts";
import { type PlannedView, triedOn } from "../../control/contract.ts";
import type { Define } from "../define.ts";
import { exitCodes, failed, wrongUse } from "../errors.ts";
import { setExit } from "../exit.ts";
import { paragraph, visible } from "../output.ts";
import { personOptions, type PersonOptions } from "../person-call.ts";
import { callForPlan } from "../plan-door.ts";
import { readText, writePlan } from "../plan-files.ts";
import { planInfra } from "../infra-plan.ts";
import { planText } from "../plan-text.ts";
import type { Terminal } from "../terminal.ts";

interface Options extends PersonOptions {
  readonly target?: string;
  readonly searchPath?: string;
  readonly timeZone?: string;
  readonly purpose?: string;
  readonly on?: string;
  readonly ask?: boolean;
  readonly out?: string;
  readonly of?: string;
  readonly environment?: string;
  readonly policy?: string;
}

/** Longer than the longest trial that a target may be configured for. */
const ANSWER_MS_MAX = 15 * 60_000;

export const define: Define = (command, terminal) => {
  personOptions(command)
    .argument("<file>", "SQL, one statement or a migration of many; - is standard input")
    .option("--target <name>", "where (default: the session's, or the only one)")
    .option("--search-path <schemas>", "schemas in which names are looked up, with commas between (default: public)")
    .option("--time-zone <name>", "what times without a zone mean (default: UTC)")
    .option("--purpose <text>", "what for, in a sentence that a person can decide on")
    .addOption(new Option("--on <place>", "refuse unless it is tried there (default: as configured)").choices(triedOn))
    .option("--of <file>", "the plan file that a Terraform or Pulumi plan was shown from: bound by its digest")
    .option("-e, --environment <name>", "what such a plan's things count as (default: production)")
    .option("-p, --policy <preset or file>", "what answers for such a plan (default: the environment's own preset)")
    .option("--ask", "ask a person even where the policy lets it pass")
    .option("--out <file>", "write the plan there, to be reviewed and applied, and beside it as text")
    .addHelpText("after", help)
    .action((file: string, options: Options) => plan(file, options, terminal));
};

const help = `
Examples:
  holdfast plan --target shop --out plan.json migration.sql
  echo "DELETE FROM orders WHERE id < 1000" | holdfast plan -
  holdfast approve q_3f9x0k2m1v5b && holdfast apply plan.json
  terraform plan -out tfplan && terraform show -json tfplan | holdfast plan --of tfplan -
  pulumi preview --json | holdfast plan --environment staging -

The text runs in one transaction that is rolled back, under short limits on locks and time, and
again in one when it is applied. Inside a session of \`holdfast run\` the session asks; elsewhere a
registered person does, and is asked for the passphrase. The exit code is 0 where the policy lets it
pass or a person has agreed, 3 while it waits for one.

What Terraform, OpenTofu or Pulumi show of a plan as JSON is read and judged here: nothing is run,
and no gateway is asked. The exit code is the answer: 0 allow, 1 deny, 3 hold.
`;

async function plan(file: string, options: Options, terminal: Terminal): Promise<void> {
  const text = await readText(file, limits.infraPlanBytesMax, terminal);
  if (text.trim() === "") throw wrongUse("there is nothing in it to plan");
  // No SQL begins with a brace.
  if (/^\s*\{/.test(text)) return planInfra(text, options, terminal);
  if (Buffer.byteLength(text) > limits.sqlTextBytesMax)
    throw failed(`\`${visible(file)}\` has more than ${limits.sqlTextBytesMax} bytes`, "split it");
  if (options.of !== undefined) throw wrongUse("`--of` belongs to a plan of Terraform or Pulumi, as JSON", "leave it out for SQL");
  const target = options.target ?? "";
  const searchPath = (options.searchPath ?? "").split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()]));
  const { timeZone = "", purpose = "", on, ask = false } = options;
  const terms = { target, text, searchPath, timeZone, purpose, ...(on === undefined ? {} : { on }), ask };
  const size = `${figure(Buffer.byteLength(text))} bytes, SHA-256 ${sha256Hex(text)}`;
  const words = `${paragraph(`Plan ${visible(file)} (${size}) on ${target === "" ? "the only target" : `target ${visible(target)}`}.`, terminal.columns)}`;
  const call = { path: "/v1/plans", body: terms, terms: words, answerMsMax: ANSWER_MS_MAX };
  const planned = (await callForPlan(options, call, terminal)) as PlannedView;
  const readable = planText(planned.plan, 100);
  const written = options.out === undefined ? [] : await writePlan(options.out, writePlanFile(planned), readable);
  if (waits(planned)) setExit(terminal, exitCodes.held);
  if (options.json === true) return terminal.out(`${JSON.stringify(planned)}\n`);
  await terminal.out(planText(planned.plan, terminal.columns));
  await terminal.out(`\n${told(planned, options.out, terminal)}`);
  if (written.length > 0) await terminal.out(paragraph(`Written: ${written.map(visible).join(", ")}.`, terminal.columns));
}

function waits({ approval }: PlannedView): boolean {
  return approval !== undefined && approval.state !== "approved";
}

function told({ notes, approval }: PlannedView, out: string | undefined, terminal: Terminal): string {
  const said = notes.map((note) => paragraph(`Note: ${visible(note)}.`, terminal.columns)).join("");
  if (approval === undefined)
    return `${said}${paragraph("The policy lets it pass as it is: send it in the session. With --ask, a person is asked all the same.", terminal.columns)}`;
  const id = visible(approval.id);
  const apply =
    out === undefined ? "holdfast apply PLAN.json (plan it again with --out to have the file)" : `holdfast apply ${visible(out)}`;
  if (approval.state === "approved") return `${said}${terminal.style("green", "approved")} (${id}): ${apply}\n`;
  const link = approval.link === undefined ? "" : `, or at ${visible(approval.link)}`;
  return `${said}${terminal.style("yellow", "held")} for a person, who answers with \`holdfast approve ${id}\`${link}\nthen: ${apply}\n`;
}
