/**
 * What `holdfast doctor` found about one thing: as it should be, weak, unprotected, or not known.
 * It does not look at anything itself.
 */

/** `bad`: unprotected, and the exit code says so. `weak`: it holds, and should be better. `unknown`: it could not be looked at. */
export type State = "good" | "weak" | "bad" | "unknown";

export interface Finding {
  /** Names what was looked at, the same over versions: for programs. */
  readonly id?: string;
  readonly topic: string;
  readonly state: State;
  readonly text: string;
  /** Why it matters; absent where the text says it. */
  readonly why?: string;
  /** What to do; absent where nothing is to be done. */
  readonly next?: string;
}

export function finding(topic: string, state: State, text: string, next?: string): Finding {
  return next === undefined ? { topic, state, text } : { topic, state, text, next };
}

/** One that leaves something weaker: it always says why that matters and what mends it. */
export function weakness(
  id: string,
  topic: string,
  state: "weak" | "bad",
  said: Required<Pick<Finding, "text" | "why" | "next">>,
): Finding {
  return { id, topic, state, ...said };
}

/** The same, with a name for programs. */
export function named(id: string, found: Finding): Finding {
  return { id, ...found };
}
