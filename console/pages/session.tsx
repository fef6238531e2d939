/**
 * One session from its start: each act with what was intended, decided and done, and what else was recorded of it.
 * New acts come by themselves.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { BudgetBars } from "../parts/budget-bars.tsx";
import { Problem } from "../parts/field.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import { Search } from "../parts/search.tsx";
import { SessionAbout } from "../parts/session-about.tsx";
import { StopDialog, type StopWish } from "../parts/stop-dialog.tsx";
import { Timeline } from "../parts/timeline.tsx";
import type { App } from "../state/app.ts";
import { useRecords } from "../state/records.ts";
import { addressOf } from "../state/route.ts";
import { useStore } from "../state/store.ts";
import { timelineOf } from "../words/timeline.ts";
import { SessionButtons } from "./sessions.tsx";

export function SessionPage({ app, id, text }: { app: App; id: string; text: string }): JSX.Element {
  const { sessions, records: arrived } = useStore(app.store);
  const records = useRecords(app, id, text);
  const [wish, setWish] = useState<StopWish | null>(null);
  const session = sessions?.find((each) => each.id === id);
  const open = (sessions ?? []).filter(({ state }) => state === "open");
  const newest = arrived[0]?.index ?? -1;
  useEffect(() => {
    // While somebody reads older ones, nothing is pushed away under them.
    if (newest >= 0 && records.events.length <= 50) records.reload();
  }, [newest]);
  return (
    <>
      <p class="crumb">
        <a href={addressOf("sessions")}>Live sessions</a>
      </p>
      <Heading title="Session" aside={<code>{id}</code>} />
      {session !== undefined && (
        <div class="card">
          <div class="card-body">
            <SessionAbout app={app} session={session} linked={false} />
            <BudgetBars app={app} session={session} />
            <SessionButtons app={app} session={session} all={open} onStop={setWish} />
          </div>
        </div>
      )}
      {sessions !== null && session === undefined && <p class="quiet">It does not run any more. What it did is in the log:</p>}
      <Search
        label="Search in this session"
        text={text}
        onSearch={(wanted) => location.assign(addressOf("sessions", id, { text: wanted }))}
      />
      {records.problem !== "" && <Problem text={records.problem} />}
      {records.page === null && records.problem === "" ? (
        <Loading />
      ) : (
        <Timeline
          app={app}
          entries={timelineOf(records.events, records.judgements)}
          empty={text === "" ? "Nothing is recorded of it yet." : "Nothing of it holds this text."}
        />
      )}
      {records.more && (
        <button type="button" class="plain" onClick={records.loadOlder}>
          Older ones
        </button>
      )}
      {wish !== null && <StopDialog app={app} wish={wish} onClose={() => setWish(null)} />}
    </>
  );
}
