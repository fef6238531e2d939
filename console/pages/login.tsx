/**
 * The login. It lets a person look, stop and say no; each approval asks for a proof of its own later.
 */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Field, Problem } from "../parts/field.tsx";
import type { App } from "../state/app.ts";
import { useSending } from "../state/sending.ts";
import { useStore } from "../state/store.ts";

export function LoginPage({ app }: { app: App }): JSX.Element {
  const { notice } = useStore(app.store);
  const [person, setPerson] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const { busy, problem, sending } = useSending();
  const first = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  const send = sending(async () => {
    try {
      await app.logIn(person.trim(), passphrase);
    } catch (error) {
      setPassphrase("");
      throw error;
    }
  });
  return (
    <main class="login">
      <h1>Holdfast</h1>
      <p class="quiet">The console of this gateway, for persons.</p>
      {notice !== "" && problem === "" && (
        <p class="notice notice-wait" role="status">
          {notice}
        </p>
      )}
      <form onSubmit={send} noValidate>
        <Field label="Person" name="person" autocomplete="username" value={person} onValue={setPerson} input={first} required />
        <Field
          label="Passphrase"
          name="passphrase"
          type="password"
          autocomplete="current-password"
          value={passphrase}
          onValue={setPassphrase}
          required
        />
        {problem !== "" && <Problem text={problem} />}
        <button type="submit" class="primary" aria-busy={busy}>
          {busy ? "Logging in…" : "Log in"}
        </button>
      </form>
      <p class="hint">A login lets you look, stop and deny. To approve, you are asked for a proof each time.</p>
    </main>
  );
}
