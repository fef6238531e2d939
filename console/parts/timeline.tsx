/**
 * Acts one below the other: the decision as a word, the text, what it would do, what came of it.
 */
import type { JSX } from "preact";
import type { App } from "../state/app.ts";
import type { Act, Other } from "../words/timeline.ts";
import { clockTime } from "../words/times.ts";
import { Data, Name } from "./data.tsx";

const decisions = {
  allow: { label: "let through", tone: "good" },
  deny: { label: "refused", tone: "grave" },
  hold: { label: "held", tone: "wait" },
} as const;

interface TimelineProps {
  readonly app: App;
  readonly entries: readonly (Act | Other)[];
  readonly empty: string;
}

export function Timeline({ app, entries, empty }: TimelineProps): JSX.Element {
  if (entries.length === 0) return <p class="empty">{empty}</p>;
  const nowMs = app.now();
  return (
    <ol class="timeline">
      {entries.map((entry) => (
        <li key={entry.id} class={`moment moment-${entry.kind === "act" ? entry.decision : "other"}`}>
          <time class="quiet">{clockTime(entry.atMs, nowMs)}</time>
          {entry.kind === "act" ? (
            <ActLine act={entry} />
          ) : (
            <p class="quiet">
              <Data text={entry.line} />
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}

function ActLine({ act }: { act: Act }): JSX.Element {
  const { label, tone } = decisions[act.decision];
  return (
    <div class="act">
      <p>
        <span class={`tag tag-${tone}`}>{label}</span> <span class="quiet">{act.code.replaceAll("_", " ")}</span>
      </p>
      {act.judged !== undefined && (
        <>
          {act.judged.text !== "" && (
            <p class="act-text">
              <code>
                <Data text={act.judged.text} lines />
              </code>
              {act.judged.cut && <span class="quiet"> (longer; the log keeps this much)</span>}
            </p>
          )}
          <p class="quiet">
            {act.judged.effects.map(({ operation, detail, resource }, index) => (
              <>
                {index > 0 && ", "}
                {(detail || operation).replaceAll("_", " ")} <Name text={resource.name} />
              </>
            ))}
          </p>
        </>
      )}
      {act.outcome !== undefined && (
        <p class={act.outcomeBad === true ? "outcome bad" : "outcome"}>
          → <Data text={act.outcome} />
        </p>
      )}
    </div>
  );
}
