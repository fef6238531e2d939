/**
 * Plays the demo's question: a statement is held with its measured plan, a person answers, and the agent sends it again.
 * What is shown of the plan is what the person is shown; what is checked is counted on the server.
 */
import { figure } from "../../base/counted.ts";
import type pg from "pg";
import type { ApprovalView } from "../../control/contract.ts";
import type { Terminal } from "../terminal.ts";
import { type Answered, DemoPerson, plannedRows, send } from "./decision.ts";
import type { DemoGateway } from "./gateway.ts";
import { changesBetween, type Report } from "./report.ts";
import { questions } from "./scenes.ts";
import { type Holdings, holdingsOf } from "./shop.ts";

export interface QuestionParts {
  readonly gateway: DemoGateway;
  /** Straight to the server. */
  readonly url: string;
  readonly agent: pg.Client;
  readonly report: Report;
  readonly terminal: Terminal;
  readonly ended: AbortSignal;
}

/** `asks`: a person at the console decides about the second; otherwise both are answered by script. */
export async function playQuestion(parts: QuestionParts, asks: boolean): Promise<void> {
  const { report, ended } = parts;
  const lead = "What a person may allow is tried in a transaction that is rolled back. The person sees what it did, and answers just that.";
  await report.heading("A question", lead);
  const person = new DemoPerson(parts.gateway);
  if (!asks) await deniedByScript(parts, person);
  if (!ended.aborted) await decidedThenSent(parts, person, asks);
}

async function deniedByScript(parts: QuestionParts, person: DemoPerson): Promise<void> {
  const { agent, report, url } = parts;
  const before = await holdingsOf(url);
  const view = await held(parts, questions.denied, person);
  if (view === undefined) return;
  await person.answer(view, "deny", "these customers are part of an audit: keep them");
  const again = await send(questions.denied, agent);
  const told = again.kind === "refused" ? [again.message] : [];
  await report.line(`      ${parts.terminal.style("dim", "ada says no, and the agent sends it again:")}`);
  await report.told(told);
  const heard = again.kind === "refused" && again.message.includes("part of an audit");
  await report.check(heard && same(before, await holdingsOf(url)), "the agent is told the person's reason, and every row is the same\n");
}

async function decidedThenSent(parts: QuestionParts, person: DemoPerson, asks: boolean): Promise<void> {
  const { agent, report, url, ended } = parts;
  const before = await holdingsOf(url);
  const view = await held(parts, questions.approved, person);
  if (view === undefined) return;
  if (asks) await tellWhere(parts);
  else await person.answer(view, "approve", "agreed with support");
  const decided = await person.decided(view.id, ended);
  if (ended.aborted) return;
  await report.line(`      ${parts.terminal.style("dim", `${decisionOf(decided)}, and the agent sends it again:`)}`);
  const first = await send(questions.approved, agent);
  const after = await holdingsOf(url);
  await report.told(
    first.kind === "done" ? [`${figure(first.rows)} rows deleted`, changesBetween(before.rows, after.rows)] : [first.message],
  );
  if (decided.state !== "approved")
    return report.check(first.kind === "refused" && same(before, after), "it was not carried out, and every row is the same");
  await report.check(first.kind === "done" && asPlanned(view, before, after), "what went is what the plan said, table by table");
  const second = await send(questions.approved, agent);
  const onceMore = same(after, await holdingsOf(url));
  await report.check(!again(second) && onceMore, "the approval was used once: sent a second time, the same statement changes nothing");
}

/** A second time there is nothing left to delete, or it is a question of its own. */
function again(answered: Answered): boolean {
  return answered.kind === "done" && answered.rows > 0;
}

async function held({ agent, report }: QuestionParts, statement: string, person: DemoPerson): Promise<ApprovalView | undefined> {
  const answered = await send(statement, agent);
  const approval = answered.kind === "refused" ? answered.approval : undefined;
  const view = approval === undefined ? undefined : await person.view(approval);
  const told = answered.kind === "refused" ? [answered.message] : [];
  const holds = view?.state === "pending" && view.plan.measured !== null;
  await report.scene({ title: "asks to remove twenty customers", statements: [statement], holds, outcome: "held", told });
  return view;
}

async function tellWhere({ gateway, report, terminal }: QuestionParts): Promise<void> {
  const { name, passphrase } = gateway.person;
  await report.line(`  ${terminal.style("bold", "You decide.")} Open the console, look at the plan, and approve or deny it:\n`);
  await report.line(`      ${terminal.style("cyan", gateway.consoleUrl)}`);
  await report.line(`      person ${terminal.style("bold", name)}, passphrase ${terminal.style("bold", passphrase)}\n`);
  await report.line(terminal.style("dim", "  Waiting for your answer. Ctrl-C ends the demo; `holdfast demo --auto` answers by itself.\n"));
}

function decisionOf({ state, answers }: ApprovalView): string {
  const who = answers.at(-1)?.person ?? "nobody";
  if (state === "approved") return `${who} agrees`;
  return state === "denied" ? `${who} says no` : `it is ${state}`;
}

function asPlanned(view: ApprovalView, before: Holdings, after: Holdings): boolean {
  const planned = plannedRows(view);
  return Object.entries(before.rows).every(([table, rows]) => rows - (after.rows[table] ?? 0) === (planned[table]?.gone ?? 0));
}

function same(before: Holdings, after: Holdings): boolean {
  return before.digest === after.digest && before.objects === after.objects;
}
