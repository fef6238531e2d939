/**
 * One question as a card: where, what, how much, what cannot be undone, who asks, how long. It can be denied here;
 * to agree, the whole plan has to be opened.
 */
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { ApprovalView } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { addressOf } from "../state/route.ts";
import { useStore } from "../state/store.ts";
import { type ObjectChange, sentenceOf } from "../words/sentence.ts";
import { isOpen } from "../words/states.ts";
import { Result } from "./answer-panel.tsx";
import { Agreement, Asker } from "./asker.tsx";
import { Changes } from "./changes.tsx";
import { Countdown } from "./countdown.tsx";
import { DenyForm } from "./deny-form.tsx";
import { Name, Sentence } from "./data.tsx";
import { Place } from "./place.tsx";
import { Told, Undo, Unmeasured } from "./undo.tsx";

export function Card({ app, view }: { app: App; view: ApprovalView }): JSX.Element {
  const { plan } = view;
  const open = isOpen(view.state);
  const id = useId();
  return (
    <article
      class={`card card-${plan.target.environment}${open ? "" : " card-over"}`}
      aria-labelledby={id}
      data-card
      data-approval={view.id}
      tabIndex={-1}
    >
      <Place target={plan.target} />
      <div class="card-body">
        <div class="card-head">
          <h2 id={id} class="what">
            <Sentence pieces={sentenceOf(plan)} />
          </h2>
          {open && <Countdown app={app} untilMs={view.expiresAtMs} />}
        </div>
        {plan.measured !== null && <Changes measured={plan.measured} />}
        {plan.measured !== null && <Gone objects={plan.measured.objects} />}
        <Told plan={plan} />
        <Undo plan={plan} />
        <Unmeasured plan={plan} />
        <Asker app={app} view={view} />
        <Agreement view={view} />
        {open ? <CardAnswers app={app} view={view} /> : <Result view={view} />}
      </div>
    </article>
  );
}

/** On a card; the plan has them all. */
const GONE_MAX = 6;

function Gone({ objects }: { objects: readonly ObjectChange[] }): JSX.Element | null {
  const gone = objects.filter(({ change }) => change === "dropped" || change === "truncated");
  if (gone.length === 0) return null;
  return (
    <ul class="tree">
      {gone.slice(0, GONE_MAX).map(({ type, name, change, through }) => (
        <li>
          <strong class="lost">{change === "truncated" ? "emptied" : "dropped"}</strong> {type.replaceAll("_", " ")} <Name text={name} />
          {through !== undefined && (
            <span class="quiet">
              {" "}
              along with <Name text={through} />
            </span>
          )}
        </li>
      ))}
      {gone.length > GONE_MAX && <li>and {gone.length - GONE_MAX} more: open the plan</li>}
    </ul>
  );
}

function CardAnswers({ app, view }: { app: App; view: ApprovalView }): JSX.Element {
  const [denying, setDenying] = useState(false);
  const { line } = useStore(app.store);
  if (denying && line.state !== "lost") return <DenyForm app={app} view={view} onBack={() => setDenying(false)} />;
  return (
    <div class="buttons">
      <button type="button" class="deny" data-deny disabled={line.state === "lost"} onClick={() => setDenying(true)}>
        Deny…
      </button>
      <a class="button plain" data-open href={addressOf("approvals", view.id)}>
        Open the plan
      </a>
    </div>
  );
}
