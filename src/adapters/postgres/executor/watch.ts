/**
 * Gives a trial up when it has taken the time that it may.
 * It asks the server to cancel what runs, and closes the connection when even that is not answered.
 */
import type { Connection } from "./open-connection.ts";

export interface TrialWatch {
  /** Why the trial was given up; `undefined` while it was not. */
  because(): string | undefined;
  stop(): void;
}

/** A cancelled statement ends within this, or its connection is closed: the server rolls back then too. In milliseconds. */
const CANCELLED_MS_MAX = 5_000;

export function watchTrial(connection: Connection, limits: { readonly statementMs: number; readonly elapsedMs: () => number }): TrialWatch {
  let because: string | undefined;
  const giveUp = (why: string) => {
    because ??= why;
    connection.cancel();
    closing = setTimeout(() => connection.client.destroy(why), CANCELLED_MS_MAX);
  };
  let closing: NodeJS.Timeout | undefined;
  const timer = setTimeout(
    () => giveUp(`its trial takes longer than ${limits.statementMs / 1000} s`),
    Math.max(1, limits.statementMs - limits.elapsedMs()),
  );
  return {
    because: () => because,
    stop: () => {
      clearTimeout(timer);
      clearTimeout(closing);
    },
  };
}
