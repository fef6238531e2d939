/**
 * Whether a query gives the same answer on any server that holds the same rows: only then may a read replica answer it.
 * It is no judgement of what the query would do; that stands in its effects, which it only narrows down.
 */
import { isBuiltIn, type FunctionInfo, type Relation } from "../../catalogue/types.ts";
import type { Catalogue } from "../../catalogue/catalogue.ts";
import type { Effect } from "../../model/effect.ts";
import type { Place } from "./engine.ts";
import { isBuiltin } from "./knowledge.ts";
import { parseSql } from "./parse.ts";
import { list, nameParts, qualified, rangeVarName, type Fields } from "./tree.ts";

/**
 * Stable functions of the server that depend on nothing but their arguments, the rows, the settings that are replayed and the clock.
 * Every other stable one may tell of the server or the session (`pg_backend_pid`, `txid_current`, `current_setting`) and stays out.
 */
const STABLE_ANYWHERE: ReadonlySet<string> = new Set(
  `age array_to_json array_to_string concat concat_ws convert convert_from convert_to current_user date date_add date_part
  date_subtract date_trunc enum_first enum_last enum_range extract format generate_series in_range json_agg json_agg_strict
  json_build_array json_build_object json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
  json_populate_record json_populate_recordset json_to_record json_to_recordset json_to_tsvector jsonb_agg jsonb_agg_strict
  jsonb_build_array jsonb_build_object jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique
  jsonb_object_agg_unique_strict jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_array_tz jsonb_path_query_first_tz
  jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset jsonb_to_record jsonb_to_recordset jsonb_to_tsvector length
  make_timestamptz money now numeric phraseto_tsquery plainto_tsquery quote_literal quote_nullable row_to_json session_user
  statement_timestamp time timestamp timestamptz timetz timezone to_char to_date to_json to_jsonb to_number to_timestamp to_tsquery
  to_tsvector transaction_timestamp ts_headline websearch_to_tsquery xml`.split(/\s+/),
);

/** Nodes that make a SELECT more than a look at rows. */
const MORE: ReadonlySet<string> = new Set(["lockingClause", "intoClause", "RangeTableSample", "CurrentOfExpr"]);

/** What was found of views and row policies of one catalogue, by OID of the relation and search path. */
const known = new WeakMap<Catalogue, Map<string, boolean>>();

/** `statement` is the whole node, `effects` all that was found of it. */
export function isReplicable(statement: unknown, effects: readonly Effect[], at: Place): boolean {
  if ((statement as Fields | null)?.["SelectStmt"] === undefined || effects.length === 0) return false;
  return effects.every(readsRows) && sameAnywhere(statement, at);
}

function readsRows({ operation, detail, resource }: Effect): boolean {
  return operation === "read" && detail === "select" && (resource.type === "table" || resource.type === "view");
}

function sameAnywhere(node: unknown, at: Place): boolean {
  if (Array.isArray(node)) return node.every((item) => sameAnywhere(item, at));
  if (node === null || typeof node !== "object") return true;
  for (const key in node) {
    const value = (node as Fields)[key];
    // Names, figures and places in the text: most of a tree.
    if (typeof value !== "object") continue;
    if (MORE.has(key)) return false;
    if (key === "FuncCall" && !callsAnywhere(value as Fields, at)) return false;
    if (key === "RangeVar" && !standsAnywhere(value as Fields, at)) return false;
    if (!sameAnywhere(value, at)) return false;
  }
  return true;
}

function callsAnywhere(call: Fields, at: Place): boolean {
  const parts = nameParts(list(call, "funcname"));
  if (parts === undefined) return false;
  const { schema, name } = qualified(parts);
  const ordered = call["agg_within_group"] === true ? list(call, "agg_order").length : 0;
  const candidates = at.catalogue.functions(schema, name, list(call, "args").length + ordered, at.names, true);
  return candidates.length > 0 && candidates.every(computes);
}

function computes(fn: FunctionInfo): boolean {
  if (isBuiltin(fn)) return fn.volatility === "immutable" || (fn.volatility === "stable" && STABLE_ANYWHERE.has(fn.name));
  return fn.language === "c" && fn.volatility === "immutable" && fn.kind !== "aggregate";
}

function standsAnywhere(rangeVar: Fields, at: Place): boolean {
  const { schema, name } = rangeVarName(rangeVar);
  const relation = at.catalogue.relation(schema, name, at.names);
  // A name that WITH binds; one that is not known at all shows in the effects.
  if (relation === undefined) return true;
  if (relation === "temporary" || isBuiltIn(relation.oid) || relation.kind === "sequence") return false;
  if (relation.kind !== "view" && relation.policies.length === 0) return true;
  return definedAnywhere(relation, at);
}

function definedAnywhere(relation: Relation, at: Place): boolean {
  const memo = known.get(at.catalogue) ?? new Map<string, boolean>();
  known.set(at.catalogue, memo);
  const key = `${relation.oid}|${at.names.searchPath.join(",")}`;
  const found = memo.get(key);
  if (found !== undefined) return found;
  // Ends cycles; no view that can be queried has one.
  memo.set(key, false);
  const searchPath = ["pg_catalog", ...at.names.searchPath.filter((schema) => schema !== "pg_catalog")];
  const inside: Place = { ...at, names: { searchPath, temporary: [] } };
  const texts = relation.policies.flatMap(({ using }) => (using === null ? [] : [`SELECT ${using}`]));
  if (relation.kind === "view") texts.push(relation.definition ?? "");
  const answer = texts.every((text) => {
    const parsed = parseSql(text);
    return parsed !== undefined && parsed.length === 1 && sameAnywhere(parsed, inside);
  });
  memo.set(key, answer);
  return answer;
}
