/**
 * What the control plane keeps over a restart: runs with what they used up, asks, grants, safeguards taken away,
 * and approvals with their plans.
 * It is no authority: nothing that stands in it opens a right. A grant is alive only in the process that gave it, and what a former
 * process left open here is closed at the next start.
 */
import type { ApprovalId } from "../base/ids.ts";
import type { Approval } from "../model/approval.ts";
import type { Disarm } from "../model/disarm.ts";
import type { Ask, Grant } from "../model/grant.ts";
import type { Run } from "../model/run.ts";

/**
 * Any store MUST fulfil the contract in `test/store/contract.ts`:
 * - when a put resolves, what was put survives the death of the process and of the machine;
 * - when it rejects, what was put may be there or not (a reply can be lost), never in part, and everything before it is unharmed;
 * - a put replaces what has the same id, so that it may be repeated;
 * - a second process cannot have the same store open.
 */
export interface ControlStore {
  putRun(run: Run): Promise<void>;
  putAsk(ask: Ask): Promise<void>;
  putGrant(grant: Grant): Promise<void>;
  putDisarm(disarm: Disarm): Promise<void>;
  /** In the order in which they were first put; the oldest that are over are forgotten beyond {@link keptMax}. */
  runs(): Promise<readonly Run[]>;
  asks(): Promise<readonly Ask[]>;
  grants(): Promise<readonly Grant[]>;
  /** Those of every gateway on the store. */
  disarms(): Promise<readonly Disarm[]>;
  /**
   * Puts the approval's next revision: revision 0 where none is kept, otherwise in place of the one before. Resolves to false, and changes
   * nothing, where somebody else was first. After a rejection it may be there or not: look with {@link approval}.
   */
  changeApproval(approval: Approval): Promise<boolean>;
  approval(id: ApprovalId): Promise<Approval | undefined>;
  approvals(): Promise<readonly Approval[]>;
  /** Told of each change that another process (or this one) has made durable, soon after; returns how to end that. */
  onApproval(changed: (id: ApprovalId) => void): () => void;
  close(): Promise<void>;
}

/** Entries of each kind that are over and kept for people to look at; the audit log has them all. */
export const keptMax = 1_000;

/** The store cannot be opened, read or written. The message names the file and the cause. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}
