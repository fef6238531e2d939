/**
 * The words that `Effect.detail` may hold for SQL, with the operations they come with and one sentence each: policy matches on them.
 * It does not decide which of them are allowed. A test keeps every word that the analyser can produce in this list.
 */
import type { Operation } from "../../model/effect.ts";

export interface DetailWord {
  readonly word: string;
  readonly operations: readonly Operation[];
  readonly meaning: string;
}

const word = (name: string, operations: Operation | readonly Operation[], meaning: string): DetailWord => ({
  word: name,
  operations: typeof operations === "string" ? [operations] : operations,
  meaning,
});

/** Rows. */
const rows: readonly DetailWord[] = [
  word("select", "read", "reads rows of a table, view or system catalogue"),
  word(
    "select_for_update",
    "update",
    "locks rows (FOR UPDATE, FOR SHARE ...; LOCK TABLE up to ROW EXCLUSIVE) on resource type `lock`; changes no data",
  ),
  word("copy_out", "read", "COPY ... TO STDOUT: reads rows to the client"),
  word("insert", "create", "adds rows"),
  word("copy_in", "create", "COPY ... FROM STDIN: adds rows sent by the client"),
  word("update", "update", "changes rows, also by MERGE and ON CONFLICT DO UPDATE"),
  word("delete", "delete", "removes rows, also by MERGE"),
  word("truncate", "delete", "TRUNCATE: removes all rows; no row trigger sees them go"),
  word("set_null", "update", "a foreign key's SET NULL or SET DEFAULT, cause `cascade`"),
  word("sequence", "update", "nextval moves a sequence on"),
  word("sequence_set", "update", "setval, RESTART: a sequence starts again at another number; setval stays after a rollback"),
];

/** Structure. */
const structure: readonly DetailWord[] = [
  word("drop", "delete", "DROP of any kind of object, with its contents"),
  word("drop_owned", "delete", "DROP OWNED BY a role"),
  word("create_schema", "define", "CREATE SCHEMA"),
  word("create_table", "define", "CREATE TABLE, CREATE TABLE AS, SELECT INTO, permanent"),
  word("create_temporary", "define", "creates a temporary table, view or sequence of this session"),
  word("create_view", "define", "CREATE VIEW or MATERIALIZED VIEW"),
  word("replace_view", "define", "CREATE OR REPLACE VIEW"),
  word("create_index", "define", "CREATE INDEX"),
  word("create_sequence", "define", "CREATE SEQUENCE"),
  word("create_function", "define", "CREATE FUNCTION, PROCEDURE or AGGREGATE"),
  word("replace_function", "define", "CREATE OR REPLACE FUNCTION or PROCEDURE"),
  word("create_security_definer", "define", "CREATE FUNCTION ... SECURITY DEFINER: code that will run with the owner's rights"),
  word("create_trigger", "define", "CREATE TRIGGER: code that will run at later changes"),
  word("create_rule", "define", "CREATE RULE: rewrites later statements"),
  word("create_event_trigger", "define", "CREATE EVENT TRIGGER"),
  word("create_type", "define", "CREATE TYPE or DOMAIN"),
  word("create_operator", "define", "CREATE OPERATOR, CAST, operator class or family, CONVERSION, TRANSFORM, access method, language"),
  word("create_text_search", "define", "CREATE TEXT SEARCH ..., COLLATION"),
  word("create_statistics", "define", "CREATE or ALTER STATISTICS"),
  word("create_extension", "define", "CREATE EXTENSION"),
  word("alter_extension", "define", "ALTER EXTENSION"),
  word("create_database", "define", "CREATE DATABASE"),
  word("alter_database", "define", "ALTER DATABASE, without SET"),
  word("create_tablespace", "define", "CREATE or ALTER TABLESPACE"),
  word("alter_add", "define", "ALTER TABLE ADD column or constraint that rewrites nothing it can lose"),
  word("alter_drop_column", "delete", "ALTER TABLE DROP COLUMN: the values are gone"),
  word("alter_drop_constraint", "define", "ALTER TABLE DROP CONSTRAINT"),
  word("alter_loosen", "define", "ALTER TABLE DROP NOT NULL, DROP EXPRESSION, DROP IDENTITY, NOT OF, a constraint NOT ENFORCED"),
  word("alter_type", "define", "ALTER COLUMN TYPE: every value is converted, perhaps with loss"),
  word("alter_column", "define", "ALTER COLUMN ... default, NOT NULL, statistics, storage, options"),
  word("alter_rename", "define", "renames an object or a part of it"),
  word("alter_set_schema", "define", "moves an object to another schema"),
  word("alter_owner", "grant", "gives an object to another role"),
  word("alter_storage", "define", "SET LOGGED/UNLOGGED, tablespace, storage parameters, access method, CLUSTER ON, replica identity"),
  word("alter_inherit", "define", "INHERIT, NO INHERIT, ATTACH PARTITION"),
  word("alter_detach_partition", "define", "DETACH PARTITION: rows leave the parent"),
  word("alter_trigger", "define", "ALTER TABLE ENABLE TRIGGER/RULE, ALTER TRIGGER, ALTER EVENT TRIGGER"),
  word("disable_trigger", "define", "ALTER TABLE DISABLE TRIGGER/RULE, or ENABLE REPLICA: safeguards off"),
  word("alter_other", "define", "any other ALTER of a structure"),
  word("comment", "define", "COMMENT ON"),
  word("security_label", "grant", "SECURITY LABEL"),
  word("stored_change", "define", "a definition stores an expression that will change something, or do what is not known, when it runs"),
  word("stored_call", "define", "a definition stores an expression that will call this function later"),
];

/** Rights. */
const rights: readonly DetailWord[] = [
  word("grant", "grant", "GRANT of a privilege or of a role"),
  word("revoke", "grant", "REVOKE of a privilege or of a role"),
  word("default_privileges", "grant", "ALTER DEFAULT PRIVILEGES"),
  word("create_role", "grant", "CREATE ROLE, USER or GROUP"),
  word("alter_role", "grant", "ALTER ROLE or GROUP, passwords included"),
  word("drop_role", "grant", "DROP ROLE"),
  word("reassign_owned", "grant", "REASSIGN OWNED"),
  word("create_policy", "grant", "CREATE POLICY (row security)"),
  word("alter_policy", "grant", "ALTER POLICY (row security)"),
  word("drop_policy", "grant", "DROP POLICY (row security)"),
  word("row_security_on", "grant", "ENABLE or FORCE ROW LEVEL SECURITY"),
  word("row_security_off", "grant", "DISABLE or NO FORCE ROW LEVEL SECURITY"),
];

/** Beyond the database's rows: files, programs, servers, large objects. */
const beyond: readonly DetailWord[] = [
  word("copy_program", "execute", "COPY ... PROGRAM: runs a command on the server"),
  word("copy_file_read", "read", "COPY ... FROM a file of the server"),
  word("copy_file_write", "update", "COPY ... TO a file of the server"),
  word("file_read", "read", "pg_read_file, pg_ls_dir and their kin read the server's files"),
  word("file_write", "update", "pg_file_write, lo_export and their kin write the server's files"),
  word("large_object_read", "read", "lo_get, loread ..."),
  word("large_object_write", ["create", "update"], "lo_create, lo_put, lowrite ..."),
  word("large_object_unlink", "delete", "lo_unlink, lo_truncate"),
  word("remote", "connect", "dblink, foreign data wrappers and their kin talk to another server; no rollback reaches there"),
  word("foreign_server", "define", "CREATE or ALTER SERVER, FOREIGN DATA WRAPPER, IMPORT FOREIGN SCHEMA"),
  word("user_mapping", "grant", "CREATE, ALTER or DROP USER MAPPING: credentials for another server"),
  word("publication", "define", "CREATE or ALTER PUBLICATION"),
  word("subscription", "connect", "CREATE or ALTER SUBSCRIPTION: connects to another server and writes what it sends"),
  word("load_library", "execute", "LOAD: runs native code in the server"),
];

/** The server and other sessions. */
const server: readonly DetailWord[] = [
  word("alter_system", "define", "ALTER SYSTEM"),
  word("server_admin", "execute", "pg_reload_conf, pg_rotate_logfile, pg_promote, backups and their kin"),
  word("replication", "execute", "replication slots, pg_switch_wal, restore points, logical messages"),
  word("terminate_backend", "execute", "pg_terminate_backend, pg_cancel_backend"),
  word("stats_reset", "delete", "pg_stat_reset and its kin, statistics restored or cleared"),
  word("checkpoint", "execute", "CHECKPOINT"),
  word("vacuum", "execute", "VACUUM without FULL, and functions that do index maintenance"),
  word("analyze", "execute", "ANALYZE: planner statistics"),
  word("rewrite", "define", "VACUUM FULL, CLUSTER, REINDEX: rewrites under an exclusive lock, changes no data"),
  word("refresh", "update", "REFRESH MATERIALIZED VIEW"),
];

/** The session. */
const session: readonly DetailWord[] = [
  word(
    "set",
    "execute",
    "SET or RESET of a harmless setting, or of an extension's own; of a time limit to less than the policy's, or that it has none for",
  ),
  word("set_context", "execute", "SET or RESET of a setting that changes what names mean: search_path"),
  word(
    "set_pinned",
    "execute",
    "SET or RESET of a setting that Holdfast pins, or of one it does not know; DISCARD ALL and RESET ALL are `discard`",
  ),
  word("set_limited", "execute", "SET of a time limit to more than the policy's, as pg_dump does: it is put back to the policy's at once"),
  word("set_role", "execute", "SET ROLE, RESET ROLE"),
  word("set_session_authorization", "execute", "SET or RESET SESSION AUTHORIZATION"),
  word("set_read_only", "execute", "asks for a read only transaction or session: only ever narrows"),
  word("set_read_write", "execute", "SET TRANSACTION READ WRITE, BEGIN READ WRITE, SESSION CHARACTERISTICS READ WRITE"),
  word("set_transaction", "execute", "isolation level, deferrable, snapshot; SET CONSTRAINTS"),
  word("set_stored", "define", "ALTER ROLE or ALTER DATABASE ... SET a harmless setting for later sessions"),
  word("set_stored_pinned", "define", "ALTER ROLE or ALTER DATABASE ... SET or RESET a pinned setting for later sessions"),
  word(
    "discard",
    "execute",
    "DISCARD, RESET ALL, RESET SESSION AUTHORIZATION where the role is the login's: puts the session back to its start",
  ),
  word("show", "read", "SHOW of a setting"),
  word("transaction", "execute", "BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their kin"),
  word("two_phase", "execute", "PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED: outlives the session"),
  word("prepare", "execute", "PREPARE; the effects of the prepared statement stand beside it"),
  word("execute_prepared", "execute", "EXECUTE of a name: its effects are those of what was prepared under it"),
  word("deallocate", "execute", "DEALLOCATE"),
  word("cursor", "execute", "DECLARE, FETCH, MOVE, CLOSE; the effects of the cursor's query stand beside DECLARE"),
  word("listen", "execute", "LISTEN, UNLISTEN"),
  word("notify", "execute", "NOTIFY, pg_notify: other sessions see it after commit"),
  word("lock_table", "execute", "LOCK TABLE in a mode that SELECT and changes of rows do not take by themselves: holds others up"),
  word("advisory_lock", "execute", "advisory locks: only those who ask for the same one are held up"),
  word("sleep", "execute", "pg_sleep and its kin: takes time, changes nothing"),
  word("explain", "read", "EXPLAIN; with ANALYZE the statement's own effects stand beside it"),
  word("call", "execute", "calls a function or procedure of the user's that was understood: its effects stand beside it, cause `function`"),
];

const notKnown: readonly DetailWord[] = [
  word("unknown", "unknown", "not understood"),
  word("unknown_function", "unknown", "a function whose body cannot be judged, or that the catalogue does not know"),
  word("unknown_relation", "unknown", "a table or view that the catalogue does not know"),
  word("dynamic_sql", "unknown", "SQL that is put together at run time"),
];

export const detailWords: readonly DetailWord[] = [...rows, ...structure, ...rights, ...beyond, ...server, ...session, ...notKnown];
