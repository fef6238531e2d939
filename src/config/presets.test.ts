import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Effect, Extent } from "../model/effect.ts";
import { unknownEffect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import { environments } from "../model/principal.ts";
import { detailWords } from "../effects/details.ts";
import { decide } from "../policy/decide.ts";
import { compilePolicy } from "./compile-policy.ts";
import { presetDocument, presetEntries, presetNames, type PresetName } from "./presets.ts";

/** The policy alone, without any analysis: effects by hand, one line each. Extent: a number, `*` unbounded, `?` unknown. */
function effectOf(line: string): Effect {
  const [what = "", name = "", extent = "?", cause = "direct"] = line.split(" ");
  const [operation, detail] = what.split("/");
  const [type, ...rest] = name.split(":");
  const extents: Readonly<Record<string, Extent>> = { "*": { kind: "unbounded" }, "?": { kind: "unknown" } };
  return {
    operation,
    detail,
    cause,
    resource: { type, name: rest.join(":") },
    extent: extents[extent] ?? { kind: "exact", count: Number(extent) },
    reversibility: "unknown",
  } as Effect;
}

const facts: Facts = {
  target: "shop",
  environment: "staging",
  database: "shop",
  principal: "agent",
  principalKind: "ai_agent",
  role: "app",
  approvals: true,
};

function answer(preset: PresetName, effects: readonly Effect[], environment: Facts["environment"] = "staging"): string {
  const decision = decide(effects, { ...facts, environment }, compilePolicy(presetDocument(preset), { environment }));
  return decision.kind === "allow" ? (decision.observed === undefined ? "allow" : `allow(${decision.observed})`) : decision.kind;
}

// effect | read-only | guarded-writes | migrations
const table = `
read/select table:public.orders *                        | allow | allow | allow
read/copy_out table:public.orders *                      | allow | allow | allow
read/show setting:search_path                            | allow | allow | allow
read/explain statement:statement                         | allow | allow | allow
read/select table:pg_catalog.pg_class ?                  | allow | allow | allow
read/select table:pg_catalog.pg_authid ?                 | deny  | deny  | deny
read/select view:pg_catalog.pg_stat_activity ?           | deny  | deny  | deny
read/select view:ext.pg_stat_statements ?                | deny  | deny  | deny
execute/transaction transaction:transaction              | allow | allow | allow
execute/set setting:application_name                     | allow | allow | allow
execute/set_context setting:search_path                  | allow | allow | allow
execute/set_pinned setting:statement_timeout             | deny  | deny  | deny
execute/set_role role:postgres                           | deny  | deny  | deny
execute/set_read_only session:session                    | allow | allow | allow
execute/set_read_write session:session                   | deny  | allow | allow
execute/discard session:session                          | allow | allow | allow
execute/deallocate statement:p                           | allow | allow | allow
execute/cursor statement:c                               | allow | allow | allow
execute/listen channel:news                              | allow | allow | allow
execute/notify channel:news                              | deny  | allow | allow
execute/advisory_lock lock:1                             | deny  | allow | allow
execute/lock_table table:public.orders                   | deny  | deny  | allow
execute/two_phase transaction:x                          | deny  | deny  | deny
execute/sleep function:pg_catalog.pg_sleep               | deny  | allow | allow
execute/call function:public.f                           | allow | allow | allow
create/insert table:public.orders 1                      | deny  | allow | allow
create/copy_in table:public.orders ?                     | deny  | allow | allow
update/sequence sequence:public.orders_id_seq 1          | deny  | allow | allow
update/update table:public.orders 1                      | deny  | allow | allow
update/update table:public.orders ?                      | deny  | allow | allow
update/update table:public.orders *                      | deny  | hold  | hold
update/update table:public.orders * trigger              | deny  | hold  | hold
update/select_for_update lock:public.orders *            | deny  | allow | allow
delete/delete table:public.orders 1                      | deny  | allow | allow
delete/delete table:public.orders ?                      | deny  | allow | allow
delete/delete table:public.orders *                      | deny  | hold  | hold
delete/delete table:public.items ? cascade               | deny  | hold  | hold
delete/delete table:public.items 3 cascade               | deny  | hold  | hold
delete/delete table:public.items ? function              | deny  | hold  | hold
update/set_null table:public.items ? cascade             | deny  | hold  | hold
delete/delete table:pg_temp.scratch *                    | deny  | allow | allow
delete/drop table:pg_temp.scratch                        | deny  | allow | allow
delete/truncate table:public.orders *                    | deny  | hold  | hold
delete/truncate table:public.items * cascade             | deny  | hold  | hold
delete/drop table:public.orders *                        | deny  | hold  | hold
delete/drop database:shop *                              | deny  | hold  | hold
delete/drop_owned role:app *                             | deny  | deny  | deny
delete/alter_drop_column table:public.orders *           | deny  | hold  | hold
define/alter_type table:public.orders *                  | deny  | hold  | hold
define/alter_detach_partition table:public.orders *      | deny  | hold  | hold
delete/large_object_unlink large_object:1 1              | deny  | hold  | hold
define/create_table table:public.t                       | deny  | allow | allow
define/create_temporary table:pg_temp.t                  | deny  | allow | allow
define/create_index index:public.t_idx                   | deny  | allow | allow
define/create_view view:public.v                         | deny  | allow | allow
define/alter_add table:public.orders                     | deny  | allow | allow
define/alter_rename table:public.orders                  | deny  | hold  | allow
define/replace_view view:public.v                        | deny  | hold  | allow
define/create_function function:public.f                 | deny  | hold  | allow
define/create_trigger trigger:public.orders.t            | deny  | hold  | allow
define/rewrite table:public.orders                       | deny  | hold  | allow
define/create_security_definer function:public.f         | deny  | deny  | hold
define/create_rule table:public.orders                   | deny  | deny  | hold
define/create_extension extension:dblink                 | deny  | deny  | hold
define/create_event_trigger trigger:t                    | deny  | deny  | deny
define/disable_trigger table:public.orders               | deny  | deny  | deny
execute/analyze table:public.orders                      | deny  | allow | allow
execute/vacuum table:public.orders                       | deny  | allow | allow
update/refresh view:public.m                             | deny  | allow | allow
grant/grant table:public.orders                          | deny  | deny  | hold
grant/grant role:pg_execute_server_program               | deny  | deny  | deny
grant/alter_role role:app                                | deny  | deny  | deny
grant/create_role role:x                                 | deny  | deny  | deny
grant/row_security_off table:public.orders               | deny  | deny  | deny
grant/create_policy table:public.orders                  | deny  | deny  | hold
grant/security_label table:public.orders                 | deny  | deny  | deny
execute/copy_program program:program                     | deny  | deny  | deny
read/file_read file:file                                 | deny  | deny  | deny
read/copy_file_read file:file                            | deny  | deny  | deny
update/file_write file:file                              | deny  | deny  | deny
connect/remote server:server                             | deny  | deny  | deny
connect/subscription subscription:s                      | deny  | deny  | deny
define/foreign_server server:s                           | deny  | deny  | deny
define/publication publication:p                         | deny  | deny  | deny
execute/replication server:server                        | deny  | deny  | deny
execute/load_library file:file                           | deny  | deny  | deny
define/alter_system setting:work_mem                     | deny  | deny  | deny
execute/server_admin server:server                       | deny  | deny  | deny
execute/terminate_backend session:session                | deny  | deny  | deny
delete/stats_reset server:server                         | deny  | deny  | deny
execute/checkpoint server:server                         | deny  | deny  | deny
define/set_stored role:app                               | deny  | deny  | deny
define/set_stored_pinned role:app                        | deny  | deny  | deny
update/update table:pg_catalog.pg_class 1                | deny  | deny  | deny
delete/delete table:pg_catalog.pg_proc 1                 | deny  | deny  | deny
unknown/unknown unknown:statement                        | deny  | deny  | deny
unknown/dynamic_sql unknown:statement                    | deny  | deny  | deny
unknown/unknown_function function:public.f               | deny  | deny  | deny
`;

describe("presets, effect by effect", () => {
  for (const line of table.trim().split("\n")) {
    const [effect = "", ...expected] = line.split("|").map((cell) => cell.trim());
    test(effect, () => {
      const columns: readonly PresetName[] = ["read-only", "guarded-writes", "migrations"];
      assert.deepEqual(
        columns.map((preset) => answer(preset, [effectOf(effect)])),
        expected,
      );
      const guarded = expected[1] ?? "";
      assert.equal(answer("observe", [effectOf(effect)]), guarded === "allow" ? "allow" : `allow(${guarded})`);
    });
  }
});

test("an effect beside another is judged too", () => {
  assert.equal(
    answer("guarded-writes", [effectOf("read/select table:public.orders *"), effectOf("delete/delete table:public.orders *")]),
    "hold",
  );
  assert.equal(answer("guarded-writes", [effectOf("delete/drop table:public.orders *"), unknownEffect("a test")]), "deny");
});

test("cascades pass in development, and only there", () => {
  const cascade = [effectOf("delete/delete table:public.customers 1"), effectOf("delete/delete table:public.orders ? cascade")];
  assert.deepEqual(
    environments.map((environment) => answer("guarded-writes", cascade, environment)),
    ["hold", "hold", "allow"],
  );
});

test("limits: never wider in a stricter environment, and none under observe", () => {
  for (const preset of presetNames) {
    const [production, staging, development] = environments.map((environment) => compilePolicy(presetDocument(preset), { environment }));
    assert(production !== undefined && staging !== undefined && development !== undefined);
    for (const [strict, wide] of [
      [production, staging],
      [staging, development],
    ] as const) {
      for (const o of wide.obligations) {
        const same = strict.obligations.find((x) => x.kind === o.kind);
        assert(same !== undefined && JSON.stringify(same).length <= JSON.stringify(o).length, `${preset} ${o.kind}`);
      }
    }
    assert.equal(production.obligations.length === 0, preset === "observe");
  }
});

test("every word that the analysis may give is answered or denied on purpose: no rule names another word", () => {
  const known = new Map(detailWords.map((w) => [w.word, w.operations]));
  for (const [preset, { rules }] of presetEntries()) {
    for (const rule of rules ?? []) {
      const words = [rule.match.detail ?? []].flat();
      const wanted = [rule.match.operation ?? []].flat();
      for (const word of words) {
        const operations = known.get(word);
        assert(operations !== undefined, `${preset}/${rule.id}: ${word}`);
        if (wanted.length > 0)
          assert(
            operations.some((o) => wanted.includes(o)),
            `${preset}/${rule.id}: ${word} never comes with ${wanted.join()}`,
          );
      }
    }
  }
});

test("the digest moves with what decides, and with nothing else", () => {
  const document = presetDocument("guarded-writes");
  const digest = (d = document, environment: Facts["environment"] = "staging") => compilePolicy(d, { environment }).digest;
  assert.equal(digest(), digest({ ...document, rules: [...document.rules].reverse() }));
  assert.equal(digest(), digest({ ...document, rules: document.rules.map((r) => ({ ...r, title: "other", why: "other" })) }));
  const others = [
    digest({ ...document, rules: document.rules.slice(1) }),
    digest({ ...document, mode: "observe" }),
    digest(document, "production"),
    digest({ ...document, limits: [...document.limits, { rows_changed: 1 }] }),
    digest({ ...document, rules: document.rules.map((r, i) => (i === 0 ? { ...r, when: "true" } : r)) }),
    digest({ ...document, rules: document.rules.map((r, i) => (i === 0 ? { ...r, match: { operation: "delete" } } : r)) }),
  ];
  assert.equal(new Set([digest(), ...others]).size, others.length + 1);
});

test("no refusal of a preset quotes its rule", () => {
  for (const line of table.trim().split("\n")) {
    const decision = decide(
      [effectOf(line.split("|")[0]?.trim() ?? "")],
      facts,
      compilePolicy(presetDocument("guarded-writes"), { environment: "staging" }),
    );
    if (decision.kind === "allow") continue;
    const said = `${decision.reason.message} ${decision.reason.next ?? ""}`.toLowerCase();
    for (const rule of presetDocument("guarded-writes").rules) {
      assert(!said.includes(rule.title.toLowerCase()) && !said.includes(rule.why.toLowerCase()), `${line}: ${rule.id}`);
      if (rule.id.includes("-")) assert(!said.includes(rule.id), `${line}: ${rule.id}`);
    }
  }
});
