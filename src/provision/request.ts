/**
 * What an operator wants of a target's rights, as the configuration says it.
 * It does not say how to get there; `plan.ts` does.
 */
import type { BinRequest } from "./plan-bin.ts";
import type { KeepRequest } from "./undo-journal-triggers.ts";

export interface ProvisionRequest {
  readonly target: string;
  /** The login of the migration runner; `null` when the operator said that there is none. */
  readonly migrationRole: string | null;
  /** The login that makes session roles, where it is not the one who provisions. */
  readonly brokerRole: string | null;
  /** Logins that the configuration uses for sessions or catalogues: none may be the migration role. */
  readonly sharedRoles: readonly string[];
  /** Schemas that agents read; `null` is every schema that is not the system's. */
  readonly schemas: readonly string[] | null;
  /** Relations that agents do not read, as `schema.name`. */
  readonly hide: readonly string[];
  readonly writers: readonly WriterRequest[];
  readonly rows: readonly RowRequest[];
  /** SECURITY DEFINER or otherwise withheld functions that agents may run, as `schema.name`. */
  readonly functions: readonly string[];
  /** Roles that keep what PUBLIC loses; `null` is every role there is. */
  readonly keep: readonly string[] | null;
  /** Whose changes are kept for undo; absent: nobody's. */
  readonly undo?: KeepRequest;
  /** Absent: no bin is set up, and one that is there stays. */
  readonly bin?: BinRequest;
  readonly public: { readonly temporary: "revoke" | "keep"; readonly connect: "revoke" | "keep" };
}

/** A list of tables that a writer group may change. */
export interface WriterRequest {
  readonly name: string;
  readonly schemas: readonly string[];
  /** As `schema.name`. */
  readonly tables: readonly string[];
}

/** Rows of a table that agents see and change: everything else does not exist for them. */
export interface RowRequest {
  /** As `schema.name`. */
  readonly table: string;
  /** A boolean SQL expression over the table's columns. */
  readonly using: string;
}
