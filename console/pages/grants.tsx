/**
 * Rights that persons opened for agents, with what is left of them, and what agents ask for. Giving and taking back is done at a terminal;
 * the command stands here to be copied.
 */
import type { JSX } from "preact";
import type { ConsoleLists } from "../../src/control/contract.ts";
import { Bar } from "../parts/bar.tsx";
import { Countdown } from "../parts/countdown.tsx";
import { Data, Name } from "../parts/data.tsx";
import { Problem } from "../parts/field.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import type { App } from "../state/app.ts";
import { useNow } from "../state/clock.ts";
import { useFetched } from "../state/fetched.ts";
import { addressOf } from "../state/route.ts";
import { useStore } from "../state/store.ts";
import { count } from "../words/numbers.ts";
import { ago, clockTime } from "../words/times.ts";

type Grant = ConsoleLists["grants"][number];
type Ask = ConsoleLists["asks"][number];

export function GrantsPage({ app }: { app: App }): JSX.Element {
  const { records, sessions } = useStore(app.store);
  const last = records.find(({ event }) => event.kind.startsWith("grant_"))?.index ?? 0;
  const grants = useFetched<Pick<ConsoleLists, "grants">>(app, "/api/grants", last);
  const asks = useFetched<Pick<ConsoleLists, "asks">>(app, "/api/asks", last);
  const known = new Set((sessions ?? []).map(({ id }) => String(id)));
  const open = (grants.value?.grants ?? []).filter(({ state }) => state === "open");
  const lapsed = (grants.value?.grants ?? []).filter(({ state }) => state !== "open");
  const waiting = (asks.value?.asks ?? []).filter(({ state }) => state === "open");
  return (
    <>
      <Heading title="Grants" aside={grants.value === null ? "" : `${open.length} open`} />
      {(grants.problem || asks.problem) !== "" && <Problem text={grants.problem || asks.problem} />}
      {grants.value === null && grants.problem === "" && <Loading />}
      {waiting.length > 0 && (
        <section class="panel">
          <h2>Agents ask for</h2>
          {waiting.map((ask) => (
            <AskEntry app={app} ask={ask} />
          ))}
        </section>
      )}
      {grants.value !== null && open.length === 0 && <p class="empty">No agent has rights beyond its policy.</p>}
      <ul class="entries">
        {open.map((grant) => (
          <GrantEntry key={grant.id} app={app} grant={grant} live={known.has(grant.run)} />
        ))}
      </ul>
      {lapsed.length > 0 && (
        <section class="panel">
          <h2>Over</h2>
          <ul class="plain-list">
            {lapsed.map((grant) => (
              <li>
                <What grant={grant} />{" "}
                <span class="quiet">
                  until {clockTime(grant.untilMs, app.now())}: <Data text={grant.because ?? "it is over"} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function What({ grant }: { grant: Pick<Grant, "operations" | "tables"> }): JSX.Element {
  return (
    <>
      <strong>{grant.operations.join(", ")}</strong> on{" "}
      {grant.tables.map((table, index) => (
        <>
          {index > 0 && ", "}
          <Name text={table} />
        </>
      ))}
    </>
  );
}

function GrantEntry({ app, grant, live }: { app: App; grant: Grant; live: boolean }): JSX.Element {
  return (
    <li class="entry" data-card tabIndex={-1}>
      <p class="entry-title">
        <What grant={grant} />
      </p>
      <p>
        for{" "}
        {live ? (
          <a href={addressOf("sessions", grant.run)}>
            <Name text={grant.principal} />
          </a>
        ) : (
          <Name text={grant.principal} />
        )}{" "}
        at <Name text={grant.target} />, given by <Name text={grant.by} />:{" "}
        <q>
          <Data text={grant.reason} />
        </q>
      </p>
      <dl class="budgets">
        <Left name="statements" used={grant.uses} of={grant.usesMax} />
        <Left name="rows changed" used={grant.rows} of={grant.rowsMax} />
        <div>
          <dt>time</dt>
          <dd>
            <Countdown app={app} untilMs={grant.untilMs} means="left" />
          </dd>
        </div>
      </dl>
      <p class="hint">
        To take it back: <code>holdfast grants revoke {grant.id}</code>
      </p>
    </li>
  );
}

function Left({ name, used, of }: { name: string; used: number; of: number | null }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong>{count(used)}</strong> <span class="quiet">{of === null ? "without limit" : `of ${count(of)}`}</span>
        {of !== null && <Bar part={used} of={of} />}
      </dd>
    </div>
  );
}

function AskEntry({ app, ask }: { app: App; ask: Ask }): JSX.Element {
  const nowMs = useNow(app);
  return (
    <div class="entry" data-card tabIndex={-1}>
      <p class="entry-title">
        <What grant={ask} />
      </p>
      <p>
        <Name text={ask.principal} /> at <Name text={ask.target} />, {ago(ask.askedAtMs, nowMs)}:{" "}
        <q>
          <Data text={ask.purpose} />
        </q>
      </p>
      <p class="hint">
        To grant it, at a terminal: <code>holdfast grant {ask.id}</code>
      </p>
    </div>
  );
}
