/**
 * What cannot be taken back, what others say of it, and what no trial can tell: what a person must not overlook.
 * The sentences are the plan's own.
 */
import type { JSX } from "preact";
import type { Plan } from "../words/sentence.ts";
import { undoWords } from "../words/states.ts";
import { Data } from "./data.tsx";

export function Undo({ plan }: { plan: Plan }): JSX.Element {
  const { label, tone } = undoWords(plan.reversibility);
  return (
    <div class={`notice notice-${tone}`}>
      <p class="notice-title">
        <span aria-hidden="true">{tone === "grave" ? "⚠ " : "↺ "}</span>
        {label}
      </p>
      <Sentences sentences={plan.undo} />
    </div>
  );
}

/** What was asked of whose it is: it may be wrong, and is never a count of ours. */
export function Told({ plan }: { plan: Plan }): JSX.Element | null {
  if (plan.told === undefined || plan.told.length === 0) return null;
  return (
    <div class="notice">
      <p class="notice-title">What its provider says of it</p>
      <Sentences sentences={plan.told} />
    </div>
  );
}

export function Unmeasured({ plan }: { plan: Plan }): JSX.Element | null {
  if (plan.unmeasured.length === 0 && plan.measured !== null) return null;
  return (
    <div class="notice notice-wait">
      <p class="notice-title">
        <span aria-hidden="true">? </span>
        {plan.measured === null ? "Nothing could be measured" : "Not everything could be measured"}
      </p>
      <Sentences sentences={plan.unmeasured} />
    </div>
  );
}

function Sentences({ sentences }: { sentences: readonly string[] }): JSX.Element | null {
  if (sentences.length === 0) return null;
  return (
    <ul>
      {sentences.map((sentence) => (
        <li>
          <Data text={sentence} />
        </li>
      ))}
    </ul>
  );
}
