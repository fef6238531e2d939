/**
 * That nobody is asked for a while, on every page and loud: whose acts, where, since whom, until when, and how many have passed already.
 * It is ended at a terminal; the command stands here to be copied.
 */
import type { JSX } from "preact";
import type { GatewayStatus } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { addressOf } from "../state/route.ts";
import { useStore } from "../state/store.ts";
import { count } from "../words/numbers.ts";
import { Countdown } from "./countdown.tsx";
import { Data, Name } from "./data.tsx";

type Glass = NonNullable<GatewayStatus["breakGlass"]>[number];

export function BreakGlassNotice({ app }: { app: App }): JSX.Element | null {
  const { status } = useStore(app.store);
  const glasses = (status?.breakGlass ?? []).filter(({ state }) => state !== "closed");
  if (glasses.length === 0) return null;
  return (
    <section class="break-glass" aria-label="Break-glass">
      {glasses.map((glass) => (
        <Entry key={glass.id} app={app} glass={glass} />
      ))}
    </section>
  );
}

function Entry({ app, glass }: { app: App; glass: Glass }): JSX.Element {
  const { id, state, principal, run, target, environment, persons, reason, untilMs, uses } = glass;
  return (
    <div data-break-glass={id}>
      <p class="break-glass-title" role="alert">
        {state === "open" ? "Break-glass: nobody is asked" : "Break-glass is wanted: another person has to agree"}
      </p>
      <p>
        for <Name text={principal} /> in{" "}
        <a href={addressOf("sessions", run)}>
          <Name text={run} />
        </a>{" "}
        at <Name text={target} /> ({environment}), by <Name text={persons.join(", ")} />:{" "}
        <q>
          <Data text={reason} />
        </q>
      </p>
      <p>
        {state === "open" && (
          <>
            <strong>{count(uses)}</strong> {uses === 1 ? "act" : "acts"} passed unasked,{" "}
          </>
        )}
        <Countdown app={app} untilMs={untilMs} means="left" />
      </p>
      <p class="hint">
        {state === "open" ? "To end it" : "To agree"}, at a terminal:{" "}
        <code>
          holdfast break-glass {state === "open" ? "close" : "agree"} {id}
        </code>
      </p>
    </div>
  );
}
