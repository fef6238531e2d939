import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compilePolicy } from "../../src/config/compile-policy.ts";
import { presetDocument } from "../../src/config/presets.ts";
import { detailWords } from "../../src/effects/details.ts";
import type { Cause, Effect, Extent, ResourceType, Reversibility } from "../../src/model/effect.ts";
import { decide } from "../../src/policy/decide.ts";
import { type Preset, presets } from "./gate.ts";
import { factsOf } from "../support/policy-parts.ts";

/**
 * The policy alone, in production: effects by hand, every word of the analysis in every combination of extent and cause.
 * What may pass is listed here a second time, independent of the presets' own text; everything else must not.
 */
const extents: readonly Extent[] = [{ kind: "exact", count: 1 }, { kind: "at_most", count: 5 }, { kind: "unbounded" }, { kind: "unknown" }];
const causes: readonly Cause[] = ["direct", "cascade", "trigger", "function", "rule", "view", "default"];
const reversibilities: readonly Reversibility[] = ["reversible", "restorable", "irreversible", "unknown"];
const types: readonly ResourceType[] = ["table", "role", "unknown"];

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));
const reading =
  "select copy_out large_object_read show explain transaction set_transaction set_read_only cursor prepare " +
  "execute_prepared deallocate set set_limited set_context discard listen call";
const mayPass: Readonly<Record<Preset, ReadonlySet<string>>> = {
  "read-only": words(reading),
  "guarded-writes": words(`${reading} set_read_write notify advisory_lock sleep
    insert copy_in sequence large_object_write refresh update delete set_null select_for_update
    create_schema create_table create_temporary create_view create_index create_sequence create_type create_statistics
    alter_add comment stored_call analyze vacuum`),
};

const facts = factsOf();

function* effects(): Generator<Effect> {
  for (const { word, operations } of detailWords)
    for (const operation of operations)
      for (const extent of extents)
        for (const cause of causes)
          for (const reversibility of reversibilities)
            for (const type of types)
              yield { operation, detail: word, extent, cause, reversibility, resource: { type, name: "public.orders" } };
}

for (const preset of presets) {
  const policy = compilePolicy(presetDocument(preset), { environment: "production" });
  const passes = (effect: Effect): boolean => decide([effect], facts, policy).kind === "allow";

  describe(`${preset} alone`, () => {
    test("only the words listed here ever pass", () => {
      const passing = new Set([...effects()].filter(passes).map(({ detail }) => detail));
      assert.deepEqual(
        [...passing].filter((word) => !mayPass[preset].has(word)),
        [],
      );
    });

    test("no update or delete that nothing restricts passes, whatever caused it", () => {
      const found = [...effects()]
        .filter(({ detail, extent }) => ["update", "delete", "truncate", "set_null"].includes(detail) && extent.kind === "unbounded")
        .filter(passes);
      assert.deepEqual(found, []);
    });

    test("nothing unknown passes, alone or beside reads", () => {
      const read: Effect = {
        operation: "read",
        detail: "select",
        extent: { kind: "exact", count: 1 },
        cause: "direct",
        reversibility: "reversible",
        resource: { type: "table", name: "public.orders" },
      };
      for (const effect of effects()) {
        if (effect.operation !== "unknown") continue;
        assert.notEqual(decide([read, effect, read], facts, policy).kind, "allow");
        assert.notEqual(decide([{ ...effect, detail: "select" }], facts, policy).kind, "allow");
      }
    });

    test("one effect that may not pass is enough, in any place", () => {
      const read: Effect = {
        operation: "read",
        detail: "select",
        extent: { kind: "unknown" },
        cause: "direct",
        reversibility: "reversible",
        resource: { type: "table", name: "public.orders" },
      };
      for (const effect of effects()) {
        if (passes(effect)) continue;
        for (const list of [
          [effect, read],
          [read, effect],
          [read, effect, read],
        ])
          assert.notEqual(decide(list, facts, policy).kind, "allow", effect.detail);
      }
    });

    test("a word that the analysis does not know is refused", () => {
      for (const operation of ["read", "create", "update", "delete", "define", "execute", "grant", "connect", "unknown"] as const) {
        const effect: Effect = {
          operation,
          detail: "something_new",
          extent: { kind: "exact", count: 1 },
          cause: "direct",
          reversibility: "reversible",
          resource: { type: "table", name: "public.orders" },
        };
        assert.notEqual(decide([effect], facts, policy).kind, "allow", operation);
      }
    });

    test("secrets are refused by name and by classification", () => {
      const read = (name: string, more: Partial<Effect> = {}): Effect => ({
        operation: "read",
        detail: "select",
        extent: { kind: "unknown" },
        cause: "direct",
        reversibility: "reversible",
        resource: { type: "table", name },
        ...more,
      });
      for (const name of [
        "pg_authid",
        "pg_shadow",
        "pg_user_mapping",
        "pg_user_mappings",
        "pg_subscription",
        "pg_hba_file_rules",
        "pg_stat_activity",
      ]) {
        for (const cause of causes) assert.notEqual(decide([read(`pg_catalog.${name}`, { cause })], facts, policy).kind, "allow", name);
      }
      assert.notEqual(decide([read("public.cards", { classification: "secret" })], facts, policy).kind, "allow");
      assert.equal(decide([read("public.cards")], facts, policy).kind, "allow");
    });
  });
}
