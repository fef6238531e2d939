/**
 * What the routes for the bin ask of the running gateway. The composition root fulfils it.
 * Lists may be looked at by whoever may open the control socket; only a person who signs brings anything back, or has it go for good.
 */
import type { BinEntry } from "../model/recovery.ts";
import type { BinRestored, BinView } from "./contract.ts";
import type { Signer } from "./parts.ts";

/** All that a person signs. */
export interface SignedBinRestore {
  readonly target: string;
  readonly entries: readonly string[];
  /** Another name in place of the old one; empty: none. */
  readonly as: string;
  /** What has the old names now goes into the bin. */
  readonly replace: boolean;
  /** Constraints that do not hold any more are left out. */
  readonly withoutConstraints: boolean;
}

export interface SignedBinEmpty {
  readonly target: string;
  readonly entries: readonly string[];
}

/** Every method rejects with `ControlRefusal` where it is not to be. */
export interface BinControl {
  /** What rests, the newest first; of all targets where `target` is empty. */
  readonly list: (target: string) => Promise<BinView>;
  readonly restore: (signed: SignedBinRestore, by: Signer) => Promise<BinRestored>;
  readonly empty: (signed: SignedBinEmpty, by: Signer) => Promise<readonly BinEntry[]>;
}
