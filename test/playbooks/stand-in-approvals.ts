/**
 * Stand-ins for whoever asks persons and for the executor: words in the act's text say what persons answer and what the server does.
 * They keep what was presented, run and settled. They are never part of the program.
 */
import { newApprovalId, newPlanId } from "../../src/base/ids.ts";
import type { Executed, Executor, ExecutorAct } from "../../src/adapters/postgres/executor/port.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Approvals, HeldAct, Measured, Presented, Ticket } from "../../src/pipeline/approvals-port.ts";
import { serverMessages } from "./wire-messages.ts";

export interface StandInApprovals extends Approvals {
  readonly presented: HeldAct[];
  /** What became of tickets, in order: `begin 7`, `end used`. */
  readonly tickets: string[];
  /** Lets acts with `hang` in their text be answered. */
  release(answer: "yes" | "no" | "later"): void;
  /** Of the policy that plans were made under; `undefined` is the act's own. */
  plannedUnder: string | undefined;
  beginFails: boolean;
}

/** `yes`, `no` or `later` in the text answer at once; `hang` waits for `release`, or for the client to go. */
export function standInApprovals(): StandInApprovals {
  let release: (answer: "yes" | "no" | "later") => void = () => {};
  const approvals: StandInApprovals = {
    presented: [],
    tickets: [],
    plannedUnder: undefined,
    beginFails: false,
    release: (answer) => release(answer),
    async present(act) {
      approvals.presented.push(act);
      const measured = await act.measure();
      for (const answer of ["yes", "no", "later"] as const) if (act.shown.includes(answer)) return presented(act, measured, answer);
      const answer = await new Promise<"yes" | "no" | "later">((resolve) => {
        release = resolve;
        act.gone.addEventListener("abort", () => resolve("later"));
      });
      return presented(act, measured, answer);
    },
  };

  function presented(act: HeldAct, measured: Measured, answer: "yes" | "no" | "later"): Presented {
    const approval = newApprovalId();
    if (answer === "no") return { kind: "denied", reason: { code: "approval_denied", message: "ada said no" } };
    if (answer === "later")
      return { kind: "waiting", approval, reason: { code: "approval_required", message: "nobody has answered", next: "send it again" } };
    return { kind: "approved", ticket: ticket(act, measured, approval) };
  }

  function ticket(act: HeldAct, { measurement, identity }: Measured, approval: Ticket["approval"]): Ticket {
    const policy = { digest: approvals.plannedUnder ?? act.policyDigest, rules: act.rules };
    return {
      approval,
      toleranceRows: 0,
      plan: { ...emptyPlan(act), policy, measured: measurement, target: { ...act.target, identity } },
      async begin(transaction) {
        approvals.tickets.push(`begin ${transaction}`);
        if (approvals.beginFails) throw new Error("it is used");
      },
      async end(how) {
        approvals.tickets.push(`end ${how}`);
      },
    };
  }
  return approvals;
}

function emptyPlan({ session, target, digest, shown, parts, effects, preconditions, policyDigest, rules }: HeldAct): Plan {
  return {
    version: 1,
    id: newPlanId(),
    madeAtMs: 0,
    expiresAtMs: 1,
    target: { ...target, identity: "" },
    asked: { principal: session.principal.name },
    act: { digest, shown, parts },
    effects,
    measured: null,
    unmeasured: [],
    reversibility: "reversible",
    undo: [],
    policy: { digest: policyDigest, rules },
    preconditions,
    digest: "",
  };
}

export interface StandInExecutor extends Executor {
  readonly ran: ExecutorAct[];
  /** What the server would answer: `T D C:DELETE_1`. */
  answers: string;
  /** What `run` comes to in place of `done`, once. */
  next: Executed | undefined;
}

export function standInExecutor(): StandInExecutor {
  const measurement = { tables: [], objects: [], locks: [], parts: [], elapsedMs: 1, on: "target" } as const;
  const executor: StandInExecutor = {
    ran: [],
    answers: "C:DELETE_1",
    next: undefined,
    measure: async () => ({ measurement, unmeasured: [], identity: "server-1" }),
    async run(act, _expected, begin) {
      try {
        await begin("7");
      } catch (error) {
        return { kind: "not_reached", because: error instanceof Error ? error.message : "" };
      }
      executor.ran.push(act);
      const { next } = executor;
      executor.next = undefined;
      if (next !== undefined) return next;
      const answers = executor.answers.split(" ").map((word) => serverMessages(word));
      return { kind: "done", answers, measured: { measurement, unmeasured: [], identity: "server-1" }, elapsedMs: 1 };
    },
    reconcile: async () => "unknown",
  };
  return executor;
}
