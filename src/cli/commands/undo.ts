/**
 * `holdfast undo`: shows what taking back acts of agents would do, then has it done for a person who signs just that.
 * It takes nothing back by itself; `--json` and a place where nobody can be asked show the plan alone, unless `--yes` is given.
 */
import type { Command } from "commander";
import { parseDuration } from "../../config/quantities.ts";
import type { UndoneView, UndoPlanView } from "../../control/contract.ts";
import type { KeptTransaction } from "../../model/recovery.ts";
import type { Define } from "../define.ts";
import { exitCodes, failed, wrongUse } from "../errors.ts";
import { setExit } from "../exit.ts";
import { visible } from "../output.ts";
import { canType } from "../passphrase.ts";
import { ask, askAsPerson, personOptions, type PersonOptions, socketOptions, type SocketOptions } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";
import { keptText, undoneText, undoPlanText } from "../undo-text.ts";

interface Options extends PersonOptions {
  readonly since?: string;
  readonly transaction?: readonly string[];
  readonly target?: string;
  readonly database?: string;
  readonly skipConflicts?: boolean;
  readonly yes?: boolean;
}

/** Many rows take their time; the gateway's own limits end what takes too long. */
const ANSWER_MS_MAX = 3_600_000;

export const define: Define = (command, terminal) => {
  personOptions(command)
    .argument("[what]", "an act, a session, a run, an approval or an undo, by its id; or whose sessions, by name")
    .option("--since <time>", "everything that is kept since then: a span such as 2h, or a time")
    .option("--transaction <id...>", "transactions by the server's ids, as `holdfast undo list` shows them")
    .option("--target <name>", "where, if there are several targets")
    .option("--database <name>", "of that target, where it is not the usual one")
    .option("--skip-conflicts", "leave rows that have changed since as they are, and take back the others")
    .option("--yes", "go on to signing where nobody can be asked, or with --json")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast undo list\n  holdfast undo s_4n8k2m1v0q4c7d9x.12\n  holdfast undo r_8k2m1v0q4c7d --skip-conflicts\n" +
        "  holdfast undo --since 2h --target shop\n\nIt shows a plan and asks for the passphrase of a registered person: an agent cannot undo.\n" +
        "An undo is kept, too: `holdfast undo u_...` takes it back.\n",
    )
    .action((what: string | undefined, options: Options) => undo(what, options, terminal));
  socketOptions(command.command("list").description("Show the transactions that can be taken back, newest first."))
    .option("--target <name>", "where, if there are several targets")
    .action((_: SocketOptions, own: Command) => list(own.optsWithGlobals<SocketOptions & { target?: string }>(), terminal));
};

async function list(options: SocketOptions & { readonly target?: string }, terminal: Terminal): Promise<void> {
  const path = `/v1/kept/${encodeURIComponent(options.target ?? "-")}`;
  const { kept } = (await ask(options, { method: "GET", path, answerMsMax: ANSWER_MS_MAX }, terminal)) as { kept: KeptTransaction[] };
  await terminal.out(options.json === true ? `${JSON.stringify({ kept })}\n` : keptText(kept, terminal));
}

async function undo(what: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  const body = { ...wantedOf(what, options), target: options.target ?? "", database: options.database ?? "" };
  const call = { method: "POST" as const, path: "/v1/undo-plans", body, answerMsMax: ANSWER_MS_MAX };
  const view = (await ask(options, call, terminal)) as UndoPlanView;
  const { plan } = view;
  const json = options.json === true;
  const asked = options.yes === true || (!json && (options.passphraseFd !== undefined || canType(terminal)));
  const stuck = plan.conflicts.length > 0 && options.skipConflicts !== true;
  if (!asked || stuck) {
    await terminal.out(json ? `${JSON.stringify(view)}\n` : undoPlanText(view, terminal));
    if (stuck) setExit(terminal, exitCodes.failed);
    return;
  }
  const { id, target, database, transactions, digest } = plan;
  const signed = { undo: id, target, database, transactions, digest, skipConflicts: options.skipConflicts === true };
  const go = { method: "POST" as const, path: "/v1/undos", body: signed, answerMsMax: ANSWER_MS_MAX };
  const done = (await askAsPerson(options, go, undoPlanText(view, terminal), terminal)) as UndoneView;
  await terminal.out(json ? `${JSON.stringify(done)}\n` : undoneText(done, terminal));
  if (done.outcome !== "done") setExit(terminal, exitCodes.failed);
}

function wantedOf(what: string | undefined, { since, transaction }: Options): Readonly<Record<string, unknown>> {
  const given = [what, since, transaction].filter((each) => each !== undefined);
  if (given.length !== 1)
    throw wrongUse("say what is to be undone, in one way", "give an id, or --since, or --transaction; see `holdfast undo list`");
  if (what !== undefined) return { name: what };
  if (transaction !== undefined) return { transactions: transaction.flatMap((each) => each.split(",")) };
  return { sinceMs: sinceOf(since ?? "", Date.now()) };
}

/** `30m`, `2h` ago, or a time. */
function sinceOf(text: string, nowMs: number): number {
  const span = parseDuration(text.replace(/^(\d+) ?m$/, "$1min"));
  const since = span === undefined ? Date.parse(text) : nowMs - span;
  if (!Number.isSafeInteger(since))
    throw wrongUse(`\`${visible(text)}\` is no time`, "give a span such as 30m or 2h, or a time such as 2026-11-22T18:00:00Z");
  if (since > nowMs) throw failed(`\`${visible(text)}\` is yet to come`);
  return since;
}
