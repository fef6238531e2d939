/**
 * Branded identifiers and the one source of chance they are drawn from.
 * It does not know what an id stands for beyond its brand.
 */
import { randomBytes } from "node:crypto";

declare const brand: unique symbol;
type Id<B extends string> = string & { readonly [brand]: B };

/** One client connection or run: `s_` and 16 characters. */
export type SessionId = Id<"session">;
/** One attempt: unique within the audit log. */
export type ActionId = Id<"action">;

/** One run of one principal over all its connections: `r_` and 12 characters. */
export type RunId = Id<"run">;

/** A right that a person opened for one run: `g_` and 10 characters. */
export type GrantId = Id<"grant">;

/** A right that an agent asks for: `a_` and 10 characters. */
export type AskId = Id<"ask">;

/** One break-glass of one run: `b_` and 10 characters. */
export type BreakGlassId = Id<"break-glass">;

/** One plan of one act: `p_` and 12 characters. */
export type PlanId = Id<"plan">;

/** One question to persons about one plan: `q_` and 12 characters. */
export type ApprovalId = Id<"approval">;

/** One undo of kept transactions: `u_` and 12 characters. */
export type UndoId = Id<"undo">;

/** What one act put into the bin: `n_` and 10 characters. */
export type BinEntryId = Id<"bin entry">;

/** One backup in a repository: `k_` and 12 characters. */
export type BackupId = Id<"backup">;

/** One restore drill: `d_` and 10 characters. */
export type DrillId = Id<"drill">;

export type RandomBytes = (size: number) => Uint8Array;

export const systemRandom: RandomBytes = (size) => randomBytes(size);

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** `size` characters of Crockford base 32, 5 bits of chance each. */
export function randomText(size: number, random: RandomBytes = systemRandom): string {
  let text = "";
  for (const byte of random(size)) text += ALPHABET[byte & 31];
  return text;
}

export function newSessionId(random: RandomBytes = systemRandom): SessionId {
  return `s_${randomText(16, random)}` as SessionId;
}

/** Action ids are the session's id and a counter: cheap on the hot path, and ordered within a session. */
export function actionId(session: SessionId, sequence: number): ActionId {
  return `${session}.${sequence}` as ActionId;
}

export function newRunId(random: RandomBytes = systemRandom): RunId {
  return `r_${randomText(12, random)}` as RunId;
}

export function newGrantId(random: RandomBytes = systemRandom): GrantId {
  return `g_${randomText(10, random)}` as GrantId;
}

export function newAskId(random: RandomBytes = systemRandom): AskId {
  return `a_${randomText(10, random)}` as AskId;
}

export function newBreakGlassId(random: RandomBytes = systemRandom): BreakGlassId {
  return `b_${randomText(10, random)}` as BreakGlassId;
}

export function newPlanId(random: RandomBytes = systemRandom): PlanId {
  return `p_${randomText(12, random)}` as PlanId;
}

export function newApprovalId(random: RandomBytes = systemRandom): ApprovalId {
  return `q_${randomText(12, random)}` as ApprovalId;
}

export function newUndoId(random: RandomBytes = systemRandom): UndoId {
  return `u_${randomText(12, random)}` as UndoId;
}

export function newBinEntryId(random: RandomBytes = systemRandom): BinEntryId {
  return `n_${randomText(10, random)}` as BinEntryId;
}

export function newBackupId(random: RandomBytes = systemRandom): BackupId {
  return `k_${randomText(12, random)}` as BackupId;
}

export function newDrillId(random: RandomBytes = systemRandom): DrillId {
  return `d_${randomText(10, random)}` as DrillId;
}
