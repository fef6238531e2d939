/**
 * What becomes of the settings a client asks for at start-up, as parameters or in `options` (PGOPTIONS): passed, pinned, capped or refused.
 * It does not apply them: what is passed is set by SQL once the server's session is pinned.
 *
 * A start-up setting is not judged by policy, so only those that change how results look or how a plan is chosen pass; every
 * other, unknown ones included, is refused with the advice to use SET, which policy judges.
 */
import { timeoutMs } from "../../../base/timeout-text.ts";
import type { SessionLimits } from "../../../model/session-limits.ts";
import type { StartupParameter } from "../codec/startup.ts";
import { splitOptions } from "./startup-options.ts";

export interface AcceptedSettings {
  readonly kind: "accepted";
  /** Lower-case name to value, in the order of arrival, the last of a name winning; timeouts capped, in milliseconds. */
  readonly settings: ReadonlyMap<string, string>;
}

export interface RefusedSettings {
  readonly kind: "refused";
  readonly sqlstate: string;
  readonly message: string;
  readonly hint?: string;
}

const PASSED: ReadonlySet<string> = new Set([
  "application_name",
  "datestyle",
  "timezone",
  "intervalstyle",
  "extra_float_digits",
  "bytea_output",
  "xmlbinary",
  "xmloption",
  "lc_messages",
  "lc_monetary",
  "lc_numeric",
  "lc_time",
  "client_min_messages",
  "search_path",
  "default_text_search_config",
  "default_transaction_isolation",
  "default_transaction_deferrable",
  "lock_timeout",
  "idle_session_timeout",
  "geqo",
  "geqo_threshold",
  "jit",
  "jit_above_cost",
  "jit_inline_above_cost",
  "jit_optimize_above_cost",
  "plan_cache_mode",
  "random_page_cost",
  "seq_page_cost",
  "cpu_tuple_cost",
  "cpu_index_tuple_cost",
  "cpu_operator_cost",
  "effective_cache_size",
  "from_collapse_limit",
  "join_collapse_limit",
  "work_mem",
  "max_parallel_workers_per_gather",
  "parallel_setup_cost",
  "parallel_tuple_cost",
  "constraint_exclusion",
  "cursor_tuple_fraction",
  "escape_string_warning",
  "array_nulls",
]);

/** Planner switches: `enable_seqscan` and its like. */
const PASSED_SHAPE = /^enable_[a-z_]+$/;

/** The client may ask for less than the policy's limit, never for more. */
const CAPPED: ReadonlyMap<string, (limits: SessionLimits) => number | null> = new Map([
  ["statement_timeout", (limits: SessionLimits) => limits.statementMsMax],
  ["transaction_timeout", (limits: SessionLimits) => limits.transactionMsMax],
  ["idle_in_transaction_session_timeout", (limits: SessionLimits) => limits.idleInTransactionMsMax],
]);

/** Structure of the start-up packet, not settings; the login reads them itself. */
const STRUCTURE: ReadonlySet<string> = new Set(["user", "database", "replication", "options"]);

const TRUE = new Set(["on", "true", "yes", "1", "t", "y", "tru", "tr", "ye"]);

/**
 * UTF8 in PostgreSQL's spellings (it ignores case and all but letters and digits). SQL_ASCII, no conversion, is what libpq asks for in
 * the C locale.
 */
const UTF8 = new Set(["utf8", "unicode", "sqlascii"]);

/** `options` comes before the other parameters, as in PostgreSQL, which lets a parameter win over it. */
export function judgeSettings(parameters: readonly StartupParameter[], limits: SessionLimits): AcceptedSettings | RefusedSettings {
  const asked: StartupParameter[] = [];
  const options = parameters.findLast(([name]) => name === "options")?.[1];
  if (options !== undefined) {
    const split = splitOptions(options);
    if (split === undefined) {
      return { kind: "refused", sqlstate: "42601", message: "start-up `options` may hold only `-c name=value` and `--name=value`" };
    }
    asked.push(...split);
  }
  asked.push(...parameters.filter(([name]) => !STRUCTURE.has(name) && !name.startsWith("_pq_.")));
  const settings = new Map<string, string>();
  for (const [name, value] of asked) {
    const setting = name.toLowerCase();
    const answer = judgeSetting(setting, value, limits);
    if (answer.kind === "refused") return answer;
    if (answer.kind === "drop") continue;
    // Taken out first, so that the order is that of the last arrival.
    settings.delete(setting);
    settings.set(setting, answer.value);
  }
  return { kind: "accepted", settings };
}

type SettingAnswer = { readonly kind: "set"; readonly value: string } | { readonly kind: "drop" } | RefusedSettings;

function judgeSetting(name: string, value: string, limits: SessionLimits): SettingAnswer {
  if (name === "client_encoding") {
    if (UTF8.has(value.toLowerCase().replaceAll(/[^a-z0-9]/g, ""))) return { kind: "drop" };
    return pinned(`client_encoding \`${value}\` is not let through: this session is UTF8`, "ask for client_encoding UTF8, or for none");
  }
  if (name === "standard_conforming_strings") {
    if (TRUE.has(value.toLowerCase())) return { kind: "drop" };
    return pinned("standard_conforming_strings is pinned to on", "write backslash escapes as E'...'");
  }
  const limitOf = CAPPED.get(name);
  if (limitOf !== undefined) return capped(name, value, limitOf(limits));
  if (name === "default_transaction_read_only") {
    if (TRUE.has(value.toLowerCase())) return { kind: "set", value: "on" };
    return pinned("default_transaction_read_only may be switched on at start-up, not off");
  }
  if (PASSED.has(name) || PASSED_SHAPE.test(name)) return { kind: "set", value };
  return {
    kind: "refused",
    sqlstate: "42501",
    message: `the start-up setting \`${name}\` is not let through`,
    hint: "leave it out; SET after connecting is judged by policy",
  };
}

function pinned(message: string, hint?: string): RefusedSettings {
  return { kind: "refused", sqlstate: "42501", message, ...(hint === undefined ? {} : { hint }) };
}

function capped(name: string, value: string, limitMs: number | null): SettingAnswer {
  const ms = timeoutMs(value);
  if (ms === undefined) return { kind: "refused", sqlstate: "22023", message: `invalid value for \`${name}\`: \`${value}\`` };
  // 0 means no limit to PostgreSQL.
  const wanted = ms === 0 ? limitMs : Math.min(ms, limitMs ?? ms);
  return { kind: "set", value: String(wanted ?? 0) };
}
