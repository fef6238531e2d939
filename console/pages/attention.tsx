/**
 * What questions cost the persons who answer them: how many, how fast, how often it was simply yes.
 * It proposes nothing: a rule that would ask less is proposed at a terminal, beside the file that it would go into.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AttentionView } from "../../src/control/contract.ts";
import { Problem } from "../parts/field.tsx";
import { type FigureLine, FigureTable } from "../parts/figure-table.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import type { App } from "../state/app.ts";
import { useFetched } from "../state/fetched.ts";
import { useStore } from "../state/store.ts";
import { rounded, shareWords, timesWords, tooFast } from "../words/attention.ts";
import { count } from "../words/numbers.ts";

type Figures = AttentionView["figures"];

const windows = [1, 7, 30, 90] as const;

export function AttentionPage({ app }: { app: App }): JSX.Element {
  const [days, setDays] = useState(7);
  const { records } = useStore(app.store);
  const last = records.find(({ event }) => event.kind.startsWith("approval_") || event.kind.startsWith("break_glass_"))?.index ?? 0;
  const { value, problem } = useFetched<AttentionView>(app, `/api/attention?days=${days}`, last);
  return (
    <>
      <Heading title="Attention" aside={value === null ? "" : `${count(value.figures.questions)} questions`} />
      <p>
        <label>
          Of the last{" "}
          <select name="days" value={String(days)} onChange={({ currentTarget }) => setDays(Number(currentTarget.value))}>
            {windows.map((each) => (
              <option value={String(each)}>{each === 1 ? "day" : `${each} days`}</option>
            ))}
          </select>
        </label>
      </p>
      {problem !== "" && <Problem text={problem} />}
      {value === null && problem === "" && <Loading />}
      {value !== null && <Told figures={value.figures} />}
      <p class="hint">
        What could be a rule instead of a question, at a terminal: <code>holdfast approvals proposals</code>
      </p>
    </>
  );
}

function Told({ figures }: { figures: Figures }): JSX.Element {
  const persons = figures.byPerson.map(({ name, answers, approved, denied, timeToAnswer, under2s }) => ({
    name,
    grave: tooFast(under2s),
    cells: [count(answers), count(approved), count(denied), timesWords(timeToAnswer), shareWords(under2s)],
  }));
  return (
    <>
      <section class="panel">
        <Summary figures={figures} />
      </section>
      <Table title="Person" heads={["answers", "approved", "denied", "time to answer", "under 2 s"]} rows={persons} />
      <Groups title="Rule" groups={figures.byRule} />
      <Groups title="Environment" groups={figures.byEnvironment} />
    </>
  );
}

function Summary({ figures }: { figures: Figures }): JSX.Element {
  const { acts, sessions, questions, questionsPer100Acts, perSession, became, breakGlass } = figures;
  const entries: readonly (readonly [string, string])[] = [
    ["questions", count(questions)],
    ["in 100 acts", questionsPer100Acts === null ? "–" : rounded(questionsPer100Acts)],
    ["in a session", perSession === null ? "–" : `${rounded(perSession.mean)}, at most ${count(perSession.most)}`],
    ["acts", `${count(acts)} in ${count(sessions)} ${sessions === 1 ? "session" : "sessions"}`],
    ["approved, denied", `${count(became.approved)}, ${count(became.denied)}`],
    ["expired, lapsed, open", `${count(became.expired)}, ${count(became.lapsed)}, ${count(became.open)}`],
    ["time to answer", timesWords(figures.timeToAnswer)],
    ["answered in under 2 s", shareWords(figures.under2s)],
    ["approved unchanged", shareWords(figures.approvedUnchanged)],
    ["break-glass", `${count(breakGlass.opened)} opened, ${count(breakGlass.acts)} passed unasked`],
  ];
  return (
    <>
      <dl class="budgets">
        {entries.map(([title, text]) => (
          <div>
            <dt>{title}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {tooFast(figures.under2s) && <p class="hint">Half of the answers or more came too fast to have read the plan.</p>}
    </>
  );
}

function Groups({ title, groups }: { title: string; groups: Figures["byRule"] }): JSX.Element | null {
  const rows = groups.map(({ name, questions, became, timeToAnswer, approvedUnchanged }) => ({
    name,
    grave: false,
    cells: [count(questions), count(became.approved), count(became.denied), timesWords(timeToAnswer), shareWords(approvedUnchanged)],
  }));
  return <Table title={title} heads={["questions", "approved", "denied", "time to answer", "unchanged"]} rows={rows} />;
}

/** Nothing where nobody and nothing is to be told of. */
function Table({ title, heads, rows }: { title: string; heads: readonly string[]; rows: readonly FigureLine[] }): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <section class="panel">
      <FigureTable title={title} caption={`By ${title.toLowerCase()}`} heads={heads} lines={rows} />
    </section>
  );
}
