/**
 * Errors of the server where they stand for something of ours: a reading over its bounds, a refusal that was asked for, a time limit.
 * It does not decide what becomes of the transaction.
 */
import type { Act } from "./act.ts";
import type { Core } from "./core.ts";
import type { MeterBounds } from "./meter-sql.ts";
import type { Expect } from "./queue.ts";
import { refusal, refusalFrame } from "./refusal.ts";

export interface FailedReading {
  readonly code: string;
  readonly message: string;
  readonly bounds: MeterBounds;
  /** The batch ends with it: the client is told together with the ReadyForQuery, so that the end is certain when it knows. */
  readonly ends: boolean;
  /** A limit that the command tag showed first has been told. */
  readonly told: boolean;
}

/** Tells and records what a reading found; the SQLSTATE that stands for it. `undefined` when the error was not the meter's. */
export function readingRefused(core: Core, failed: FailedReading, act: Act | undefined): string | undefined {
  const refused = core.meter.refused(failed.code, failed.message, failed.bounds);
  if (refused === undefined) return undefined;
  const sqlstate = refused.reason.code === "rows_changed_limit" ? "54000" : "42501";
  if (failed.told) return sqlstate;
  core.forgetWithheld();
  const id = act?.admission.id ?? core.transaction.lastAnswered ?? null;
  core.parts.guard.limitReached(core.parts.session, id, refused.reason, refused.figure, refused.allowed);
  core.transaction.tables = refused.tables;
  core.transaction.ended("rolled_back");
  if (act !== undefined) act.code = sqlstate;
  core.toClient(refusalFrame({ ...refused, action: id }), failed.ends);
  return sqlstate;
}

/** Whether the server's own words go to the client; puts ours in their place where they were asked for. */
export function shownError(core: Core, entry: Expect, message: () => string): boolean {
  if (entry.poison !== undefined) {
    if (entry.poison !== null) core.toClient(entry.poison);
    return false;
  }
  if (entry.audience === "nobody" || entry.audience === "context") {
    const problem = message();
    if (core.skipping)
      core.toClient(refusalFrame(refusal("analysis_unavailable", `the session's role and search_path could not be read: ${problem}`)));
    else core.contextProblem = problem;
    return false;
  }
  if (core.timedOut !== undefined) {
    core.toClient(refusalFrame(core.timedOut));
    core.timedOut = undefined;
    return false;
  }
  return true;
}

/** A message that the server has skipped: what its name stood for before, it stands for again. */
export function undone(core: Core, { change }: Expect): void {
  if (change === undefined) return;
  if (change.space === "statement") core.forget(change.made);
  core.names.undo(change);
}
