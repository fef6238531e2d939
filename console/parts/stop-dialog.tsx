/**
 * Stopping sessions: one, all of one agent, everything. It takes the login and a reason; it says first what it hits, and afterwards what
 * it could not stop.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { SessionView } from "../../src/control/contract.ts";
import { wordsOf } from "../api/call.ts";
import type { App } from "../state/app.ts";
import { useSending } from "../state/sending.ts";
import { Name } from "./data.tsx";
import { Dialog } from "./dialog.tsx";
import { Field, Problem } from "./field.tsx";

export interface StopWish {
  readonly what: string;
  readonly sessions: readonly SessionView[];
}

type How = "suspend" | "end";

export function StopDialog({ app, wish, onClose }: { app: App; wish: StopWish; onClose: () => void }): JSX.Element {
  const suspended = wish.sessions.every(({ state }) => state === "suspended");
  const [how, setHow] = useState<How>(suspended ? "end" : "suspend");
  const [because, setBecause] = useState("");
  const [missing, setMissing] = useState("");
  const { busy, problem, sending } = useSending();
  const send = sending(async () => {
    if (because.trim() === "") return setMissing("say why: it is recorded, and whoever works there reads it");
    const failures = await stopAll(app, wish.sessions, how, because.trim());
    if (failures.length > 0) throw new Error(`not stopped: ${failures.join("; ")}`);
    onClose();
  });
  return (
    <Dialog title={`Stop ${wish.what}`} onClose={onClose}>
      <p>This reaches {wish.sessions.length === 1 ? "one session" : `${wish.sessions.length} sessions`}:</p>
      <ul class="reached">
        {wish.sessions.map(({ id, principal, environment, connections }) => (
          <li>
            <Name text={principal} /> in {environment}, {connections === 1 ? "1 connection" : `${connections} connections`}{" "}
            <code class="quiet">{id}</code>
          </li>
        ))}
      </ul>
      <form class="answer-form" onSubmit={send} noValidate>
        <fieldset>
          <legend>How</legend>
          {!suspended && (
            <Choice
              how="suspend"
              now={how}
              onChoose={setHow}
              title="Suspend"
              means="what is under way is cancelled, nothing more is let through, and a person can let it go on"
            />
          )}
          <Choice
            how="end"
            now={how}
            onChoose={setHow}
            title="End"
            means="its connections are closed, its login is gone, and it does not come back"
          />
        </fieldset>
        <Field label="Why" name="because" value={because} onValue={setBecause} error={missing} />
        {problem !== "" && <Problem text={problem} />}
        <div class="buttons">
          <button type="submit" class="deny" aria-busy={busy}>
            {busy ? "Stopping…" : how === "suspend" ? "Suspend now" : "End now"}
          </button>
          <button type="button" class="plain" onClick={onClose}>
            Leave them running
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface ChoiceProps {
  readonly how: How;
  readonly now: How;
  readonly onChoose: (how: How) => void;
  readonly title: string;
  readonly means: string;
}

function Choice({ how, now, onChoose, title, means }: ChoiceProps): JSX.Element {
  return (
    <label class="check">
      <input type="radio" name="how" checked={how === now} onChange={() => onChoose(how)} />
      <span>
        <strong>{title}</strong>: {means}
      </span>
    </label>
  );
}

/** All at once: one that fails must not keep the others running. What failed, in words. */
async function stopAll(app: App, sessions: readonly SessionView[], how: How, because: string): Promise<readonly string[]> {
  const results = await Promise.allSettled(
    sessions.map(({ id }) => app.call("POST", `/api/sessions/${encodeURIComponent(id)}/${how}`, { because, proof: { kind: "login" } })),
  );
  return results.flatMap((result, index) =>
    result.status === "rejected" ? [`${sessions[index]?.principal ?? ""} (${wordsOf(result.reason)})`] : [],
  );
}
