/**
 * One whole attempt, normalised and immutable: who, where, what bytes, in which context.
 * It does not say what the attempt would do (effects) or whether it may (decision).
 */
import type { ActionId } from "../base/ids.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Session, Target } from "./principal.ts";

export interface Action {
  readonly id: ActionId;
  readonly session: Session;
  readonly target: Target;
  readonly payload: Payload;
}

/** A closed union: a new protocol family adds a member, and every switch over it must then say what it does. */
export type Payload = SqlPayload | SqlCallPayload | HttpPayload;

/** SQL text in one message, exactly as it will be sent. It may hold several statements. */
export interface SqlPayload {
  readonly kind: "sql";
  readonly text: string;
  /** How it arrived: several statements in one text are only possible in `simple`. */
  readonly door: "simple" | "prepare";
  /** OIDs of the types that Parse gives its parameters, where any of them is not the server's own: values of those may run code. */
  readonly parameterTypes?: readonly number[];
  readonly context: SqlContext;
}

/** A function called by its OID without SQL text (the wire's FunctionCall). */
export interface SqlCallPayload {
  readonly kind: "sql_call";
  readonly functionOid: number;
  readonly context: SqlContext;
}

/** One request of an HTTP API. */
export interface HttpPayload {
  readonly kind: "http";
  readonly request: HttpRequest;
  /** What names of SQL that the request carries mean. */
  readonly context: SqlContext;
  /** Absent: `context` holds for PostgreSQL's own SQL. */
  readonly database?: RequestDatabase;
  /** GraphQL documents that it names by their SHA-256 alone, where they were seen before. */
  readonly documents?: ReadonlyMap<string, string>;
}

/** Whether it is known which database a request's SQL runs in. */
export type RequestDatabase =
  /** One of PostgreSQL, which `context` is about. */
  | { readonly kind: "known" }
  /** Why not, in a clause that says what would help. */
  | { readonly kind: "unknown"; readonly because: string };

/**
 * What names mean at this moment, as the *server* reported it. The object is replaced, never mutated, when any of it
 * changes: identity is the cache key.
 */
export interface SqlContext {
  readonly role: string;
  readonly sessionRole: string;
  /** The effective schemas in order, with `pg_catalog` and the temporary schema where the server has them. */
  readonly searchPath: readonly string[];
  /** Whether `pg_temp` holds anything of this session, so that a temporary table may shadow a real one. */
  readonly temporary: readonly string[];
  /** Those of `temporary` that are views. */
  readonly temporaryViews?: readonly string[];
  /** Version of the catalogue snapshot that resolves the names, unique across databases; see `catalogue/source.ts`. */
  readonly catalogueVersion: number;
  /** DDL texts that this session has run and not committed: the snapshot does not know them yet. */
  readonly pendingDdl: readonly string[];
  /** An open cursor or portal, or a trigger that waits, calls functions: names and functions must stay as they were when it was judged. */
  readonly delayed?: true;
  /**
   * Time limits that are kept in this session besides the server's own, in milliseconds by the setting's name: the session may ask the
   * server for less, and whatever resets them is put right. What is not named is not kept; absent where that is not known.
   */
  readonly timeLimits?: Readonly<Record<string, number>>;
}
