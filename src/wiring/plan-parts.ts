/**
 * What planning and applying ask of the rest of the gateway, and the refusals that both give.
 * It does nothing itself.
 */
import type { Executor } from "../adapters/postgres/executor/port.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { CatalogueSource } from "../catalogue/source.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { WantedPlan } from "../control/plan-port.ts";
import type { SqlAnalyser } from "../effects/analyse.ts";
import type { Approval } from "../model/approval.ts";
import type { Reason } from "../model/decision.ts";
import type { RecoveryFact } from "../model/facts.ts";
import type { Target } from "../model/principal.ts";
import type { Run } from "../model/run.ts";
import type { HeldAct, Ticket } from "../pipeline/approvals-port.ts";
import type { Guard } from "../pipeline/guard.ts";

/** Where an act is planned and carried out. */
export interface PlanPlace {
  readonly target: Target;
  /** The role that the policy is told of: the target's own login. */
  readonly role: string;
  /** The role whose rights agents have at the least. */
  readonly agentRole: string;
  readonly catalogue: CatalogueSource;
  readonly executor: Executor;
  /** Where its acts are tried. */
  readonly triedOn: "target" | "clone";
}

/** Of whoever keeps approvals. */
export interface PlanDesk {
  /** Measures and asks, without waiting for an answer; the same act joins what stands open. A reason: nobody is asked. */
  ask(act: HeldAct): Promise<Approval | Reason>;
  list(): readonly Approval[];
  /** `undefined` where it is not approved, or not to be believed. */
  ticket(id: string): Promise<Ticket | undefined>;
}

export interface PlansParts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly guard: Guard;
  readonly analyser: SqlAnalyser;
  readonly desk: PlanDesk;
  /** Of one target by its name; of the only one there is without; `undefined` where there is none. */
  readonly place: (target: string) => PlanPlace | undefined;
  /** The run whose inside the token shows. Throws {@link ControlRefusal}. */
  readonly inside: (session: string, token: string) => Run;
  readonly policyDigest: (target: string, principal: string) => string | undefined;
  /** What is known of a target's backups. */
  readonly recovery: (target: string) => RecoveryFact | undefined;
  /** How long a plan lives, in milliseconds. */
  readonly lifeMs: () => number;
  readonly link: (approval: Approval["id"]) => string | undefined;
}

/** With the reason's code, which programs look for. */
export function notAllowed({ code, message, next }: Reason): ControlRefusal {
  return new ControlRefusal("not_allowed", `${code}: ${message}`, next);
}

/** Where trials take place is for the configuration to say; whoever wants a plan says at most where it must have been. */
export function assertTriedOn(wanted: WantedPlan["on"], { target, triedOn }: PlanPlace): void {
  if (wanted === "" || wanted === triedOn) return;
  const here = `acts of target \`${target.name}\` are tried at ${triedOn === "clone" ? "its clone" : "the target itself"}`;
  const next = wanted === "clone" ? "an operator sets `plan: { on: clone, clone: ... }`" : "leave `on` out, or say where that is";
  if (wanted === "replica")
    throw new ControlRefusal("not_allowed", `a replica is read-only, and no change can be tried on it: ${here}`, next);
  throw new ControlRefusal("not_allowed", `${here}, and not at the ${wanted}`, next);
}

export function asked({ id, state }: Approval, link: (id: Approval["id"]) => string | undefined) {
  const at = link(id);
  return { id, state, ...(at === undefined ? {} : { link: at }) };
}
