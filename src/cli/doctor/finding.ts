/**
 * What `holdfast doctor` found about one thing: as it should be, weak, unprotected, or not known.
 * It does not look at anything itself.
 */

/** `bad`: unprotected, and the exit code says so. `weak`: it holds, and should be better. `unknown`: it could not be looked at. */
export type State = "good" | "weak" | "bad" | "unknown";

export interface Finding {
  readonly topic: string;
  readonly state: State;
  readonly text: string;
  /** What to do; absent where nothing is to be done. */
  readonly next?: string;
}

export function finding(topic: string, state: State, text: string, next?: string): Finding {
  return next === undefined ? { topic, state, text } : { topic, state, text, next };
}
