/**
 * How `plan` and `apply` reach the gateway: from inside a session, which its token shows, or as a person who signs.
 * It shows terms before a person signs, and reads nothing from the gateway that it would sign.
 */
import type { Call } from "../control/client.ts";
import { ask, askAsPerson, type PersonOptions } from "./person-call.ts";
import type { Terminal } from "./terminal.ts";

export interface PlanCall {
  /** `/v1/plans`; a person's request goes to the same with `/signed` behind it. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What a person signs, in words. */
  readonly terms: string;
  /** In milliseconds: a trial or a migration takes its time. */
  readonly answerMsMax: number;
}

/** Inside a session unless a person is named. Fails as every request to the gateway does. */
export function callForPlan(options: PersonOptions, { path, body, terms, answerMsMax }: PlanCall, terminal: Terminal): Promise<unknown> {
  const session = terminal.env["HOLDFAST_SESSION"];
  const token = terminal.env["HOLDFAST_ASK_TOKEN"];
  if (session === undefined || token === undefined || options.as !== undefined) {
    const call: Call = { method: "POST", path: `${path}/signed`, body, answerMsMax };
    return askAsPerson(options, call, terms, terminal);
  }
  return ask(options, { method: "POST", path, body: { ...body, session, token }, answerMsMax }, terminal);
}
