/**
 * The passkeys of whoever is logged in: what signs approvals that cannot be taken back. To add or remove one takes the passphrase.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PasskeyView } from "../../src/control/contract.ts";
import { type CreationOptions, createPasskey, passkeysExist, type RequestOptions, signWithPasskey } from "../api/passkey.ts";
import { Data } from "../parts/data.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field, Problem } from "../parts/field.tsx";
import { Heading } from "../parts/page.tsx";
import type { App } from "../state/app.ts";
import { useSending } from "../state/sending.ts";
import { useStore } from "../state/store.ts";
import { clockTime } from "../words/times.ts";

export function PasskeysPage({ app }: { app: App }): JSX.Element {
  const { me } = useStore(app.store);
  const [removing, setRemoving] = useState<PasskeyView | null>(null);
  const passkeys = me?.passkeys ?? [];
  return (
    <>
      <Heading title="Your passkeys" aside={String(passkeys.length)} />
      <p>
        A passkey signs the exact plan that you approve. What cannot be undone can be approved with one only, and anybody can verify later
        from the log alone that you did.
      </p>
      <ul class="entries">
        {passkeys.map((passkey) => (
          <li class="entry" key={passkey.credential}>
            <p class="entry-title">
              <Data text={passkey.label} />
            </p>
            <p class="quiet">
              registered {clockTime(passkey.registeredAtMs, app.now())} <code class="digest">{passkey.credential}</code>
            </p>
            <div class="buttons">
              <button type="button" class="plain" onClick={() => setRemoving(passkey)}>
                Remove…
              </button>
            </div>
          </li>
        ))}
      </ul>
      <section class="panel">
        <h2>Register one</h2>
        {passkeysExist() ? <RegisterForm app={app} /> : <p>This browser has no passkeys, or allows none at this address.</p>}
      </section>
      {removing !== null && <RemoveDialog app={app} passkey={removing} onClose={() => setRemoving(null)} />}
    </>
  );
}

function RegisterForm({ app }: { app: App }): JSX.Element {
  const [label, setLabel] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [done, setDone] = useState("");
  const { busy, problem, sending } = useSending();
  const send = sending(async () => {
    setDone("");
    try {
      const begun = await app.call<{ publicKey: CreationOptions; agree?: RequestOptions }>("POST", "/api/passkeys/challenge", {
        passphrase,
      });
      // Where there is one already, one of them agrees to the new one.
      const agreed = begun.agree === undefined ? {} : { agreed: await signWithPasskey(begun.agree) };
      await app.call("POST", "/api/passkeys", { response: await createPasskey(begun.publicKey), label: label.trim(), ...agreed });
      setDone("It is registered.");
      setLabel("");
      await app.look();
    } finally {
      setPassphrase("");
    }
  });
  return (
    <form class="answer-form plain-form" onSubmit={send} noValidate>
      <Field label="What you call it" name="label" value={label} onValue={setLabel} hint="For example: blue key, or: this laptop" />
      <Field
        label="Your passphrase"
        name="passphrase"
        type="password"
        autocomplete="current-password"
        value={passphrase}
        onValue={setPassphrase}
      />
      {problem !== "" && <Problem text={problem} />}
      {done !== "" && (
        <p class="notice notice-good" role="status">
          {done}
        </p>
      )}
      <div class="buttons">
        <button type="submit" class="primary" aria-busy={busy}>
          {busy ? "Registering…" : "Register a passkey"}
        </button>
      </div>
    </form>
  );
}

function RemoveDialog({ app, passkey, onClose }: { app: App; passkey: PasskeyView; onClose: () => void }): JSX.Element {
  const [passphrase, setPassphrase] = useState("");
  const { busy, problem, sending } = useSending();
  const send = sending(async () => {
    await app.call("DELETE", `/api/passkeys/${encodeURIComponent(passkey.credential)}`, { passphrase });
    await app.look();
    onClose();
  });
  return (
    <Dialog title="Remove a passkey" onClose={onClose}>
      <p>
        <Data text={passkey.label} /> will sign nothing any more. What it has signed stays valid.
      </p>
      <form class="answer-form" onSubmit={send} noValidate>
        <Field
          label="Your passphrase"
          name="passphrase"
          type="password"
          autocomplete="current-password"
          value={passphrase}
          onValue={setPassphrase}
        />
        {problem !== "" && <Problem text={problem} />}
        <div class="buttons">
          <button type="button" class="plain" onClick={onClose}>
            Keep it
          </button>
          <button type="submit" class="grave" aria-busy={busy}>
            Remove
          </button>
        </div>
      </form>
    </Dialog>
  );
}
