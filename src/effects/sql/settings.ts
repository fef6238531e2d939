/**
 * What changing a setting means: harmless, changes what names mean, or pinned by Holdfast. Data with one look-up.
 * It does not know which value a session has; a setting that is not here counts as pinned.
 */

export type SettingMeaning = "harmless" | "context" | "pinned";

/** Formats, planner choices and memory: they change answers' shape or speed, never what a statement does or who may. */
const HARMLESS = new Set(
  `application_name extra_float_digits datestyle intervalstyle timezone lc_messages lc_monetary lc_numeric
  lc_time client_min_messages bytea_output xmlbinary xmloption array_nulls work_mem hash_mem_multiplier maintenance_work_mem temp_buffers
  effective_cache_size random_page_cost seq_page_cost cpu_tuple_cost cpu_index_tuple_cost cpu_operator_cost parallel_setup_cost
  parallel_tuple_cost min_parallel_table_scan_size min_parallel_index_scan_size max_parallel_workers max_parallel_workers_per_gather
  max_parallel_maintenance_workers parallel_leader_participation debug_parallel_query force_parallel_mode effective_io_concurrency
  maintenance_io_concurrency io_combine_limit jit jit_above_cost jit_inline_above_cost jit_optimize_above_cost jit_expressions jit_tuple_deforming
  plan_cache_mode constraint_exclusion cursor_tuple_fraction default_statistics_target from_collapse_limit join_collapse_limit
  recursive_worktable_factor geqo geqo_threshold geqo_effort geqo_pool_size geqo_generations geqo_selection_bias geqo_seed
  debug_print_parse debug_print_rewritten debug_print_plan debug_pretty_print gin_fuzzy_search_limit gin_pending_list_limit
  default_text_search_config default_transaction_isolation default_transaction_deferrable transaction_isolation
  transaction_deferrable seed check_function_bodies default_toast_compression synchronize_seqscans quote_all_identifiers
  vacuum_cost_delay vacuum_cost_limit vacuum_cost_page_hit vacuum_cost_page_miss vacuum_cost_page_dirty vacuum_buffer_usage_limit
  restrict_nonsystem_relation_kind client_connection_check_interval tcp_keepalives_idle tcp_keepalives_interval tcp_keepalives_count tcp_user_timeout
  enable_async_append enable_bitmapscan enable_distinct_reordering enable_gathermerge enable_group_by_reordering enable_hashagg
  enable_hashjoin enable_incremental_sort enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin
  enable_nestloop enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate
  enable_partitionwise_join enable_presorted_aggregate enable_self_join_elimination enable_seqscan enable_sort enable_tidscan
  trace_notify trace_sort track_io_timing escape_string_warning exit_on_error lock_timeout commit_delay commit_siblings icu_validation_level
  plpgsql.variable_conflict plpgsql.extra_warnings plpgsql.extra_errors plpgsql.print_strict_params plpgsql.check_asserts`.split(/\s+/),
);

/** Extensions whose own settings reach beyond the session's answers: files, native code, hidden logging. */
const PINNED_PREFIXES: readonly string[] = [
  "auto_explain.",
  "pg_stat_statements.",
  "pgaudit.",
  "sepgsql.",
  "plperl.",
  "plpython.",
  "pltcl.",
  "basic_archive.",
  "supautils.",
];

/** Settings that decide what an unqualified name means. */
const CONTEXT = new Set(["search_path"]);

export function settingMeaning(name: string): SettingMeaning {
  const setting = name.toLowerCase();
  if (HARMLESS.has(setting)) return "harmless";
  if (CONTEXT.has(setting)) return "context";
  const custom = setting.includes(".") && PINNED_PREFIXES.every((prefix) => !setting.startsWith(prefix));
  return custom ? "harmless" : "pinned";
}

/** Values of pinned settings that ask for what is pinned anyway, or for less: drivers and dumps send them. */
export function asksForPinned(name: string, value: string): boolean {
  const wanted: Readonly<Record<string, readonly string[]>> = {
    client_encoding: ["utf8", "utf-8", "unicode"],
    standard_conforming_strings: ["on", "true", "yes", "1", "t", "y"],
    // Off, what a policy would narrow is an error; who is above policies is so under either.
    row_security: ["on", "true", "yes", "1", "t", "y", "off", "false", "no", "0", "f", "n"],
    backslash_quote: ["safe_encoding"],
    default_transaction_read_only: ["on", "true", "yes", "1", "t", "y"],
    transaction_read_only: ["on", "true", "yes", "1", "t", "y"],
    session_replication_role: ["origin"],
    // Every dump of a database sets these two to what they are anyway.
    default_tablespace: [""],
    default_table_access_method: ["heap"],
  };
  return (wanted[name.toLowerCase()] ?? []).includes(value.trim().toLowerCase());
}
