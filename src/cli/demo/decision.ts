/**
 * The question of the demo: one statement is held, a person decides about its measured plan, and the agent sends it again.
 * Without a person the same answers are given by script, over the same socket and with the same signature.
 */
import pg from "pg";
import { passphraseBytes } from "../../base/passphrase-key.ts";
import { type AnswerBody, answerPath, type ApprovalView } from "../../control/contract.ts";
import { callControl } from "../../control/client.ts";
import { signedCall } from "../../control/signed-call.ts";
import { stateDirectory } from "../../control/state-directory.ts";
import type { DemoGateway } from "./gateway.ts";

/** What the agent got: rows changed, or the refusal. */
export type Answered =
  | { readonly kind: "done"; readonly rows: number }
  | { readonly kind: "refused"; readonly message: string; readonly hint: string | undefined; readonly approval: string | undefined };

export async function send(statement: string, agent: pg.Client): Promise<Answered> {
  try {
    return { kind: "done", rows: (await agent.query(statement)).rowCount ?? 0 };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const { message, detail, hint } = error;
    return { kind: "refused", message, hint, approval: /q_[0-9a-z]{12}/.exec(`${message} ${detail ?? ""} ${hint ?? ""}`)?.[0] };
  }
}

export class DemoPerson {
  readonly #gateway: DemoGateway;
  readonly #socketPath: string;

  constructor(gateway: DemoGateway) {
    this.#gateway = gateway;
    this.#socketPath = stateDirectory(gateway.config.state).controlSocket;
  }

  async view(approval: string): Promise<ApprovalView> {
    return (await callControl(this.#socketPath, { method: "GET", path: answerPath(approval) })) as ApprovalView;
  }

  /** As `holdfast approve` and `holdfast deny` do. */
  async answer({ id, plan, confirm = "" }: ApprovalView, answer: AnswerBody["answer"], reason: string): Promise<void> {
    const { name, passphrase: text } = this.#gateway.person;
    const passphrase = passphraseBytes(text);
    const body: AnswerBody = { approval: id, planDigest: plan.digest, answer, reason, confirm: answer === "approve" ? confirm : "" };
    try {
      await signedCall({ socketPath: this.#socketPath, person: name, passphrase }, { method: "POST", path: answerPath(id), body });
    } finally {
      passphrase.fill(0);
    }
  }

  /** Resolves when the approval is no longer pending, or when `ended` aborts. */
  async decided(approval: string, ended: AbortSignal): Promise<ApprovalView> {
    let view = await this.view(approval);
    while (view.state === "pending" && !ended.aborted) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      view = await this.view(approval);
    }
    return view;
  }
}

const LOOK_EVERY_MS = 300;

/** Rows of each table that the plan says will go or change, what follows included. */
export function plannedRows({ plan }: ApprovalView): Readonly<Record<string, { readonly gone: number; readonly changed: number }>> {
  const tables = plan.measured?.tables ?? [];
  const rows = tables.map(({ table, direct, following }) => {
    const gone = direct.deleted + following.deleted - direct.inserted - following.inserted;
    return [table.replace(/^public\./, ""), { gone, changed: direct.updated + following.updated }] as const;
  });
  return Object.fromEntries(rows);
}
