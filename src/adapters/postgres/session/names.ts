/**
 * Prepared statements and portals of one session, as the server will know them once it has answered what was sent.
 * It does not judge; it keeps which text a name stands for, and puts names back when the server refuses.
 */
import { limits } from "../../../base/limits.ts";
import type { SqlContext } from "../../../model/action.ts";
import type { Act } from "./act.ts";
import type { HeldPortal, HeldStatement } from "./held.ts";

export interface Statement {
  readonly text: string;
  /** The parameter types of Parse, when one of them is not the server's own. */
  readonly parameterTypes?: readonly number[];
  /** The batch (messages up to a Sync) that sent it; it is certain once `known`. */
  readonly batch: number;
  readonly serial: number;
  known: boolean;
  /** The context under which it was judged last. */
  context: SqlContext;
  /** Judged and not yet run: the first Execute takes it. */
  judged: Act | undefined;
  /** The server never took it. */
  dead: boolean;
  /** A read replica may answer it, by its last judgement. */
  replicable?: boolean;
  /** Its Parse message, kept where a read replica may have to be sent it too. */
  readonly frame?: Buffer;
  /** It goes into the bin: the server has a call under its name. The parameter types that Parse gave. */
  readonly binned?: { readonly types: readonly number[] };
  /** The policy holds it: a person must agree to each Execute. */
  held?: HeldStatement | undefined;
  /** The replica alone has it: an unnamed statement that was made there. */
  elsewhere?: boolean;
}

export interface Portal {
  readonly statement: Statement;
  readonly batch: number;
  /** Set by the first Execute; later ones go on with it. */
  act: Act | undefined;
  dead: boolean;
  /** Over a held statement: it is only here. */
  readonly held?: HeldPortal;
}

/** A name that a message sent upstream gives (`made`) or takes away (`made` is undefined), and what it stood for before. */
export type NameChange =
  | { readonly space: "statement"; readonly name: string; readonly before: Statement | undefined; readonly made: Statement | undefined }
  | { readonly space: "portal"; readonly name: string; readonly before: Portal | undefined; readonly made: Portal | undefined };

export class Names {
  readonly statements = new Map<string, Statement>();
  readonly portals = new Map<string, Portal>();
  /** Batches up to this one ended with the transaction: their portals are gone. */
  #portalFloor = -1;

  get full(): boolean {
    return this.statements.size >= limits.preparedStatementsMax;
  }

  portal(name: string): Portal | undefined {
    const portal = this.portals.get(name);
    return portal !== undefined && portal.batch > this.#portalFloor ? portal : undefined;
  }

  /** The transaction ended with the Sync of this batch. */
  endPortals(batch: number): void {
    this.#portalFloor = batch;
    if (this.portals.size > 64) {
      for (const [name, portal] of this.portals) if (portal.batch <= batch) this.portals.delete(name);
    }
  }

  /**
   * The server refused or skipped the message behind this change. Call in reverse order of sending. A name that a later
   * message has given anew stays; where it is not certain what the server holds, the name is unknown and so refused.
   */
  undo(change: NameChange): void {
    if (change.made !== undefined) change.made.dead = true;
    if (change.space === "statement") putBack(this.statements, change.name, change.before, change.made);
    else putBack(this.portals, change.name, change.before, change.made);
  }
}

function putBack<T extends { readonly dead: boolean }>(
  map: Map<string, T>,
  name: string,
  before: T | undefined,
  made: T | undefined,
): void {
  if (map.get(name) !== made) return;
  // A failed Parse of the unnamed statement has dropped the one before it.
  if (before === undefined || before.dead || name === "") map.delete(name);
  else map.set(name, before);
}
