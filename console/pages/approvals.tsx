/**
 * The questions that wait for a person, oldest first: a new one comes at the end, so that nothing moves under a finger. What is answered or
 * over stays where it stood, greyed, until the page is left.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApprovalView } from "../../src/control/contract.ts";
import { Card } from "../parts/card.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import type { App } from "../state/app.ts";
import { addressOf } from "../state/route.ts";
import { useStore } from "../state/store.ts";
import { plainText, sentenceOf } from "../words/sentence.ts";
import { isOpen } from "../words/states.ts";
import { visibleText } from "../words/visible.ts";

export function ApprovalsPage({ app }: { app: App }): JSX.Element {
  const { approvals } = useStore(app.store);
  const stood = useRef(new Set<string>());
  for (const { id, state } of approvals ?? []) if (isOpen(state)) stood.current.add(id);
  const shown = (approvals ?? []).filter(({ id }) => stood.current.has(id));
  const open = shown.filter(({ state }) => isOpen(state)).length;
  return (
    <>
      <Heading title="Pending approvals" aside={approvals === null ? "" : open === 0 ? "none" : String(open)} />
      {approvals === null && <Loading />}
      {approvals !== null && shown.length === 0 && (
        <div class="empty">
          <p>Nobody waits for you.</p>
          <p class="quiet">
            What an agent may not do alone comes here by itself. What was answered before is under{" "}
            <a href={addressOf("decided")}>Decided</a>.
          </p>
        </div>
      )}
      <div class="cards">
        {shown.map((view) => (
          <Card key={view.id} app={app} view={view} />
        ))}
      </div>
      <Announcer shown={shown} />
    </>
  );
}

/** Says aloud what came while the page stood open; what stood there at first is read as the page. */
function Announcer({ shown }: { shown: readonly ApprovalView[] }): JSX.Element {
  const known = useRef<Set<string> | null>(null);
  const [text, setText] = useState("");
  useEffect(() => {
    const fresh = known.current === null ? [] : shown.filter(({ id }) => known.current?.has(id) === false);
    known.current = new Set(shown.map(({ id }) => id));
    const last = fresh.at(-1);
    if (last !== undefined) setText(`New question, ${last.plan.target.environment}: ${visibleText(plainText(sentenceOf(last.plan)))}`);
  }, [shown.map(({ id }) => id).join(" ")]);
  return (
    <p class="heard" aria-live="polite">
      {text}
    </p>
  );
}
