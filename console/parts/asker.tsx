/**
 * Who asks, for whom and to what end. The purpose is what whoever started the session said: it is shown as a saying, not as a fact.
 */
import type { JSX } from "preact";
import type { ApprovalView } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { useNow } from "../state/clock.ts";
import { addressOf } from "../state/route.ts";
import { count } from "../words/numbers.ts";
import { ago } from "../words/times.ts";
import { Data, Name } from "./data.tsx";

export function Asker({ app, view }: { app: App; view: ApprovalView }): JSX.Element {
  const { asked } = view.plan;
  const nowMs = useNow(app);
  return (
    <div class="asker">
      <p>
        Asked {ago(view.askedAtMs, nowMs)} by <Name text={asked.principal} />
        {asked.actsFor !== undefined && asked.actsFor !== "" && (
          <>
            {" "}
            for <Name text={asked.actsFor} />
          </>
        )}
        {asked.run !== undefined && (
          <>
            {" "}
            (<a href={addressOf("sessions", asked.run)}>its session</a>)
          </>
        )}
        {view.count > 1 && <strong class="tag tag-count">asked {count(view.count)} times</strong>}
      </p>
      {asked.purpose !== undefined && asked.purpose !== "" && (
        <p>
          Its purpose, as it says:{" "}
          <q>
            <Data text={asked.purpose} />
          </q>
        </p>
      )}
    </div>
  );
}

/** "1 of 2 persons agreed", with their names. */
export function Agreement({ view }: { view: ApprovalView }): JSX.Element | null {
  const agreed = view.answers.filter(({ answer }) => answer === "approve");
  if (view.quorum <= 1 && agreed.length === 0) return null;
  return (
    <p class="agreement">
      <strong>
        {agreed.length} of {view.quorum}
      </strong>{" "}
      {view.quorum === 1 ? "person has" : "persons have"} agreed
      {agreed.length > 0 && ": "}
      {agreed.map(({ person }, index) => (
        <>
          {index > 0 && ", "}
          <Name text={person} />
        </>
      ))}
    </p>
  );
}
