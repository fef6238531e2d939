/**
 * What became of a question and what can be taken back of its act, in words that leave no doubt.
 * It decides nothing: the server does, and these are its states' names for people.
 */
import type { ApprovalView } from "../../src/control/contract.ts";

type State = ApprovalView["state"];
type Reversibility = ApprovalView["plan"]["reversibility"];
/** `wait` asks for the reader; `grave` is what went wrong or cannot be taken back. */
export type Tone = "wait" | "good" | "grave" | "plain";

interface Wording {
  readonly label: string;
  readonly tone: Tone;
  readonly means: string;
}

const states: Readonly<Record<State, Wording>> = {
  pending: { label: "Waits for an answer", tone: "wait", means: "Nothing has run. Nothing runs unless persons agree in time." },
  approved: { label: "Approved", tone: "good", means: "It runs when whoever asked sends it again, once, and only as it was measured." },
  denied: { label: "Denied", tone: "plain", means: "Nothing has run, and this act is refused from now on." },
  expired: { label: "Expired", tone: "plain", means: "Nobody agreed in time, which means no. Nothing has run." },
  abandoned: { label: "Abandoned", tone: "plain", means: "Whoever asked has gone. Nothing has run, and nothing will." },
  stale: { label: "Stale", tone: "plain", means: "What the plan rested on has changed, so it is worth nothing. Nothing of it has stayed." },
  running: { label: "Running", tone: "wait", means: "It was approved and is being carried out now." },
  used: { label: "Carried out", tone: "good", means: "It was carried out once, as it was measured. The approval is used up." },
  unknown: {
    label: "Outcome unknown",
    tone: "grave",
    means: "It was sent, and the answer was lost. It will not be sent again: look at the data.",
  },
};

const undo: Readonly<Record<Reversibility, Wording>> = {
  reversible: { label: "Can be taken back", tone: "plain", means: "" },
  restorable: { label: "Comes back only from a backup", tone: "grave", means: "" },
  irreversible: { label: "Cannot be undone", tone: "grave", means: "" },
  unknown: { label: "Nobody knows whether it can be undone", tone: "grave", means: "" },
};

export function stateWords(state: State): Wording {
  return states[state];
}

export function undoWords(reversibility: Reversibility): Wording {
  return undo[reversibility];
}

/** Whether persons can still answer. */
export function isOpen(state: State): boolean {
  return state === "pending";
}
