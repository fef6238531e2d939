/**
 * Whose session it is, for whom, to what end, and whether it may work. What the program says of itself is shown as its saying.
 */
import type { JSX } from "preact";
import type { SessionView } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { useNow } from "../state/clock.ts";
import { addressOf } from "../state/route.ts";
import { ago } from "../words/times.ts";
import { Data, Name } from "./data.tsx";
import { Environment } from "./place.tsx";

const kinds = { human: "a person", ai_agent: "an AI agent", workload: "a program" } as const;
const tones = { open: "good", suspended: "wait", ended: "plain" } as const;

export function SessionAbout({ app, session, linked }: { app: App; session: SessionView; linked: boolean }): JSX.Element {
  const nowMs = useNow(app);
  const { environment, state, principal, principalKind, target, actsFor, purpose, program, because } = session;
  return (
    <>
      <p class="entry-head">
        <Environment name={environment} /> <span class={`tag tag-${tones[state]}`}>{state}</span>
        <span class="quiet">
          started {ago(session.startedAtMs, nowMs)}, {session.connections === 1 ? "1 connection" : `${session.connections} connections`}
          {session.grants > 0 && `, ${session.grants === 1 ? "1 grant" : `${session.grants} grants`}`}
        </span>
      </p>
      <h2>
        {linked ? (
          <a data-open href={addressOf("sessions", session.id)}>
            <Name text={principal} />
          </a>
        ) : (
          <Name text={principal} />
        )}{" "}
        <span class="aside">
          {kinds[principalKind]} at <Name text={target} />
          {actsFor !== "" && (
            <>
              {" "}
              for <Name text={actsFor} />
            </>
          )}
        </span>
      </h2>
      {purpose !== "" && (
        <p>
          Its purpose, as it says:{" "}
          <q>
            <Data text={purpose} />
          </q>
        </p>
      )}
      {program !== "" && (
        <p class="quiet">
          Started as <Name text={program} />
        </p>
      )}
      {because !== undefined && because !== "" && (
        <p class="notice notice-wait">
          <Data text={because} />
        </p>
      )}
    </>
  );
}
