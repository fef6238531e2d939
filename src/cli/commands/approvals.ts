/**
 * `holdfast approvals`: what persons are asked, one a line or one in full.
 * It answers nothing: `holdfast approve` and `holdfast deny` do.
 */
import { setTimeout as delay } from "node:timers/promises";
import { held } from "../../control/client.ts";
import type { ApprovalView } from "../../control/contract.ts";
import { approvalNamed } from "../answer-approval.ts";
import { defineProposals } from "../attention/proposals.ts";
import { defineStats } from "../attention/stats.ts";
import { approvalTable, approvalText, open } from "../approval-text.ts";
import type { Define } from "../define.ts";
import { ask, socketOf, socketOptions, type SocketOptions, toldError } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";

interface ListOptions extends SocketOptions {
  readonly all?: boolean;
  readonly watch?: boolean;
}

/** Changes that come together are shown together. */
const GATHER_MS = 100;

export const define: Define = (command, terminal) => {
  command.addHelpText(
    "after",
    "\nExamples:\n  holdfast approvals\n  holdfast approvals --watch\n  holdfast approvals show q_8k2m1v0q4c7d\n  holdfast approve q_8k2m1v0q4c7d\n",
  );
  socketOptions(command.command("list", { isDefault: true }).description("Show what waits for an answer."))
    .option("--all", "what is over too")
    .option("--watch", "go on, and show each as it comes and changes")
    .action((options: ListOptions) => (options.watch === true ? watch(options, terminal) : list(options, terminal)));
  socketOptions(command.command("show <approval>").description("Show one with its whole plan.")).action(
    (id: string, options: SocketOptions) => show(id, options, terminal),
  );
  defineStats(command, terminal);
  defineProposals(command, terminal);
};

async function wanted(options: ListOptions, terminal: Terminal): Promise<readonly ApprovalView[]> {
  const { approvals } = (await ask(options, { method: "GET", path: "/v1/approvals" }, terminal)) as { approvals: readonly ApprovalView[] };
  return approvals.filter((each) => options.all === true || open(each));
}

async function list(options: ListOptions, terminal: Terminal): Promise<void> {
  const approvals = await wanted(options, terminal);
  await terminal.out(options.json === true ? `${JSON.stringify({ approvals })}\n` : approvalTable(approvals, Date.now(), terminal));
}

/** A line for each that is new or has changed; with `--json` one object a line. */
async function watch(options: ListOptions, terminal: Terminal): Promise<void> {
  const ended = terminal.untilEnded();
  const seen = new Map<string, number>();
  const socketPath = await socketOf(options, terminal);
  while (!ended.aborted) {
    const now = await held(socketPath, { method: "GET", path: "/v1/approvals-now" }).catch((error: unknown) => {
      throw toldError(error);
    });
    const changed = (now.value as { readonly approvals: readonly ApprovalView[] }).approvals.filter(
      (each) => seen.get(each.id) !== each.revision && (open(each) || seen.has(each.id) || options.all === true),
    );
    for (const { id, revision } of changed) seen.set(id, revision);
    if (options.json === true) for (const each of changed) await terminal.out(`${JSON.stringify(each)}\n`);
    else if (changed.length > 0) await terminal.out(approvalTable(changed, Date.now(), terminal));
    ended.addEventListener("abort", now.letGo, { once: true });
    if (ended.aborted) now.letGo();
    await now.last;
    ended.removeEventListener("abort", now.letGo);
    await delay(GATHER_MS, undefined, { signal: ended }).catch(() => undefined);
  }
}

async function show(id: string, options: SocketOptions, terminal: Terminal): Promise<void> {
  const view = await approvalNamed(id, options, terminal);
  await terminal.out(options.json === true ? `${JSON.stringify(view)}\n` : approvalText(view, Date.now(), terminal));
}
