/**
 * What a session needs of the bin: tickets that carry out one statement each, and an ear for how their transactions ended.
 * It holds no behaviour. The server's side of it, the procedure that takes a ticket, is installed by `holdfast provision`.
 */
import type { ActionId } from "../../../base/ids.ts";
import type { TransactionEnd } from "../../../model/outcome.ts";

/** One statement that is to go into the bin: its exact text, and the situation that it was judged in. */
export interface BinWanted {
  readonly text: string;
  readonly searchPath: readonly string[];
  /** `session_user` and backend process of the session that will use the ticket. */
  readonly role: string;
  readonly serverProcess: number;
  readonly action: ActionId;
  /** As the client is told when it is done: `DROP TABLE`. */
  readonly tag: string;
  /** What a DROP DATABASE names, as the server would read it. */
  readonly database?: { readonly name: string; readonly ifExists: boolean; readonly force: boolean };
}

/** `because` is a clause for the agent: why there is none. */
export type BinTicket = { readonly ticket: string } | { readonly because: string };

/** A database that was put into the bin, or the server's own error about it, or that Holdfast could not. */
export type BinnedDatabase =
  /** `notice`: what the server would have said of one that is not there, with IF EXISTS. */
  | { readonly kind: "done"; readonly notice?: string }
  | { readonly kind: "failed"; readonly sqlstate: string; readonly message: string; readonly detail?: string; readonly hint?: string }
  | { readonly kind: "unavailable"; readonly because: string };

/** Whether a database would go into the bin, as things are. `unfit`: it could be dropped, and not be kept. */
export type SeenDatabase =
  | { readonly kind: "takes"; readonly bytes: number }
  | { readonly kind: "skipped" }
  | { readonly kind: "failed"; readonly sqlstate: string; readonly message: string }
  | { readonly kind: "unfit"; readonly because: string }
  | { readonly kind: "unavailable"; readonly because: string };

export interface BinPort {
  /** One answer for each, in order. Never rejects. */
  issue(wanted: readonly BinWanted[]): Promise<readonly BinTicket[]>;
  /** Carries out a DROP DATABASE on a connection of its own. The act's intent is durable before. Never rejects. */
  dropDatabase(wanted: BinWanted): Promise<BinnedDatabase>;
  /** What {@link BinPort.dropDatabase} would find. It changes nothing. Never rejects. */
  lookAtDatabase(wanted: BinWanted): Promise<SeenDatabase>;
  /** The transaction that used these tickets has ended. */
  ended(tickets: readonly string[], end: TransactionEnd): void;
}
