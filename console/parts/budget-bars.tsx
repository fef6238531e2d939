/**
 * A session's budgets as bars. What is nearly used up is said in words too.
 */
import type { JSX } from "preact";
import type { SessionView } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { useNow } from "../state/clock.ts";
import { budgetLines } from "../words/budget.ts";
import { Bar } from "./bar.tsx";

/** From this share on it is "nearly used up". */
const NEARLY = 0.9;

export function BudgetBars({ app, session }: { app: App; session: SessionView }): JSX.Element {
  const lines = budgetLines(session, useNow(app));
  return (
    <dl class="budgets">
      {lines.map(({ name, used, of, usedText, ofText }) => (
        <div>
          <dt>{name}</dt>
          <dd>
            <strong>{usedText}</strong>
            {ofText === null ? <span class="quiet"> no limit</span> : <span class="quiet"> of {ofText}</span>}
            {of !== null && used >= of && <span class="tag tag-grave">used up</span>}
            {of !== null && used < of && used >= of * NEARLY && <span class="tag tag-wait">nearly used up</span>}
            {of !== null && <Bar part={used} of={of} grave={used >= of * NEARLY} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}
