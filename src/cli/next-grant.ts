/**
 * `holdfast approve --also-next`: the grant that goes with an approval, its terms shown before anything is signed, and given only once the
 * approval stands. The gateway holds it against the approval again.
 */
import { figure } from "../base/counted.ts";
import { alsoNext } from "../approvals/also-next.ts";
import { type Call, Refused } from "../control/client.ts";
import type { ApprovalView } from "../control/contract.ts";
import type { Grant } from "../model/grant.ts";
import { causeText, failed, wrongUse } from "./errors.ts";
import { countOf, termsText, untilOf } from "./grant-terms.ts";
import { visible } from "./output.ts";
import type { Terminal } from "./terminal.ts";

export interface NextGrant {
  readonly call: Call;
  readonly terms: string;
}

/** What came of it: the grant, or why there is none. */
export interface GivenNext {
  readonly grant?: Grant;
  readonly problem?: string;
}

/** Fails where nothing may follow from the plan, before anything is signed. */
export function nextOf(
  view: ApprovalView,
  options: { readonly alsoNext?: string; readonly until?: string },
  nowMs: number,
): NextGrant | undefined {
  if (options.alsoNext === undefined && options.until === undefined) return undefined;
  if (options.alsoNext === undefined) throw wrongUse("--until is the end of what --also-next gives", "give --also-next N with it");
  const rights = alsoNext(view.plan, countOf(options.alsoNext, "--also-next") ?? 0);
  if (typeof rights === "string") throw failed(`--also-next cannot be given with this plan: ${rights}`, "approve it without");
  const { run } = view.plan.asked;
  if (run === undefined) throw failed("--also-next is for a session, and this plan is none's", "approve it without");
  const untilMs = untilOf(options.until, nowMs);
  const body = { approval: view.id, session: run, ...rights, untilMs, reason: `as approved in ${view.id}` };
  return { call: { method: "POST", path: "/v1/grants", body }, terms: `and then, without being asked again:\n${termsText(body)}` };
}

/** Where other persons must agree first, nothing follows yet. */
export async function thenGrant(
  after: ApprovalView,
  next: NextGrant | undefined,
  sign: (call: Call) => Promise<unknown>,
): Promise<{ readonly after: ApprovalView; readonly grant: GivenNext }> {
  if (next === undefined) return { after, grant: {} };
  if (after.state === "pending") return { after, grant: { problem: "others must agree first: grant it when they have" } };
  try {
    return { after, grant: { grant: (await sign(next.call)) as Grant } };
  } catch (error) {
    return { after, grant: { problem: error instanceof Refused ? visible(error.message) : causeText(error) } };
  }
}

export function nextText({ grant, problem }: GivenNext, terminal: Terminal): string {
  if (grant === undefined) return `${terminal.style("yellow", "no grant")}: ${problem ?? "it was not given"}\n`;
  const back = terminal.style("bold", `holdfast grants revoke ${grant.id}`);
  return `${terminal.style("green", "granted")} ${grant.id} for the next ${figure(grant.usesMax ?? 0)}; take it back with ${back}\n`;
}
