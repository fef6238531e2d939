/**
 * What was answered, what ran out and what was carried out, the newest first.
 */
import type { JSX } from "preact";
import type { ApprovalView } from "../../src/control/contract.ts";
import { Data, Name, Sentence } from "../parts/data.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import { Environment } from "../parts/place.tsx";
import type { App } from "../state/app.ts";
import { useNow } from "../state/clock.ts";
import { addressOf } from "../state/route.ts";
import { useStore } from "../state/store.ts";
import { sentenceOf } from "../words/sentence.ts";
import { isOpen, stateWords } from "../words/states.ts";
import { ago } from "../words/times.ts";

export function DecidedPage({ app }: { app: App }): JSX.Element {
  const { approvals } = useStore(app.store);
  const decided = (approvals ?? []).filter(({ state }) => !isOpen(state)).toSorted((a, b) => lastChange(b) - lastChange(a));
  return (
    <>
      <Heading title="Decided" aside={approvals === null ? "" : String(decided.length)} />
      {approvals === null && <Loading />}
      {approvals !== null && decided.length === 0 && <p class="empty">Nothing has been decided yet.</p>}
      <ul class="entries">
        {decided.map((view) => (
          <Entry key={view.id} app={app} view={view} />
        ))}
      </ul>
    </>
  );
}

function Entry({ app, view }: { app: App; view: ApprovalView }): JSX.Element {
  const { label, tone } = stateWords(view.state);
  const nowMs = useNow(app);
  const last = view.answers.at(-1);
  return (
    <li class="entry" data-card tabIndex={-1}>
      <p class="entry-head">
        <span class={`tag tag-${tone}`}>{label}</span> <Environment name={view.plan.target.environment} />
        <span class="quiet">{ago(lastChange(view), nowMs)}</span>
      </p>
      <p class="entry-title">
        <a data-open href={addressOf("approvals", view.id)}>
          <Sentence pieces={sentenceOf(view.plan)} />
        </a>
      </p>
      <p class="quiet">
        asked by <Name text={view.plan.asked.principal} />
        {last !== undefined && (
          <>
            , {last.answer === "approve" ? "approved" : "denied"} by <Name text={last.person} />
            {last.reason !== "" && (
              <>
                :{" "}
                <q>
                  <Data text={last.reason} />
                </q>
              </>
            )}
          </>
        )}
      </p>
    </li>
  );
}

function lastChange(view: ApprovalView): number {
  return view.answers.at(-1)?.atMs ?? (view.state === "expired" ? view.expiresAtMs : view.askedAtMs);
}
