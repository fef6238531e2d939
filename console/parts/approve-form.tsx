/**
 * Agreeing to one plan: the name of what would be lost typed by hand, and a proof that is made for this plan alone.
 * The focus stands on the way back; Enter on its own agrees to nothing.
 */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AnswerProof, ApprovalView, ConsolePerson } from "../../src/control/contract.ts";
import { type CredentialJson, passkeysExist, type RequestOptions, signWithPasskey } from "../api/passkey.ts";
import type { App } from "../state/app.ts";
import { useSending } from "../state/sending.ts";
import { sentenceOf } from "../words/sentence.ts";
import { undoWords } from "../words/states.ts";
import { answer } from "./deny-form.tsx";
import { Data, Name, Sentence } from "./data.tsx";
import { Field, Problem } from "./field.tsx";

interface ApproveProps {
  readonly app: App;
  readonly view: ApprovalView;
  readonly me: ConsolePerson;
  readonly onBack: () => void;
  readonly onDeny: () => void;
}

export function ApproveForm({ app, view, me, onBack, onDeny }: ApproveProps): JSX.Element {
  const withPasskey = me.passkeys.length > 0 && passkeysExist();
  const [proof, setProof] = useState<"passkey" | "passphrase">(view.strength === "passkey" || withPasskey ? "passkey" : "passphrase");
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [errors, setErrors] = useState<{ readonly typed?: string; readonly passphrase?: string }>({});
  const { busy, problem, sending } = useSending();
  const back = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => back.current?.focus(), []);
  const send = sending(async () => {
    const wrong = {
      ...(view.confirm !== undefined && typed !== view.confirm ? { typed: "this is not the name" } : {}),
      ...(proof === "passphrase" && passphrase === "" ? { passphrase: "your passphrase proves that it is you who agrees" } : {}),
    };
    setErrors(wrong);
    if (Object.keys(wrong).length > 0) return;
    const made = await proofOf(app, view, proof, passphrase);
    setPassphrase("");
    app.takeApproval(await answer(app, view, { answer: "approve", reason: reason.trim(), confirm: typed, proof: made }));
  });
  const grave = view.plan.target.environment === "production" || undoWords(view.plan.reversibility).tone === "grave";
  return (
    <form class="answer-form" onSubmit={send} noValidate>
      <div class="buttons">
        <button type="button" class="deny" data-deny ref={back} onClick={onDeny}>
          Deny instead…
        </button>
        <button type="button" class="plain" onClick={onBack}>
          Back
        </button>
      </div>
      <p class="restated">
        You agree that <Name text={view.plan.asked.principal} /> does this once, in{" "}
        <strong class="shout">{view.plan.target.environment}</strong>: <Sentence pieces={sentenceOf(view.plan)} />.
      </p>
      {view.confirm !== undefined && <Confirm name={view.confirm} typed={typed} onTyped={setTyped} error={errors.typed ?? ""} />}
      <Field label="Why (it is recorded)" name="reason" value={reason} onValue={setReason} />
      {proof === "passphrase" ? (
        <Passphrase value={passphrase} onValue={setPassphrase} error={errors.passphrase ?? ""} />
      ) : (
        <p class="hint">Your passkey signs exactly this plan.</p>
      )}
      {withPasskey && view.strength !== "passkey" && (
        <button type="button" class="link" onClick={() => setProof(proof === "passkey" ? "passphrase" : "passkey")}>
          {proof === "passkey" ? "Sign with the passphrase instead" : "Sign with a passkey instead"}
        </button>
      )}
      {problem !== "" && <Problem text={problem} />}
      <div class="buttons">
        <button type="submit" class={grave ? "approve grave" : "approve"} aria-busy={busy}>
          {busy ? "Signing…" : proof === "passkey" ? "Approve with passkey" : "Approve"}
        </button>
      </div>
    </form>
  );
}

function Passphrase({ value, onValue, error }: { value: string; onValue: (value: string) => void; error: string }): JSX.Element {
  return (
    <Field
      label="Your passphrase"
      name="passphrase"
      type="password"
      autocomplete="current-password"
      value={value}
      onValue={onValue}
      error={error}
      hint="Your agreement is signed with it. It is asked for each time."
    />
  );
}

interface ConfirmProps {
  readonly name: string;
  readonly typed: string;
  readonly onTyped: (typed: string) => void;
  readonly error: string;
}

function Confirm({ name, typed, onTyped, error }: ConfirmProps): JSX.Element {
  return (
    <Field
      label={
        <>
          Type{" "}
          <code class="name unselectable">
            <Data text={name} />
          </code>{" "}
          to say that you know what goes
        </>
      }
      name="confirm"
      value={typed}
      onValue={onTyped}
      error={error}
    />
  );
}

async function proofOf(
  app: App,
  view: ApprovalView,
  kind: "passkey" | "passphrase",
  passphrase: string,
): Promise<AnswerProof<CredentialJson>> {
  if (kind === "passphrase") return { kind, passphrase };
  const { publicKey } = await app.call<{ publicKey: RequestOptions }>(
    "POST",
    `/api/approvals/${encodeURIComponent(view.id)}/challenge`,
    {},
  );
  return { kind, assertion: await signWithPasskey(publicKey) };
}
