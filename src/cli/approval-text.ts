/**
 * Approvals as people read them in a terminal: one a line, or one in full with its whole plan.
 * Every byte of others is made visible; it asks nothing and sends nothing.
 */
import { figure } from "../base/counted.ts";
import type { ApprovalView } from "../control/contract.ts";
import { table, visible } from "./output.ts";
import { planText } from "./plan-text.ts";
import type { Terminal } from "./terminal.ts";

export function approvalTable(approvals: readonly ApprovalView[], nowMs: number, terminal: Terminal): string {
  if (approvals.length === 0) return terminal.style("dim", "nobody is asked anything\n");
  const heads = [
    { title: "APPROVAL" },
    { title: "STATE" },
    { title: "LEFT" },
    { title: "TARGET" },
    { title: "ASKED BY" },
    { title: "AGREED", align: "right" as const },
    { title: "WHAT", shrink: true },
  ];
  const rows = approvals.map((approval) => [
    approval.id,
    approval.state,
    leftText(approval, nowMs),
    `${visible(approval.plan.target.name)} (${approval.plan.target.environment})`,
    visible(approval.plan.asked.principal),
    `${figure(agreed(approval))}/${figure(approval.quorum)}`,
    effectText(approval),
  ]);
  return table(heads, rows, Math.min(terminal.columns, 100));
}

/** With the whole plan: what is approved is what stands here. */
export function approvalText(approval: ApprovalView, nowMs: number, terminal: Terminal): string {
  const { id, state, because, count, strength, notBeforeMs, answers, link } = approval;
  const lines = [
    `approval ${id}: ${state}${because === undefined ? "" : `: ${visible(because)}`}`,
    `asked ${count === 1 ? "once" : `${figure(count)} times`}; ${figure(agreed(approval))} of ${figure(approval.quorum)} persons agreed`,
    ...answers.map((answer) => {
      const reason = answer.reason === "" ? "" : `: ${visible(answer.reason)}`;
      return `  ${visible(answer.person)} ${answer.answer === "approve" ? "agreed" : "said no"} at ${time(answer.atMs)}${reason}`;
    }),
    ...(open(approval) ? [`answers count until ${time(approval.expiresAtMs)} (${leftText(approval, nowMs)} left)`] : []),
    ...(notBeforeMs !== null && notBeforeMs > nowMs ? [`carried out not before ${time(notBeforeMs)}`] : []),
    ...(strength === "passkey" ? ["to agree takes a passkey, in the console"] : []),
    ...(link === undefined ? [] : [`console: ${visible(link)}`]),
  ];
  return `${planText(approval.plan, terminal.columns)}\n${lines.join("\n")}\n`;
}

export function open({ state }: ApprovalView): boolean {
  return state === "pending" || state === "approved";
}

function agreed({ answers }: ApprovalView): number {
  return answers.filter(({ answer }) => answer === "approve").length;
}

function leftText(approval: ApprovalView, nowMs: number): string {
  if (!open(approval)) return "";
  const seconds = Math.max(0, Math.ceil((approval.expiresAtMs - nowMs) / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}

/** What is hit hardest, in figures; the act's own words where nothing was measured. */
function effectText({ plan }: ApprovalView): string {
  if (plan.measured === null) return `not measured: ${visible(plan.act.shown)}`;
  const gone = plan.measured.objects.filter(({ change }) => change !== "created").map(({ change, name }) => `${change} ${visible(name)}`);
  const rows = plan.measured.tables.flatMap(({ table: name, direct, following }) =>
    (["deleted", "updated", "inserted"] as const).flatMap((key) => {
      const count = direct[key] + following[key];
      return count === 0 ? [] : [`${figure(count)} ${key} in ${visible(name)}`];
    }),
  );
  return [...gone, ...rows].join("; ") || "nothing changes";
}

function time(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).concat("Z");
}
