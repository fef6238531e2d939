/**
 * What a session and its second connection, to a read replica, know of each other.
 * It holds no behaviour; the files that do need not import each other.
 */
import type { Act } from "./act.ts";
import type { Statement } from "./names.ts";

/** What the route asks about the replica, of all sessions together. */
export interface Watch {
  ready(principal: string, catalogueVersion: number): boolean;
  wrote(principal: string): void;
  answered(): void;
}

/** One batch for the replica. */
export interface Batch {
  /** The client's messages, as they came. */
  readonly frames: readonly Buffer[];
  /** Settings that the session has at the primary, in order: only those that were not sent on this connection before are needed. */
  readonly settings: readonly string[];
  /** Messages that prepare the statements which the batch names, and how many answers they have. */
  readonly prepare: readonly Buffer[];
  readonly answers: number;
}

/** The session's connection to the replica. */
export interface Lane {
  /** `ready`: connected, and nothing runs there. `opening`: will be that soon, or say that it is not; the session is resumed then. */
  readonly state: "ready" | "opening" | "closed";
  /** Statements that this connection has, by name; empty when it is a new one. */
  readonly prepared: Map<string, Statement>;
  /** Connects, if nothing is under way. */
  open(): void;
  send(batch: Batch): void;
}

/** What the session's core tells of what leaves it. */
export interface Routing {
  /** What was collected is the primary's, and so is the rest of the batch. */
  giveUp(): void;
  /** An act goes out, to whichever server. */
  sent(act: Act): void;
  /** Something of the session's was changed at the primary on another connection. */
  changed(): void;
}
