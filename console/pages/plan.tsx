/**
 * One plan, whole: the answer's place first, then what would happen, what follows from it, the rows themselves, the statement and what all
 * this rests on. Nothing is cut.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ApprovalView } from "../../src/control/contract.ts";
import { wordsOf } from "../api/call.ts";
import { AnswerPanel } from "../parts/answer-panel.tsx";
import { Answers } from "../parts/answers.tsx";
import { Agreement, Asker } from "../parts/asker.tsx";
import { Cascade } from "../parts/cascade.tsx";
import { Changes } from "../parts/changes.tsx";
import { Countdown } from "../parts/countdown.tsx";
import { Sentence, Statement } from "../parts/data.tsx";
import { Problem } from "../parts/field.tsx";
import { Locks } from "../parts/locks.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import { Place } from "../parts/place.tsx";
import { RestsOn } from "../parts/rests-on.tsx";
import { Samples } from "../parts/samples.tsx";
import { Told, Undo, Unmeasured } from "../parts/undo.tsx";
import type { App } from "../state/app.ts";
import { addressOf } from "../state/route.ts";
import { useStore } from "../state/store.ts";
import { sentenceOf } from "../words/sentence.ts";
import { isOpen } from "../words/states.ts";

export function PlanPage({ app, id }: { app: App; id: string }): JSX.Element {
  const view = useStore(app.store).approvals?.find((each) => each.id === id);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    setProblem("");
    // Asked for even where it is known: the server notes that this person has seen it now.
    app
      .call<ApprovalView>("GET", `/api/approvals/${encodeURIComponent(id)}`)
      .then(app.takeApproval, (error: unknown) => setProblem(wordsOf(error)));
  }, [app, id]);
  if (view === undefined) {
    return (
      <>
        <Heading title="Plan" />
        {problem === "" ? <Loading /> : <Problem text={problem} />}
      </>
    );
  }
  const { plan } = view;
  return (
    <div class="plan">
      <p class="crumb">
        <a href={addressOf(isOpen(view.state) ? "approvals" : "decided")}>{isOpen(view.state) ? "Pending approvals" : "Decided"}</a>
      </p>
      <div class={`card card-${plan.target.environment}`}>
        <Place target={plan.target} />
        <div class="card-body">
          <div class="card-head">
            <Heading title={<Sentence pieces={sentenceOf(plan)} />} focus={!isOpen(view.state)} />
            {isOpen(view.state) && <Countdown app={app} untilMs={view.expiresAtMs} />}
          </div>
          {plan.measured !== null && <Changes measured={plan.measured} />}
          <Asker app={app} view={view} />
          <Told plan={plan} />
          <Undo plan={plan} />
          <Unmeasured plan={plan} />
          <Agreement view={view} />
          <AnswerPanel key={view.id} app={app} view={view} focus />
        </div>
      </div>
      <Detail app={app} view={view} />
    </div>
  );
}

function Detail({ app, view }: { app: App; view: ApprovalView }): JSX.Element {
  const { plan } = view;
  return (
    <>
      <section class="panel">
        <h2>What it says</h2>
        <Statement text={plan.act.shown} label="The whole statement" />
        <p class="hint">
          {plan.act.parts === 1 ? "One statement" : `${plan.act.parts} statements`}, shown whole; what is classified secret is masked.
        </p>
      </section>
      {plan.measured !== null && (
        <>
          <Cascade plan={plan} measured={plan.measured} />
          <Samples measured={plan.measured} />
          <Locks measured={plan.measured} />
        </>
      )}
      {view.answers.length > 0 && <Answers app={app} view={view} />}
      <RestsOn app={app} view={view} />
    </>
  );
}
