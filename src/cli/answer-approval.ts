/**
 * A person's answer at a terminal: the whole plan first, then the decision, which is no unless said otherwise, then the passphrase.
 * What is signed is the digest of what was shown, worked out here: the socket's word is not taken for it.
 */
import { figure } from "../base/counted.ts";
import { planDigest } from "../approvals/plan-digest.ts";
import { confirmOf } from "../approvals/desk-rules.ts";
import { type AnswerBody, answerPath, type ApprovalView } from "../control/contract.ts";
import { approvalText, open } from "./approval-text.ts";
import { ask as askLine, canAsk } from "./ask.ts";
import { exitCodes, failed, wrongUse } from "./errors.ts";
import { setExit } from "./exit.ts";
import { visible } from "./output.ts";
import { nextOf, nextText, thenGrant } from "./next-grant.ts";
import { ask, askAsPersonInTurn, type PersonOptions } from "./person-call.ts";
import type { Terminal } from "./terminal.ts";

export interface AnswerOptions extends PersonOptions {
  readonly reason?: string;
  /** Where nobody can be asked: what would be typed. */
  readonly confirm?: string;
  readonly yes?: boolean;
  readonly alsoNext?: string;
  readonly until?: string;
}

/** The approval with a plan that holds what its digest says. */
export async function approvalNamed(id: string, options: PersonOptions, terminal: Terminal): Promise<ApprovalView> {
  if (!/^q_[0-9a-z]+$/.test(id)) throw wrongUse(`\`${visible(id)}\` is no approval`, "see `holdfast approvals list`");
  const view = (await ask(options, { method: "GET", path: answerPath(id) }, terminal)) as ApprovalView;
  if (view.id !== id || planDigest(view.plan) !== view.plan.digest)
    throw failed("what the socket shows is not the plan that it names", "answer nothing: another program may have put its socket there");
  return view;
}

export async function answerApproval(id: string, answer: AnswerBody["answer"], options: AnswerOptions, terminal: Terminal): Promise<void> {
  const view = await approvalNamed(id, options, terminal);
  const now = Date.now();
  if (!open(view)) throw failed(`approval \`${id}\` is ${view.state}${view.because === undefined ? "" : `: ${visible(view.because)}`}`);
  if (answer === "approve" && view.strength === "passkey")
    throw failed("what it does cannot be taken back, so to agree takes a passkey", `answer it in the console: ${visible(view.link ?? "")}`);
  terminal.err(`${approvalText(view, now, terminal)}\n`);
  const given = answer === "approve" ? await agreement(view, options, terminal) : await refusal(options, terminal);
  const body: AnswerBody = { approval: id, planDigest: view.plan.digest, answer, ...given };
  const next = answer === "approve" ? nextOf(view, options, now) : undefined;
  const terms = `${answer} ${id}, plan ${view.plan.digest.slice(0, 16)}\n${next?.terms ?? ""}`;
  const call = { method: "POST" as const, path: answerPath(id), body };
  const { after, grant } = await askAsPersonInTurn(
    options,
    call,
    (first, sign) => thenGrant(first as ApprovalView, next, sign),
    terms,
    terminal,
  );
  if (after.state === "pending") setExit(terminal, exitCodes.held);
  if (grant.problem !== undefined && after.state !== "pending") setExit(terminal, exitCodes.failed);
  if (options.json === true) return terminal.out(`${JSON.stringify({ ...after, ...(next === undefined ? {} : { next: grant }) })}\n`);
  await terminal.out(`${outcome(after, terminal)}\n${next === undefined ? "" : nextText(grant, terminal)}`);
}

type Given = Pick<AnswerBody, "reason" | "confirm">;

async function agreement(view: ApprovalView, options: AnswerOptions, terminal: Terminal): Promise<Given> {
  const confirm = confirmOf(view.plan) ?? "";
  const shown = visible(confirm);
  const reason = options.reason ?? "";
  if (!canAsk(terminal) || options.confirm !== undefined || options.yes === true) {
    const said = confirm === "" ? options.yes === true : options.confirm === shown;
    if (said) return { reason, confirm };
    throw failed(
      "not approved: nothing was signed",
      confirm === "" ? "give --yes" : `give --confirm with the name of what would be lost: ${shown}`,
    );
  }
  if (confirm === "") {
    const line = await askLine("Approve exactly this? [y/N] ", terminal);
    if (!/^y(es)?$/i.test(line)) throw failed("not approved: nothing was signed");
    return { reason, confirm };
  }
  const line = await askLine(`This cannot be taken back. Type ${shown} to approve it, or nothing to leave it: `, terminal);
  if (line !== shown) throw failed("not approved: nothing was signed");
  return { reason, confirm };
}

async function refusal(options: AnswerOptions, terminal: Terminal): Promise<Given> {
  const asked = options.reason ?? (canAsk(terminal) ? await askLine("Why not? The agent reads it: ", terminal) : "");
  if (asked.trim() === "") throw wrongUse("a denial takes a reason: the agent reads it", 'give --reason "..."');
  return { reason: asked.trim(), confirm: "" };
}

function outcome(after: ApprovalView, terminal: Terminal): string {
  if (after.state === "denied") return `${terminal.style("red", "denied")} ${after.id}`;
  if (after.state !== "approved") {
    const agreed = after.answers.filter(({ answer }) => answer === "approve").length;
    return `${terminal.style("yellow", "noted")}: ${figure(agreed)} of ${figure(after.quorum)} persons agreed to ${after.id}`;
  }
  const from = after.notBeforeMs === null ? "" : `, carried out not before ${new Date(after.notBeforeMs).toISOString().slice(11, 19)} UTC`;
  return `${terminal.style("green", "approved")} ${after.id}${from}; until it is used, take it back with: holdfast deny ${after.id}`;
}
