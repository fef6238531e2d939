/**
 * Who answered what, when and how quickly. What proves it is in the audit log.
 */
import type { JSX } from "preact";
import type { ApprovalView } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { clockTime, duration } from "../words/times.ts";
import { Data, Name } from "./data.tsx";

export function Answers({ app, view }: { app: App; view: ApprovalView }): JSX.Element {
  return (
    <section class="panel">
      <h2>Answers</h2>
      <ul class="plain-list">
        {view.answers.map(({ person, answer, atMs, channel, reason, tookMs }) => (
          <li>
            <Name text={person} /> <strong>{answer === "approve" ? "approved" : "denied"}</strong> at {clockTime(atMs, app.now())} by{" "}
            {channel}
            {tookMs !== null && `, ${duration(tookMs)} after seeing it`}
            {reason !== "" && (
              <>
                :{" "}
                <q>
                  <Data text={reason} />
                </q>
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
