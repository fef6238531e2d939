/**
 * `holdfast deny`: a person says no to one plan; the reason reaches the agent. It takes back what was approved and not used yet, too.
 * It undoes nothing that was carried out.
 */
import { answerApproval, type AnswerOptions } from "../answer-approval.ts";
import type { Define } from "../define.ts";
import { personOptions } from "../person-call.ts";

export const define: Define = (command, terminal) => {
  personOptions(command)
    .argument("<approval>", "the approval, by its id: see `holdfast approvals list`")
    .option("--reason <text>", "why not: the agent reads it")
    .addHelpText(
      "after",
      '\nExamples:\n  holdfast deny q_8k2m1v0q4c7d --reason "these orders are being audited; archive them instead"\n\n' +
        "The same statement is then refused for the rest of the session without anybody being asked.\n",
    )
    .action((id: string, options: AnswerOptions) => answerApproval(id, "deny", options, terminal));
};
