/**
 * What a server's catalogue says of rights, as far as provisioning looks at it.
 * It is data; `read-state.ts` reads it.
 */

import type { BinState } from "./plan-bin.ts";
import type { JournalState } from "./undo-journal-state.ts";

export interface ServerState {
  /** `server_version_num`, as 150018. */
  readonly version: number;
  readonly database: string;
  readonly databaseOwner: string;
  readonly databaseAcl: readonly Grant[];
  readonly admin: Admin;
  readonly roles: readonly RoleState[];
  readonly memberships: readonly Membership[];
  readonly schemas: readonly SchemaState[];
  readonly relations: readonly RelationState[];
  readonly functions: readonly FunctionState[];
  readonly defaults: readonly DefaultAcl[];
  readonly policies: readonly PolicyState[];
  readonly foreign: readonly ForeignState[];
  readonly journal: JournalState;
  readonly bin: BinState;
  /** Roles that were granted to set session_replication_role; none before version 15. */
  readonly silencers?: readonly string[];
  /** How to take back what earlier runs changed of others' rights, in the order it was done. Empty before the first run. */
  readonly record: readonly UndoEntry[];
}

export interface Admin {
  readonly name: string;
  readonly superuser: boolean;
  readonly createRole: boolean;
  /** May create schemas in this database. */
  readonly createsSchemas: boolean;
}

/** `""` as grantee is PUBLIC. */
export interface Grant {
  readonly grantee: string;
  readonly privilege: string;
}

export interface RoleState {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly comment: string | null;
  /** What the admin may do as this role: have its rights at once, take it by SET ROLE, or neither. */
  readonly reach: "has" | "can_set" | "none";
  /** The admin may make others members of it. */
  readonly grantable: boolean;
}

export interface Membership {
  readonly role: string;
  readonly member: string;
  readonly admin: boolean;
}

interface Owned {
  readonly owner: string;
  readonly acl: readonly Grant[];
}

export interface SchemaState extends Owned {
  readonly name: string;
  readonly comment: string | null;
}

export interface RelationState extends Owned {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "view" | "materialized_view" | "foreign_table" | "sequence";
  /** Rights on single columns; PUBLIC's and ours only. */
  readonly columnAcl: readonly (Grant & { readonly column: string })[];
  /** Member of an extension. */
  readonly extension: string | null;
  /** A view over what only superusers read in the system catalogues. */
  readonly revealing: boolean;
  readonly rowSecurity: boolean;
  /** A view that reads with the rights of who asks, not of who owns it. */
  readonly invoker: boolean;
  /** `schema.name` of the relations that a view reads directly, and of the tables that this one is a partition or a child of. */
  readonly shows: readonly string[];
  /** `schema.name` of the tables whose columns this sequence feeds. */
  readonly feeds: string | null;
}

export interface FunctionState extends Owned {
  readonly schema: string;
  readonly name: string;
  /** `schema.name(argument types)`, quoted, as GRANT takes it. */
  readonly signature: string;
  readonly kind: "FUNCTION" | "PROCEDURE";
  readonly definer: boolean;
  readonly trigger: boolean;
  readonly extension: string | null;
  /** Written in a language whose code runs outside the server's rights. */
  readonly untrusted: boolean;
}

/** One row of pg_default_acl; `schema` is `null` for the whole database. */
export interface DefaultAcl extends Owned {
  readonly schema: string | null;
  readonly objects: "TABLES" | "SEQUENCES" | "FUNCTIONS" | "TYPES" | "SCHEMAS" | "LARGE OBJECTS";
}

export interface PolicyState {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly permissive: boolean;
  readonly roles: readonly string[];
  readonly comment: string | null;
}

export interface ForeignState extends Owned {
  readonly name: string;
  readonly what: "FOREIGN SERVER" | "FOREIGN DATA WRAPPER" | "LARGE OBJECT";
}

export interface UndoEntry {
  /** Role to take for it; `null` is the admin's own. */
  readonly as: string | null;
  readonly sql: string;
}
