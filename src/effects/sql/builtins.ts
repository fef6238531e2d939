/**
 * What the server's own functions, and those of well-known extensions, do beyond computing a value: data, not code.
 * It does not list stable or immutable functions that only compute; a volatile one that is not here is `unknown`.
 */
import type { Operation, ResourceType, Reversibility, Classification } from "../../model/effect.ts";

/** How a listed function is judged. */
export type BuiltinMeaning =
  | { readonly kind: "harmless" }
  | { readonly kind: "effect"; readonly effect: BuiltinEffect }
  /** `set_config(name, value, is_local)`: judged like SET. */
  | { readonly kind: "setting" }
  /** nextval moves a sequence on, setval puts it anywhere: the first argument names it. */
  | { readonly kind: "sequence" }
  /** Runs the SQL texts in these arguments, where they are given; unknown unless they are literals. */
  | { readonly kind: "sql_text"; readonly arguments: readonly number[] }
  /** Reads the relation that argument 0 names; unknown unless that is a literal. */
  | { readonly kind: "reads_relation" }
  /** Makes a value of the type that argument 1 names: a domain's checks run; unknown unless that is a literal. */
  | { readonly kind: "names_type" }
  /** Makes rows of the type of argument 0, by the input functions of its columns. */
  | { readonly kind: "makes_record" }
  /** Reads every table of a schema or of the database, or makes values of a type that an OID names. */
  | { readonly kind: "unknowable" };

export interface BuiltinEffect {
  readonly operation: Operation;
  readonly type: ResourceType;
  readonly name: string;
  readonly detail: string;
  readonly reversibility: Reversibility;
  readonly classification?: Classification;
}

const effect = (
  operation: Operation,
  type: ResourceType,
  name: string,
  detail: string,
  reversibility: Reversibility,
  classification?: Classification,
): BuiltinMeaning => ({
  kind: "effect",
  effect: { operation, type, name, detail, reversibility, ...(classification === undefined ? {} : { classification }) },
});

const HARMLESS: BuiltinMeaning = { kind: "harmless" };

/** Each group: what its functions mean, and their names. */
const GROUPS: readonly (readonly [BuiltinMeaning, string])[] = [
  // Chance, time, sizes, positions, statistics: they answer differently each time and change nothing.
  [
    HARMLESS,
    `array_sample array_shuffle clock_timestamp current_query currval lastval gen_random_uuid uuidv4 uuidv7 random random_normal
    setseed timeofday statement_timestamp txid_status pg_xact_status pg_xact_commit_timestamp pg_xact_commit_timestamp_origin
    pg_last_committed_xact pg_blocking_pids pg_safe_snapshot_blocking_pids pg_isolation_test_session_is_blocked
    pg_collation_actual_version pg_database_collation_actual_version pg_control_checkpoint pg_control_init pg_control_recovery
    pg_control_system pg_current_logfile pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn pg_database_size
    pg_get_aios pg_get_loaded_modules pg_get_multixact_members pg_get_shmem_allocations
    pg_get_shmem_allocations_numa pg_get_wait_events pg_get_wal_replay_pause_state pg_get_wal_resource_managers
    pg_get_wal_summarizer_state pg_get_backend_memory_contexts pg_available_wal_summaries pg_wal_summary_contents pg_indexes_size
    pg_is_in_recovery pg_is_wal_replay_paused pg_jit_available pg_last_wal_receive_lsn pg_last_wal_replay_lsn
    pg_last_xact_replay_timestamp pg_lock_status pg_notification_queue_usage pg_partition_ancestors pg_partition_tree pg_prepared_xact
    pg_relation_size pg_table_size pg_tablespace_size pg_total_relation_size pg_replication_origin_progress
    pg_replication_origin_session_is_setup pg_replication_origin_session_progress
    pg_show_replication_origin_status pg_stat_clear_snapshot pg_stat_force_next_flush pg_stat_get_backend_io pg_stat_get_backend_wal
    pg_stat_get_io pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit
    pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time
    pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated
    pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned
    pg_stat_get_xact_tuples_updated pg_stat_have_stats currtid2 cursor_to_xmlschema`,
  ],
  // Support functions: the server calls them itself, and refuses them in a statement.
  [
    HARMLESS,
    `amvalidate bernoulli system brinhandler bthandler ginhandler gisthandler hashhandler spghandler heap_tableam_handler
    dsnowball_init dsnowball_lexize plpgsql_call_handler plpgsql_inline_handler plpgsql_validator unique_key_recheck
    suppress_redundant_updates_trigger tsvector_update_trigger tsvector_update_trigger_column pg_extension_config_dump
    RI_FKey_cascade_del RI_FKey_cascade_upd RI_FKey_check_ins RI_FKey_check_upd RI_FKey_noaction_del RI_FKey_noaction_upd
    RI_FKey_restrict_del RI_FKey_restrict_upd RI_FKey_setdefault_del RI_FKey_setdefault_upd RI_FKey_setnull_del RI_FKey_setnull_upd`,
  ],
  // Extensions: pgcrypto, uuid-ossp, spi, pg_freespacemap, pg_visibility, pgstattuple, pg_prewarm, amcheck, tsm_*.
  [
    HARMLESS,
    `gen_random_bytes gen_salt uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 moddatetime autoinc insert_username
    pg_freespace pg_visibility pg_visibility_map pgstattuple pgstatindex pgstattuple_approx pg_prewarm system_rows system_time postgres_fdw_get_connections pg_stat_statements_info pg_buffercache_pages
    pg_buffercache_summary show_limit normal_rand`,
  ],
  [{ kind: "sequence" }, "nextval setval"],
  [{ kind: "setting" }, "set_config"],
  [effect("execute", "session", "sleep", "sleep", "reversible"), "pg_sleep pg_sleep_for pg_sleep_until"],
  [
    effect("execute", "lock", "advisory", "advisory_lock", "reversible"),
    `pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock
    pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
    pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared`,
  ],
  [effect("execute", "channel", "pg_notify", "notify", "irreversible"), "pg_notify"],
  [effect("execute", "session", "backend", "terminate_backend", "irreversible"), "pg_terminate_backend pg_cancel_backend"],
  [
    effect("read", "file", "server files", "file_read", "reversible", "secret"),
    `pg_read_file pg_read_binary_file pg_read_file_old
    pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir pg_ls_archive_statusdir pg_ls_logicalmapdir pg_ls_logicalsnapdir
    pg_ls_replslotdir pg_ls_summariesdir pg_stat_file pg_logdir_ls get_raw_page pg_read_server_files`,
  ],
  [
    effect("update", "file", "server files", "file_write", "irreversible"),
    `lo_export pg_file_write pg_file_rename pg_file_unlink
    pg_file_sync`,
  ],
  [effect("read", "file", "server files", "file_read", "irreversible", "secret"), "lo_import"],
  [
    effect("read", "large_object", "large object", "large_object_read", "reversible"),
    `lo_get loread lo_lseek lo_lseek64 lo_tell
    lo_tell64 lo_close lo_open`,
  ],
  [effect("update", "large_object", "large object", "large_object_write", "restorable"), "lo_put lowrite"],
  [effect("create", "large_object", "large object", "large_object_write", "restorable"), "lo_creat lo_create lo_from_bytea"],
  [
    effect("delete", "large_object", "large object", "large_object_unlink", "irreversible"),
    "lo_unlink lo_truncate lo_truncate64 lo_manage",
  ],
  [
    effect("read", "catalogue", "pg_catalog.pg_hba_file_rules", "select", "reversible", "secret"),
    `pg_hba_file_rules
    pg_ident_file_mappings pg_show_all_file_settings`,
  ],
  [
    effect("read", "catalogue", "pg_catalog.pg_stat_activity", "select", "reversible", "sensitive"),
    `pg_stat_get_activity
    pg_stat_get_backend_activity pg_stat_get_wal_senders pg_stat_statements`,
  ],
  // A sequence's number, as far as its reader may know it.
  [effect("read", "catalogue", "pg_catalog.pg_sequences", "select", "reversible"), "pg_sequence_last_value pg_get_sequence_data"],
  [
    effect("delete", "catalogue", "statistics", "stats_reset", "irreversible"),
    `pg_stat_reset pg_stat_reset_backend_stats
    pg_stat_reset_replication_slot pg_stat_reset_shared pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters
    pg_stat_reset_slru pg_stat_reset_subscription_stats pg_stat_statements_reset pg_clear_attribute_stats pg_clear_relation_stats
    pg_restore_attribute_stats pg_restore_relation_stats`,
  ],
  [
    effect("execute", "server", "server", "server_admin", "irreversible"),
    `pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old
    pg_promote pg_backup_start pg_backup_stop pg_wal_replay_pause pg_wal_replay_resume pg_log_backend_memory_contexts
    pg_log_standby_snapshot pg_import_system_collations pg_nextoid pg_stop_making_pinned_objects pg_start_backup pg_stop_backup
    binary_upgrade_add_sub_rel_state binary_upgrade_create_empty_extension binary_upgrade_logical_slot_has_caught_up
    binary_upgrade_replorigin_advance binary_upgrade_set_missing_value binary_upgrade_set_next_array_pg_type_oid
    binary_upgrade_set_next_heap_pg_class_oid binary_upgrade_set_next_heap_relfilenode binary_upgrade_set_next_index_pg_class_oid
    binary_upgrade_set_next_index_relfilenode binary_upgrade_set_next_multirange_array_pg_type_oid
    binary_upgrade_set_next_multirange_pg_type_oid binary_upgrade_set_next_pg_authid_oid binary_upgrade_set_next_pg_enum_oid
    binary_upgrade_set_next_pg_tablespace_oid binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid
    binary_upgrade_set_next_toast_relfilenode binary_upgrade_set_record_init_privs`,
  ],
  [
    effect("execute", "server", "replication", "replication", "irreversible"),
    `pg_create_logical_replication_slot
    pg_create_physical_replication_slot pg_copy_logical_replication_slot pg_copy_physical_replication_slot
    pg_drop_replication_slot pg_replication_slot_advance pg_logical_slot_get_changes pg_logical_slot_get_binary_changes
    pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes pg_logical_emit_message pg_switch_wal pg_create_restore_point
    pg_replication_origin_advance pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_session_reset
    pg_replication_origin_session_setup pg_replication_origin_xact_reset pg_replication_origin_xact_setup pg_sync_replication_slots`,
  ],
  [effect("execute", "transaction", "snapshot", "set_transaction", "reversible"), "pg_export_snapshot"],
  [
    effect("execute", "index", "index", "vacuum", "reversible"),
    `brin_desummarize_range brin_summarize_new_values brin_summarize_range
    gin_clean_pending_list`,
  ],
  [effect("execute", "session", "session", "set", "reversible"), "set_limit postgres_fdw_disconnect postgres_fdw_disconnect_all"],
  [
    effect("connect", "server", "dblink", "remote", "irreversible"),
    `dblink dblink_exec dblink_connect dblink_connect_u dblink_open
    dblink_fetch dblink_close dblink_send_query dblink_get_result dblink_disconnect dblink_cancel_query dblink_is_busy
    dblink_get_notify dblink_build_sql_insert dblink_build_sql_delete dblink_build_sql_update`,
  ],
  [
    { kind: "sql_text", arguments: [0] },
    "query_to_xml query_to_xml_and_xmlschema query_to_xmlschema ts_stat crosstab2 crosstab3 crosstab4",
  ],
  [{ kind: "sql_text", arguments: [0, 1] }, "crosstab crosstab_hash"],
  [{ kind: "sql_text", arguments: [1] }, "ts_rewrite"],
  [{ kind: "reads_relation" }, "table_to_xml table_to_xml_and_xmlschema"],
  [{ kind: "names_type" }, "pg_input_is_valid pg_input_error_info"],
  [
    { kind: "makes_record" },
    `json_populate_record json_populate_recordset jsonb_populate_record jsonb_populate_record_valid jsonb_populate_recordset
    populate_record`,
  ],
  // The last lines: input functions, which take the type by its OID; checks of an index compute its expressions again.
  [
    { kind: "unknowable" },
    `cursor_to_xml schema_to_xml schema_to_xml_and_xmlschema database_to_xml database_to_xml_and_xmlschema
    xpath_table connectby query_to_rows
    domain_in domain_recv record_in record_recv array_in array_recv range_in range_recv multirange_in multirange_recv
    bt_index_check bt_index_parent_check`,
  ],
];

function byName(): ReadonlyMap<string, BuiltinMeaning> {
  const meanings = new Map<string, BuiltinMeaning>();
  for (const [meaning, names] of GROUPS) for (const name of names.split(/\s+/)) meanings.set(name, meaning);
  return meanings;
}

/** Meaning by function name, for functions of pg_catalog and native functions of extensions. */
export const builtinMeanings: ReadonlyMap<string, BuiltinMeaning> = byName();

/** System relations whose contents are secret or sensitive to the session; every other one is plain. */
export const catalogueClassification: Readonly<Record<string, Classification>> = {
  "pg_catalog.pg_authid": "secret",
  "pg_catalog.pg_shadow": "secret",
  "pg_catalog.pg_user_mapping": "secret",
  "pg_catalog.pg_user_mappings": "secret",
  "information_schema.user_mapping_options": "secret",
  "information_schema._pg_user_mappings": "secret",
  "pg_catalog.pg_foreign_server": "sensitive",
  "pg_catalog.pg_hba_file_rules": "secret",
  "pg_catalog.pg_ident_file_mappings": "secret",
  "pg_catalog.pg_file_settings": "secret",
  "pg_catalog.pg_subscription": "secret",
  "pg_catalog.pg_largeobject": "secret",
  "pg_catalog.pg_statistic": "sensitive",
  "pg_catalog.pg_statistic_ext_data": "sensitive",
  "pg_catalog.pg_stats": "sensitive",
  "pg_catalog.pg_stats_ext": "sensitive",
  "pg_catalog.pg_stats_ext_exprs": "sensitive",
  "pg_catalog.pg_stat_activity": "sensitive",
  "pg_catalog.pg_stat_replication": "sensitive",
  "pg_catalog.pg_stat_wal_receiver": "sensitive",
};
