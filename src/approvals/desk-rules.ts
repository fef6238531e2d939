/**
 * Who may answer for a plan, and what the answers must show: pure, over the rules and the persons of this moment.
 * It does not hold an answer against a key.
 */
import type { Approval, ApprovalAnswer } from "../model/approval.ts";
import type { ApprovalRules } from "../model/approval-rules.ts";
import type { Plan } from "../model/plan.ts";
import type { Demand, DeskPerson } from "./desk-ports.ts";

/** Whether what the plan does can be taken back; what nobody knows counts as what cannot. */
export function lasting({ reversibility }: Pick<Plan, "reversibility">): boolean {
  return reversibility === "irreversible" || reversibility === "unknown";
}

/** The one who wants it: the principal itself, or whom it acts for. */
export function isAsker({ asked }: Plan, person: string): boolean {
  return asked.principal === person || asked.actsFor === person;
}

/** Those who may answer for the plan as things stand. */
export function whoMay(plan: Plan, persons: readonly DeskPerson[], { solo }: ApprovalRules): readonly DeskPerson[] {
  return persons.filter(({ name, approves }) => approves.includes(plan.target.environment) && (solo || !isAsker(plan, name)));
}

/** What is demanded of the answers to a plan as things stand. */
export function demandOf(plan: Plan, persons: readonly DeskPerson[], rules: ApprovalRules): Demand {
  const may = whoMay(plan, persons, rules);
  return {
    quorum: rules.quorum[plan.target.environment],
    strength: needsPasskey(plan, may, rules) ? "passkey" : "signature",
    coolOffMs: lasting(plan) && (plan.target.environment === "production" || rules.solo) ? rules.coolOffMs : 0,
  };
}

function needsPasskey(plan: Plan, may: readonly DeskPerson[], { passkey, solo }: ApprovalRules): boolean {
  if (passkey === "always") return true;
  if (passkey === "never") return false;
  // Alone, a second factor is what is left of a second person.
  return (lasting(plan) || solo) && may.some((person) => person.passkey);
}

/** Why this person may not answer; `undefined` where it may. */
export function mayNot(plan: Plan, person: Pick<DeskPerson, "name" | "approves">, { solo }: ApprovalRules): string | undefined {
  const { environment, name } = plan.target;
  if (!person.approves.includes(environment)) {
    const may = person.approves.join(", ") || "nothing";
    return `\`${person.name}\` may decide about ${may}, and target \`${name}\` is ${environment}`;
  }
  if (solo || !isAsker(plan, person.name)) return undefined;
  return `\`${person.name}\` is the one who asks, and another person has to answer`;
}

/**
 * What a person types to approve it: the name of what is hit hardest, of what cannot be taken back; absent where nothing has to be typed.
 * Objects that go come before rows that go, and what the act names itself before what follows.
 */
export function confirmOf(plan: Plan): string | undefined {
  if (!lasting(plan)) return undefined;
  const { objects = [], tables = [] } = plan.measured ?? {};
  const gone = objects.filter(({ change }) => change === "dropped" || change === "truncated");
  const object = gone.find(({ through }) => through === undefined) ?? gone[0];
  if (object !== undefined) return object.name;
  const weights = tables.map(({ table, direct, following }) => ({
    table,
    weight: [direct.deleted, direct.updated, following.deleted, following.updated, direct.inserted],
  }));
  const [hardest] = weights.sort((a, b) => heavier(a.weight, b.weight));
  if (hardest !== undefined) return hardest.table;
  const grave = plan.effects.find(({ reversibility }) => reversibility === "irreversible" || reversibility === "unknown");
  return grave?.resource.name ?? plan.target.name;
}

function heavier(a: readonly number[], b: readonly number[]): number {
  for (const [i, figure] of a.entries()) if (figure !== b[i]) return (b[i] ?? 0) - figure;
  return 0;
}

/** Why answers do not carry the approval as things stand; `undefined` where they do. Keys are looked at elsewhere. */
export function lacking(approval: Approval, demand: Demand, rules: ApprovalRules): string | undefined {
  const { plan, answers } = approval;
  const denying = answers.find(({ answer }) => answer === "deny");
  if (denying !== undefined) return `\`${denying.person}\` denied it`;
  const persons = new Set<string>();
  for (const { person, evidence } of answers) {
    if (!rules.solo && isAsker(plan, person)) return `\`${person}\` is the one who asked`;
    if (evidence.kind === "login") return `the answer of \`${person}\` carries nothing that proves it`;
    if (demand.strength === "passkey" && evidence.kind !== "passkey") return `the answer of \`${person}\` is not by passkey`;
    persons.add(person);
  }
  const quorum = Math.max(demand.quorum, approval.quorum);
  return persons.size < quorum ? `${persons.size} of ${quorum} persons agreed` : undefined;
}

/** One person answers once. */
export function answeredBy(answers: readonly ApprovalAnswer[], person: string): ApprovalAnswer | undefined {
  return answers.find((answer) => answer.person === person);
}
