/**
 * `holdfast apply` behind the control socket: everything that a plan rests on is looked at again, then it is carried out once and held
 * against what was measured.
 * That persons agreed is the ticket's matter; without one nothing is sent.
 */
import type { Executed } from "../adapters/postgres/executor/port.ts";
import { capabilities } from "../adapters/postgres/session/facts.ts";
import { overBudget } from "../adapters/postgres/session/held-budget.ts";
import { differenceOf, type PlanFile, planFileOf, PlanFileRefused, asTold } from "../approvals/plan-file.ts";
import type { AppliedView } from "../control/contract.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { PlanAskedBy } from "../control/plan-port.ts";
import type { Approval } from "../model/approval.ts";
import type { Outcome } from "../model/outcome.ts";
import { type Measurement, type Plan, tableCounts } from "../model/plan.ts";
import type { Principal } from "../model/principal.ts";
import type { Ticket } from "../pipeline/approvals-port.ts";
import type { Allowed } from "../pipeline/guard.ts";
import { asked, notAllowed, type PlanPlace, type PlansParts } from "./plan-parts.ts";
import { actionFor, changedSince, contextOf, executorAct, type Ground, groundOfPlan, preconditionsOf, sessionFor } from "./planned-act.ts";

/** Rejects with {@link ControlRefusal} where nothing is to be carried out. */
export async function applyPlan(parts: PlansParts, given: unknown, by: PlanAskedBy): Promise<AppliedView> {
  const file = fileOf(given);
  const approval = approvalOf(parts, file);
  demandMay(parts, approval.plan, by);
  const view = asked(approval, parts.link);
  if (approval.state === "pending") return { approval: view, outcome: "waiting" };
  if (approval.state !== "approved") throw over(approval);
  const { plan } = approval;
  const place = parts.place(plan.target.name);
  const ground = groundOfPlan(plan);
  if (place === undefined) throw new ControlRefusal("conflict", `target \`${plan.target.name}\` is not served here`);
  if (ground === undefined)
    throw new ControlRefusal("conflict", "the plan was made of a statement on a connection", "send the statement again");
  const ticket = await parts.desk.ticket(approval.id);
  if (ticket === undefined) throw new ControlRefusal("conflict", `approval \`${approval.id}\` cannot be used`, again);
  await demandSameGround({ plan, place, ground, ticket });
  return { ...(await carryOut(parts, { file, place, ground, ticket, by })), approval: await viewNow(parts, approval) };
}

const again = "plan it again, and have it approved";

function fileOf(given: unknown): PlanFile {
  try {
    return planFileOf(given);
  } catch (error) {
    if (error instanceof PlanFileRefused) throw new ControlRefusal("bad_request", error.message, again);
    throw error;
  }
}

/** The question about this very plan: what came must be what was made, to the last byte. */
function approvalOf({ desk }: PlansParts, { plan }: PlanFile): Approval {
  const found = desk.list().find((approval) => approval.plan.id === plan.id);
  if (found === undefined) throw new ControlRefusal("not_found", `nobody was asked about plan \`${plan.id}\` here`, again);
  const difference = differenceOf(asTold(found.plan), plan);
  if (difference === undefined) return found;
  throw new ControlRefusal("conflict", `this is not the plan that was made: \`${difference}\` is another`, again);
}

/** Whose plan it is, or a person who decides about the target's environment. */
function demandMay(parts: PlansParts, { asked: asker, target }: Plan, by: PlanAskedBy): void {
  const name = by.kind === "person" ? by.by.person.name : parts.inside(by.session, by.token).principal;
  if (name === asker.principal) return;
  if (by.kind === "person" && by.by.person.approves.includes(target.environment)) return;
  const who = by.kind === "person" ? `\`${name}\` does not decide about ${target.environment}, and` : "the session";
  throw new ControlRefusal("not_allowed", `${who} did not ask for this plan`);
}

function over({ id, state, because }: Approval): ControlRefusal {
  const told: Partial<Record<Approval["state"], string>> = {
    used: "the plan was applied already, and is applied once",
    running: "the plan is being applied",
    unknown: "the plan was applied, and the server was lost before it said how that ended: it is not run again",
    expired: "the plan has expired",
    denied: "a person said no",
  };
  const why = because === undefined ? "" : `: ${because}`;
  return new ControlRefusal(
    "conflict",
    `${told[state] ?? `the plan is ${state}`} (approval \`${id}\`)${why}`,
    state === "running" ? undefined : again,
  );
}

interface Placed {
  readonly place: PlanPlace;
  readonly ground: Ground;
  readonly ticket: Ticket;
}

/** What was planned on other ground is of no use any more, and that is said for good. */
async function demandSameGround({ plan, place, ground, ticket }: Placed & { readonly plan: Plan }): Promise<void> {
  const changed = [...(await changedGround(plan, { place, ground }))];
  const { name, environment, database } = place.target;
  if (environment !== plan.target.environment) changed.push(`target \`${name}\` is ${environment} now`);
  if (database !== plan.target.database) changed.push(`target \`${name}\` is another database now: \`${database}\``);
  if (changed.length === 0) return;
  const because = `since it was planned: ${changed.join("; ")}`;
  await ticket.end("stale", because);
  throw new ControlRefusal("conflict", `the plan is stale: ${because}`, again);
}

async function changedGround(plan: Plan, { place, ground }: Omit<Placed, "ticket">): Promise<readonly string[]> {
  await contextOf(ground, place.role, place.catalogue);
  return changedSince(plan, preconditionsOf(ground, place.catalogue));
}

interface Carrying extends Placed {
  readonly file: PlanFile;
  readonly by: PlanAskedBy;
}

async function carryOut(parts: PlansParts, { file, place, ground, ticket, by }: Carrying): Promise<Omit<AppliedView, "approval">> {
  const { guard, clock, random } = parts;
  const { target, role, catalogue, executor } = place;
  const { plan } = ticket;
  const client = by.kind === "person" ? `holdfast apply, as ${by.by.person.name}` : "holdfast apply";
  const session = sessionFor({ principal: principalOf(plan), target, client, nowMs: clock.now(), random });
  guard.sessionOpened(session, target, undefined);
  try {
    const action = actionFor(session, target, file.text, await contextOf(ground, role, catalogue));
    const approved = { approval: ticket.approval, policyDigest: plan.policy.digest };
    const admission = await guard.admitApproved?.(action, capabilities({ asks: false, bins: false }), approved);
    if (admission === undefined) throw new ControlRefusal("unavailable", "approvals are not set up");
    if (admission.kind === "deny") throw notAllowed(admission.reason);
    if (admission.kind === "hold") throw new ControlRefusal("conflict", "the policy has changed since it was planned", again);
    const spent = overBudget(admission, ticket);
    if (spent !== undefined) {
      guard.settle(admission, outcomeOf({ kind: "not_reached", because: spent.reason.message }));
      throw notAllowed(spent.reason);
    }
    const expected = { measured: plan.measured, toleranceRows: ticket.toleranceRows, identity: plan.target.identity };
    const executed = await executor.run(executorAct(action, ground, admission.statements), expected, async (transaction) => {
      if (admission.current?.() === false) throw new Error("the policy, or what the session may do, has changed");
      // Making the executor's connection took its time: what names mean is looked at once more, as late as can be.
      const changed = await changedGround(plan, { place, ground });
      if (changed.length > 0) throw new Error(changed.join("; "));
      // The intent is durable before the use is, and the use before anything is sent.
      await guard.seal();
      await ticket.begin(transaction);
    });
    guard.settle(admission, outcomeOf(executed));
    if (mayHaveDefined(executed, admission)) catalogue.defined?.(undefined);
    await ticket.end(endOf(executed), "because" in executed ? executed.because : "");
    return viewOf(executed);
  } finally {
    guard.sessionClosed(session, "the plan was applied");
  }
}

/** In whose name it is carried out: theirs who asked. What a program asked for is an agent's. */
function principalOf({ asked: { principal, run, actsFor } }: Plan): Principal {
  return { kind: run === undefined ? "human" : "ai_agent", name: principal, ...(actsFor === undefined ? {} : { onBehalfOf: [actsFor] }) };
}

function mayHaveDefined({ kind }: Executed, { statements }: Allowed): boolean {
  return kind !== "not_reached" && statements.some(({ definesObjects }) => definesObjects);
}

function endOf({ kind }: Executed): Parameters<Ticket["end"]>[0] {
  if (kind === "done") return "used";
  // The server refused what it had let pass on trial: it is not the act that was planned any more.
  return kind === "failed" ? "stale" : kind;
}

/** SQLSTATEs of our own making: what did other than planned was rolled back; the server was not reached. */
const ROLLED_BACK = "40001";
const NOT_REACHED = "58000";

function outcomeOf(executed: Executed): Outcome {
  switch (executed.kind) {
    case "done": {
      const tables = executed.measured === null ? {} : { tables: tableCounts(executed.measured.measurement) };
      const rows = executed.measured === null ? {} : { rowsChanged: rowsOf(executed.measured.measurement) };
      return { status: "succeeded", measured: { ...rows, elapsedMs: executed.elapsedMs, ...tables } };
    }
    case "stale":
      return { status: "failed", code: ROLLED_BACK, measured: { elapsedMs: 0 } };
    case "failed":
      return { status: "failed", code: executed.sqlstate, measured: { elapsedMs: 0 } };
    case "not_reached":
      return { status: "failed", code: NOT_REACHED, measured: { elapsedMs: 0 } };
    case "unknown":
      return { status: "unknown", because: executed.because };
  }
}

function rowsOf(measurement: Measurement): number {
  return tableCounts(measurement).reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0);
}

function viewOf(executed: Executed): Omit<AppliedView, "approval"> {
  if (executed.kind !== "done") return { outcome: executed.kind, because: executed.because };
  return { outcome: "applied", ...(executed.measured === null ? {} : { measured: executed.measured.measurement }) };
}

async function viewNow({ desk, link }: PlansParts, { id, ...then }: Approval): Promise<AppliedView["approval"]> {
  return asked(desk.list().find((approval) => approval.id === id) ?? { id, ...then }, link);
}
