/**
 * What an executor is made of: who it is at the server, its limits, and what of rows may be shown.
 * It is data; `wiring/executors.ts` makes it from the configuration.
 */
import type { Clock } from "../../../base/clock.ts";
import type { RandomBytes } from "../../../base/ids.ts";
import type { ExecutorBin } from "./bin-room.ts";
import type { ExecutorLogin } from "./open-connection.ts";

export interface ExecutorSettings {
  /** Lends the login of one connection's life. Rejects when there is none. */
  readonly login: () => Promise<ExecutorLogin>;
  /** Another server with the same data, on which is measured in the target's place. */
  readonly clone?: () => Promise<ExecutorLogin>;
  readonly limits: ExecutorLimits;
  readonly shown: ShownColumns;
  /** How long images of changed rows are kept at the target, in milliseconds; absent where none are. */
  readonly undoKeepMs?: number;
  /** The bin of a database of the target; `undefined` where it has none. Never rejects. */
  readonly bin?: (database: string) => Promise<ExecutorBin | undefined>;
  /** Where a database goes as a whole, from a connection to `database`, which need have no bin itself. */
  readonly databaseBin?: (database: string) => ExecutorBin | undefined;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Told what an operator should know, and who asks for a plan should not: the server's words at a login name roles and addresses. */
  readonly warn: (message: string) => void;
}

/** In milliseconds, but for the samples. */
export interface ExecutorLimits {
  /** How long a trial waits for a lock, holds one that keeps others from a table, or lets anybody wait for it. */
  readonly lockMs: number;
  /** How long a trial takes at most. */
  readonly statementMs: number;
  /** How long one statement takes that is carried out. */
  readonly runMs: number;
  /** Rows of each table that are shown as they were and would be. */
  readonly samples: number;
}

/** Columns as `schema.table.column`, or all of a table as `schema.table.*`. What is not named is secret; secret wins. */
export interface ShownColumns {
  readonly public: readonly string[];
  readonly secret: readonly string[];
}
