/**
 * Acts that a person has said no to: the same act is not asked about again, in the same run at all, in others for a while.
 * It holds what a person said, and no rule.
 */
import type { Approval } from "../model/approval.ts";
import type { RunId } from "../base/ids.ts";

export interface Refusal {
  readonly approval: Approval["id"];
  readonly person: string;
  readonly reason: string;
  readonly atMs: number;
  readonly run: RunId | undefined;
}

/** The oldest are forgotten beyond this. */
const REMEMBERED_MAX = 10_000;

export class Refusals {
  readonly #refusals = new Map<string, Refusal>();

  /** Takes up a denied approval; nothing else. */
  note({ id, state, plan, answers }: Approval): void {
    const no = answers.find(({ answer }) => answer === "deny");
    if (state !== "denied" || no === undefined) return;
    const { asked, target, act } = plan;
    const key = refusalKey(asked.principal, target, act.digest);
    this.#refusals.delete(key);
    this.#refusals.set(key, { approval: id, person: no.person, reason: no.reason, atMs: no.atMs, run: asked.run });
    const [oldest] = this.#refusals.keys();
    if (this.#refusals.size > REMEMBERED_MAX && oldest !== undefined) this.#refusals.delete(oldest);
  }

  /** `act` is the digest of its bytes: a setting changed in between makes no other act of it. */
  of(
    principal: string,
    target: { readonly name: string; readonly database: string },
    act: string,
    now: { readonly run: RunId | undefined; readonly sinceMs: number },
  ): Refusal | undefined {
    const refusal = this.#refusals.get(refusalKey(principal, target, act));
    if (refusal === undefined) return undefined;
    const sameRun = now.run !== undefined && refusal.run === now.run;
    return sameRun || refusal.atMs >= now.sinceMs ? refusal : undefined;
  }
}

function refusalKey(principal: string, { name, database }: { readonly name: string; readonly database: string }, act: string): string {
  return JSON.stringify([principal, name, database, act]);
}
