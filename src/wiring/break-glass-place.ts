/**
 * Where a break-glass takes the place of the person who would be asked: in the decision, where the session's own login may do what is held;
 * before the desk, where it is carried out with rights that the session has not.
 */
import { type UnaskedParts, unasked } from "../approvals/unasked.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { TargetConfig } from "../config/config.ts";
import type { Approvals } from "../pipeline/approvals-port.ts";
import type { RunControl } from "./run-control.ts";
import type { WatchedLog } from "./watched-log.ts";

/** What is held is carried out by another login than the session's. */
export function carriedOutApart({ roles, executor }: Pick<TargetConfig, "roles" | "executor">): boolean {
  return roles !== undefined || executor !== undefined;
}

export interface BreakGlassPlaceParts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: WatchedLog;
  readonly warn: (message: string) => void;
  readonly runs: RunControl;
  readonly toleranceRows: () => number;
}

/** The desk, asked only where no break-glass is open. */
export function deskUnlessBroken(desk: Approvals, { runs, log, ...parts }: BreakGlassPlaceParts): Approvals {
  const { breakGlass } = runs.runs;
  const own: UnaskedParts = {
    ...parts,
    open: (target, principal) => breakGlass.factOf(target, principal),
    use: (id, action, session, transaction) => breakGlass.use(id, action, session, transaction),
    seal: () => log.log.seal(),
    asker: (target, principal) => {
      const run = runs.runs.find(principal, target)?.snapshot();
      return run === undefined ? {} : { run: run.id, actsFor: run.actsFor, purpose: run.purpose };
    },
  };
  return unasked(desk, own);
}
