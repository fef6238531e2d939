/**
 * The answer to an action: allow, deny or hold, with its reason, its obligations and what determined it.
 * It does not carry out anything.
 */
import type { Effect } from "./effect.ts";
import type { ReasonCode } from "./codes.ts";

/** A stable code and a sentence for the agent. `next` is the scoped next step. Never a rule's wording. */
export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
  readonly next?: string;
}

/** What must be fulfilled for an allow to stand. An adapter that cannot fulfil one turns the allow into a deny. */
export type Obligation =
  /** Rows returned over all result paths of one statement; beyond it the statement is cancelled upstream. */
  | { readonly kind: "rows_returned_max"; readonly rows: number }
  | { readonly kind: "bytes_returned_max"; readonly bytes: number }
  /** Rows changed by one statement, by the server's own count; beyond it the transaction is rolled back. */
  | { readonly kind: "rows_changed_max"; readonly rows: number }
  | { readonly kind: "rows_changed_per_transaction_max"; readonly rows: number }
  /** Rows of any one table that one transaction may insert, update and delete. */
  | { readonly kind: "rows_changed_per_table_max"; readonly rows: number }
  /** Share of the rows of any one table, in whole per cent of those it had before, that one transaction may update and delete. */
  | { readonly kind: "rows_changed_share_max"; readonly percent: number }
  | { readonly kind: "statement_ms_max"; readonly ms: number }
  /** What it takes away goes into the target's bin instead, from where persons can put it back. */
  | { readonly kind: "bin" }
  /** Where the server's WAL stands is on record before the act can be; without that it does not run. */
  | { readonly kind: "recovery_point" };

export type Decision =
  | ({ readonly kind: "allow"; readonly obligations: readonly Obligation[] } & Determined)
  | ({ readonly kind: "deny"; readonly reason: Reason } & Determined)
  /** `owed`: what persons' approval of it does not lift. */
  | ({ readonly kind: "hold"; readonly reason: Reason; readonly owed?: readonly Obligation[] } & Determined);

interface Determined {
  /** Ids of the rules that decided. For the record and for people; never sent to the agent. */
  readonly rules: readonly string[];
  readonly policyDigest: string;
  /** Present when the policy observes only: what it would have decided. */
  readonly observed?: "deny" | "hold";
}

/** What one statement of a text means to the adapter that must enforce the decision. */
export interface StatementSummary {
  /** First keywords in upper case, as the server's CommandComplete would name them: `SELECT`, `DELETE`, `CREATE TABLE`. */
  readonly tag: string;
  readonly effects: readonly Effect[];
  /** True when nothing durable can change: no intent needs to be synced before it is sent. */
  readonly readOnly: boolean;
  readonly transaction: TransactionControl;
  /** The statement may change role, search_path or temporary objects: ask the server before the next is judged. */
  readonly changesContext: boolean;
  /** The statement is DDL: the catalogue is stale once it commits. */
  readonly definesObjects: boolean;
  /** Its text tells all that it defines: what the catalogue holds afterwards need not be asked of the server. */
  readonly plainDefinition?: true;
  /** The server refuses it inside a transaction block (VACUUM, CREATE DATABASE ...): its effect is immediate. */
  readonly immediate: boolean;
  /** `PREPARE name`, `EXECUTE name`, `DEALLOCATE name`, cursors: names that live in the session. */
  readonly prepared?: { readonly kind: "prepare" | "execute" | "deallocate"; readonly name: string | null };
  /** The name that SAVEPOINT, RELEASE and ROLLBACK TO carry. */
  readonly savepoint?: string;
  /** COPY from or to the client. */
  readonly copy?: "in" | "out";
  /** A cursor of it, or a trigger that may wait for COMMIT, calls functions: they run later. */
  readonly delays?: true;
  /** It only looks at rows, and any server that holds the same rows gives the same answer: no part of it tells of server or session. */
  readonly replicable?: true;
  /** Tables and views that it names and the catalogue does not hold. Present when nothing else about it is unknown. */
  readonly absent?: readonly string[];
  /** UTF-8 byte offsets of the statement in its text. */
  readonly span: { readonly start: number; readonly end: number };
}

export type TransactionControl =
  | "none"
  | "begin"
  | "commit"
  | "rollback"
  | "savepoint"
  | "release"
  | "rollback_to"
  | "prepare_transaction"
  | "commit_prepared"
  | "rollback_prepared";
