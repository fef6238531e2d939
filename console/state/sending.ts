/**
 * What a form goes through while it is sent: one thing at a time, and what went wrong in words. It knows no form and sends nothing itself.
 */
import { useState } from "preact/hooks";
import { wordsOf } from "../api/call.ts";

export interface Sending {
  readonly busy: boolean;
  /** Empty where nothing went wrong. */
  readonly problem: string;
  /** Made of what sends: what answers a form's `submit`. What is thrown becomes the problem. */
  readonly sending: (work: () => Promise<void> | void) => (event: Event) => Promise<void>;
}

export function useSending(): Sending {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const sending = (work: () => Promise<void> | void) => async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem("");
    try {
      await work();
    } catch (error) {
      setProblem(wordsOf(error));
    }
    setBusy(false);
  };
  return { busy, problem, sending };
}
