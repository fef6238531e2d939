/**
 * `holdfast approve`: a person agrees to one plan, exactly as it is shown.
 * An agent cannot: it takes a registered person's passphrase, and a passkey where that is demanded.
 */
import { answerApproval, type AnswerOptions } from "../answer-approval.ts";
import type { Define } from "../define.ts";
import { personOptions } from "../person-call.ts";

export const define: Define = (command, terminal) => {
  personOptions(command)
    .argument("<approval>", "the approval, by its id: see `holdfast approvals list`")
    .option("--reason <text>", "why, for the record")
    .option("--confirm <name>", "what would be typed for what cannot be taken back, where nobody can be asked")
    .option("--yes", "agree without being asked once more, where nothing has to be typed")
    .option("--also-next <n>", "and let the session do as much again so often, by a grant: rows of tables only")
    .option("--until <when>", "how long that grant lasts: a span such as 30m, or a time; 30m when left out")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast approve q_8k2m1v0q4c7d\n" +
        "  holdfast approve q_8k2m1v0q4c7d --also-next 5 --until 30m\n" +
        "  holdfast approve q_8k2m1v0q4c7d --as ben --confirm public.orders --passphrase-fd 3 3< FILE\n\n" +
        "The whole plan is shown first. Exit code 3: the answer was taken, and other persons must agree too.\n",
    )
    .action((id: string, options: AnswerOptions) => answerApproval(id, "approve", options, terminal));
};
