/**
 * Letting a suspended session go on. Unlike stopping it takes the passphrase.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { SessionView } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { useSending } from "../state/sending.ts";
import { Dialog } from "./dialog.tsx";
import { Field, Problem } from "./field.tsx";

export function ResumeDialog({ app, session, onClose }: { app: App; session: SessionView; onClose: () => void }): JSX.Element {
  const [because, setBecause] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const { busy, problem, sending } = useSending();
  const send = sending(async () => {
    const proof = { kind: "passphrase", passphrase };
    await app.call("POST", `/api/sessions/${encodeURIComponent(session.id)}/resume`, { because: because.trim(), proof });
    onClose();
  });
  return (
    <Dialog title="Let the session go on" onClose={onClose}>
      <form class="answer-form" onSubmit={send} noValidate>
        <Field label="Why" name="because" value={because} onValue={setBecause} />
        <Field
          label="Your passphrase"
          name="passphrase"
          type="password"
          autocomplete="current-password"
          value={passphrase}
          onValue={setPassphrase}
          hint="To stop takes the login alone; to let go on takes a proof."
        />
        {problem !== "" && <Problem text={problem} />}
        <div class="buttons">
          <button type="button" class="deny" onClick={onClose}>
            Leave it suspended
          </button>
          <button type="submit" class="approve" aria-busy={busy}>
            Let it go on
          </button>
        </div>
      </form>
    </Dialog>
  );
}
