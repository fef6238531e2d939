/**
 * `holdfast apply`: carries out a plan that persons agreed to, once, and says what became of it.
 * Whether it may, and whether it is the plan that was made, the gateway finds; here the file is only held against itself.
 */
import { figure } from "../../base/counted.ts";
import { type PlanFile, PlanFileRefused, readPlanFile } from "../../approvals/plan-file.ts";
import { limits } from "../../base/limits.ts";
import type { AppliedView } from "../../control/contract.ts";
import type { RowCounts } from "../../model/plan.ts";
import type { Define } from "../define.ts";
import { exitCodes, failed } from "../errors.ts";
import { setExit } from "../exit.ts";
import { paragraph, table, visible } from "../output.ts";
import { personOptions, type PersonOptions } from "../person-call.ts";
import { callForPlan } from "../plan-door.ts";
import { readText } from "../plan-files.ts";
import { planText } from "../plan-text.ts";
import type { Terminal } from "../terminal.ts";

interface Options extends PersonOptions {
  readonly show?: boolean;
}

/** A migration may take long, and is carried out whether anybody waits or not. */
const ANSWER_MS_MAX = 24 * 3_600_000;

export const define: Define = (command, terminal) => {
  personOptions(command)
    .argument("<plan>", "the file that `holdfast plan --out` wrote")
    .option("--show", "show what is in it, and apply nothing")
    .addHelpText("after", help)
    .action((path: string, options: Options) => apply(path, options, terminal));
};

const help = `
Examples:
  holdfast apply --show plan.json
  holdfast apply plan.json

It runs in one transaction, which is committed only if it does what the plan says: the same rows in
the same tables. A plan is applied once. One whose text, target, schema or policy is another by now
is refused, and so is one that has expired. The exit code is 0 when it was applied, 3 while nobody
has approved it, 1 otherwise.
`;

async function apply(path: string, options: Options, terminal: Terminal): Promise<void> {
  const file = readable(await readText(path, limits.planFileBytesMax, terminal), path);
  const shown = planText(file.plan, terminal.columns);
  if (options.show === true) return terminal.out(options.json === true ? `${JSON.stringify(file.plan)}\n` : shown);
  const call = {
    path: "/v1/plans/apply",
    body: { plan: { text: file.text, plan: file.plan } },
    terms: `${shown}\n`,
    answerMsMax: ANSWER_MS_MAX,
  };
  const applied = (await callForPlan(options, call, terminal)) as AppliedView;
  if (applied.outcome !== "applied") setExit(terminal, applied.outcome === "waiting" ? exitCodes.held : exitCodes.failed);
  if (options.json === true) return terminal.out(`${JSON.stringify(applied)}\n`);
  await terminal.out(told(applied, terminal));
}

function readable(text: string, path: string): PlanFile {
  try {
    return readPlanFile(text);
  } catch (error) {
    if (error instanceof PlanFileRefused)
      throw failed(`\`${visible(path)}\`: ${visible(error.message)}`, "plan it again: holdfast plan --out FILE");
    throw error;
  }
}

function told(applied: AppliedView, terminal: Terminal): string {
  const { outcome, approval, because = "" } = applied;
  const id = visible(approval.id);
  const why = visible(because);
  switch (outcome) {
    case "applied":
      return `${terminal.style("green", "applied")} (${id})\n${counts(applied, terminal)}`;
    case "waiting": {
      const link = approval.link === undefined ? "" : `, or at ${visible(approval.link)}`;
      return `${terminal.style("yellow", "held")}: nobody has approved it yet; a person answers with \`holdfast approve ${id}\`${link}\n`;
    }
    case "stale":
      return failure("rolled back: it would have done other than planned", `${why}. Plan it again.`, terminal);
    case "failed":
      return failure("rolled back: the server refused it", `${why}. Plan it again.`, terminal);
    case "not_reached":
      return failure("not applied, and nothing was changed", `${why}. As long as the approval lives it can be applied.`, terminal);
    case "unknown":
      return failure(
        "whether it was applied is not known",
        `${why}. Holdfast asks the server what became of it and does not run it again: holdfast approvals show ${id}`,
        terminal,
      );
  }
}

function failure(what: string, why: string, terminal: Terminal): string {
  return `${terminal.style("red", what)}\n${paragraph(why, terminal.columns, 2)}`;
}

function counts({ measured }: AppliedView, terminal: Terminal): string {
  const changed = (measured?.tables ?? []).map(({ table: name, direct, following }) => {
    const sum = (kind: keyof RowCounts) => figure(direct[kind] + following[kind]);
    return [visible(name), sum("inserted"), sum("updated"), sum("deleted")];
  });
  if (changed.length === 0) return "";
  const right = { align: "right" as const };
  const heads = [
    { title: "TABLE", shrink: true },
    { title: "INSERTED", ...right },
    { title: "UPDATED", ...right },
    { title: "DELETED", ...right },
  ];
  return table(heads, changed, terminal.columns);
}
