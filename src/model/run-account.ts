/**
 * The account of a run that several gateways may have connections of: what each may use of its budget, and what it has said it used.
 * It holds no rights: a gateway keeps its own configuration's budget as its bound whatever stands here.
 */
import type { RunId } from "../base/ids.ts";
import type { Budget, Run, Used } from "./run.ts";

/** What is counted in portions. Wall time is everybody's own clock. */
export type Counted = keyof Budget & keyof Used;
export const counted: readonly Counted[] = ["statements", "rowsRead", "rowsChanged", "bytes", "held"];

export interface RunAccount {
  readonly id: RunId;
  /** Counts its changes: whoever changes it must have seen the last. */
  readonly revision: number;
  /** Its `used` is the sum of what the shares have said. */
  readonly run: Run;
  readonly shares: readonly Share[];
  /** The person who suspended, resumed or ended it last. */
  readonly by?: string;
}

/** One gateway's part. */
export interface Share {
  readonly gateway: string;
  readonly incarnation: string;
  /** It has connections of the run, or is about to. */
  readonly attached: boolean;
  /** What it may use in all: never less than it has said it used. Where the budget has no figure it means nothing. */
  readonly granted: Readonly<Record<Counted, number>>;
  readonly used: Used;
  /** It wants more than is left: the others give back of what they do not use. */
  readonly wants: boolean;
}
