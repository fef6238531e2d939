/**
 * What an installation demands of a person's answer, and how long it waits for one.
 * It names no person: who may answer for which environment is registered with the persons.
 */
import type { Environment } from "./principal.ts";

export interface ApprovalRules {
  /** How long a connection is held for an answer; 0 is not at all. */
  readonly holdMs: number;
  /** From question to its end, which is a no. */
  readonly lifeMs: number;
  /** Persons who must agree. */
  readonly quorum: Readonly<Record<Environment, number>>;
  /** When a passkey is needed for what cannot be taken back: where one is registered of somebody who may answer, always, or never. */
  readonly passkey: "when_registered" | "always" | "never";
  /** Wait after the last agreement before what cannot be taken back is done in production. */
  readonly coolOffMs: number;
  /** The one who asked may answer, with a passkey where one is registered, and after the wait. */
  readonly solo: boolean;
  /** A no holds this long for the same act in other runs of the same principal; in the same run until that is over. */
  readonly rememberMs: number;
  /** Rows by which what is done may differ from the plan, of each table. */
  readonly toleranceRows: number;
}

/** 20 s is below every client's own limit that is known: the shortest are 60 s. */
export const usualApprovalRules: ApprovalRules = {
  holdMs: 20_000,
  lifeMs: 15 * 60_000,
  quorum: { production: 1, staging: 1, development: 1 },
  passkey: "when_registered",
  coolOffMs: 10_000,
  solo: false,
  rememberMs: 3_600_000,
  toleranceRows: 0,
};

/** A question lives at most this long: the log is read back this far at each start, so that what was used stays used. */
export const approvalLifeMsMax = 7 * 86_400_000;
