/**
 * What the routes for undo ask of the running gateway. The composition root fulfils it.
 * Lists and plans may be looked at by whoever may open the control socket, with keys masked; only a person who signs takes anything back.
 */
import type { KeptTransaction } from "../model/recovery.ts";
import type { UndoneView, UndoPlanView } from "./contract.ts";
import type { Signer } from "./parts.ts";

/** What is to be taken back. */
export type UndoWhat =
  /** An act, connection, run, approval or undo by its id, or whoever's sessions by the principal's name. */
  | { readonly kind: "named"; readonly name: string }
  /** Everything that is kept since then, in milliseconds since the Unix epoch. */
  | { readonly kind: "since"; readonly sinceMs: number }
  | { readonly kind: "transactions"; readonly transactions: readonly string[] };

export interface WantedUndoPlan {
  /** Empty where it follows from what is named, or there is one target alone. */
  readonly target: string;
  /** Empty is the one that follows, else the target's own. */
  readonly database: string;
  readonly what: UndoWhat;
}

/** All that a person signs. */
export interface SignedUndo {
  readonly undo: string;
  readonly target: string;
  readonly database: string;
  readonly transactions: readonly string[];
  readonly digest: string;
  readonly skipConflicts: boolean;
}

/** Every method rejects with `ControlRefusal` where it is not to be. */
export interface UndoControl {
  /** The newest first. */
  readonly kept: (target: string) => Promise<readonly KeptTransaction[]>;
  readonly plan: (wanted: WantedUndoPlan) => Promise<UndoPlanView>;
  readonly undo: (signed: SignedUndo, by: Signer) => Promise<UndoneView>;
}
