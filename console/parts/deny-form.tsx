/**
 * Saying no, with the reason that whoever asked will read. A login suffices: to stop something is always allowed.
 */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ApprovalView, ConsoleAnswer } from "../../src/control/contract.ts";
import type { CredentialJson } from "../api/passkey.ts";
import type { App } from "../state/app.ts";
import { useSending } from "../state/sending.ts";
import { Field, Problem } from "./field.tsx";

/** One press each, so that no is never more work than yes. */
const reasons = [
  "too many rows: narrow it down",
  "this is the wrong environment",
  "not now: ask again later",
  "say first what it is for",
] as const;

export function DenyForm({ app, view, onBack }: { app: App; view: ApprovalView; onBack: () => void }): JSX.Element {
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState("");
  const { busy, problem, sending } = useSending();
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.focus(), []);
  const send = sending(async () => {
    if (reason.trim() === "") {
      setMissing("say why: whoever asked reads it, and can do better");
      return input.current?.focus();
    }
    app.takeApproval(await answer(app, view, { answer: "deny", reason: reason.trim(), confirm: "", proof: { kind: "login" } }));
  });
  const choose = (text: string): void => {
    setReason(text);
    setMissing("");
  };
  return (
    <form class="answer-form" onSubmit={send} noValidate>
      <Field
        label="Why not"
        name="reason"
        value={reason}
        onValue={setReason}
        input={input}
        error={missing}
        hint="Whoever asked reads this."
      />
      <p class="chips">
        {reasons.map((each) => (
          <button type="button" class="chip" onClick={() => choose(each)}>
            {each}
          </button>
        ))}
      </p>
      {problem !== "" && <Problem text={problem} />}
      <div class="buttons">
        <button type="submit" class="deny" aria-busy={busy}>
          {busy ? "Denying…" : "Deny"}
        </button>
        <button type="button" class="plain" onClick={onBack}>
          Back
        </button>
      </div>
    </form>
  );
}

export function answer(app: App, view: ApprovalView, given: Omit<ConsoleAnswer<CredentialJson>, "planDigest">): Promise<ApprovalView> {
  const body: ConsoleAnswer<CredentialJson> = { planDigest: view.plan.digest, ...given };
  return app.call<ApprovalView>("POST", `/api/approvals/${encodeURIComponent(view.id)}/answer`, body);
}
