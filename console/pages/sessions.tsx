/**
 * What runs now, with what it has used up, and the buttons that stop it: one session, all of one agent, everything.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { SessionView } from "../../src/control/contract.ts";
import { BudgetBars } from "../parts/budget-bars.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import { SessionAbout } from "../parts/session-about.tsx";
import { StopDialog, type StopWish } from "../parts/stop-dialog.tsx";
import { ResumeDialog } from "../parts/resume-form.tsx";
import type { App } from "../state/app.ts";
import { useStore } from "../state/store.ts";

export function SessionsPage({ app }: { app: App }): JSX.Element {
  const { sessions } = useStore(app.store);
  const [wish, setWish] = useState<StopWish | null>(null);
  const live = (sessions ?? []).filter(({ state }) => state !== "ended");
  const open = live.filter(({ state }) => state === "open");
  return (
    <>
      <div class="page-head">
        <Heading title="Live sessions" aside={sessions === null ? "" : String(live.length)} />
        {open.length > 0 && (
          <button type="button" class="deny" onClick={() => setWish({ what: "everything", sessions: open })}>
            Stop everything…
          </button>
        )}
      </div>
      {sessions === null && <Loading />}
      {sessions !== null && live.length === 0 && <p class="empty">No agent works here now.</p>}
      <div class="cards">
        {live.map((session) => (
          <SessionCard key={session.id} app={app} session={session} all={open} onStop={setWish} />
        ))}
      </div>
      {wish !== null && <StopDialog app={app} wish={wish} onClose={() => setWish(null)} />}
    </>
  );
}

interface CardProps {
  readonly app: App;
  readonly session: SessionView;
  readonly all: readonly SessionView[];
  readonly onStop: (wish: StopWish) => void;
}

function SessionCard({ app, session, all, onStop }: CardProps): JSX.Element {
  return (
    <article class="card" data-card tabIndex={-1}>
      <div class="card-body">
        <SessionAbout app={app} session={session} linked />
        <BudgetBars app={app} session={session} />
        <SessionButtons app={app} session={session} all={all} onStop={onStop} />
      </div>
    </article>
  );
}

export function SessionButtons({ app, session, all, onStop }: CardProps): JSX.Element {
  const [resuming, setResuming] = useState(false);
  const ofAgent = all.filter(({ principal }) => principal === session.principal);
  return (
    <div class="buttons">
      <button type="button" class="deny" onClick={() => onStop({ what: "this session", sessions: [session] })}>
        {session.state === "suspended" ? "End…" : "Stop…"}
      </button>
      {ofAgent.length > 1 && (
        <button type="button" class="plain" onClick={() => onStop({ what: `all of ${session.principal}`, sessions: ofAgent })}>
          Stop all {ofAgent.length} of this agent…
        </button>
      )}
      {session.state === "suspended" && (
        <button type="button" class="plain" onClick={() => setResuming(true)}>
          Let it go on…
        </button>
      )}
      {resuming && <ResumeDialog app={app} session={session} onClose={() => setResuming(false)} />}
    </div>
  );
}
