import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GrantId } from "../base/ids.ts";
import { loadPolicyText } from "../config/load-config.ts";
import { compilePolicy } from "../config/compile-policy.ts";
import { presetEntries } from "../config/presets.ts";
import { resolvePolicy } from "../config/policy-document.ts";
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import { type GrantFact, grantsOf } from "../model/grant.ts";
import { decide } from "./decide.ts";
import type { Policy } from "./policy.ts";

const grant: GrantFact = {
  id: "g_one" as GrantId,
  tables: ["public.orders"],
  operations: ["delete", "insert"],
  sequences: ["public.orders_id_seq"],
};

const facts = (grants?: readonly GrantFact[]): Facts => ({
  target: "shop",
  environment: "production",
  database: "shop",
  principal: "run_claude_k3",
  principalKind: "ai_agent",
  role: "reader",
  approvals: false,
  ...(grants === undefined ? {} : { grants }),
});

function preset(name: string): Policy {
  const known = new Map(presetEntries());
  const entry = known.get(name);
  assert(entry !== undefined);
  return compilePolicy(resolvePolicy(name, entry, known).document, { environment: "production" });
}

const effect = (operation: Effect["operation"], detail: string, name = "public.orders", more: Partial<Effect> = {}): Effect => ({
  operation,
  detail,
  resource: { type: detail === "sequence" ? "sequence" : "table", name },
  extent: { kind: "unknown" },
  reversibility: "irreversible",
  cause: "direct",
  ...more,
});

describe("a grant under the strictest preset", () => {
  const policy = preset("read-only");
  for (const [what, of, kind] of [
    ["what it names", effect("delete", "delete"), "allow"],
    ["its other operation", effect("create", "insert"), "allow"],
    ["a sequence that inserting moves", effect("update", "sequence", "public.orders_id_seq"), "allow"],
    ["an operation that it does not name", effect("update", "update"), "deny"],
    ["another table", effect("delete", "delete", "public.order_items"), "deny"],
    ["a cascade into another table", effect("delete", "delete", "public.order_items", { cause: "cascade" }), "deny"],
    ["a table whose name only begins so", effect("delete", "delete", "public.orders_old"), "deny"],
    ["another sequence", effect("update", "sequence", "public.other_seq"), "deny"],
    ["TRUNCATE of its table", effect("delete", "truncate"), "deny"],
    ["DROP of its table", effect("delete", "drop"), "deny"],
    ["a definition of its table", effect("define", "alter_column"), "deny"],
    ["what was not understood", effect("unknown", "unknown"), "deny"],
    ["a view of that name", effect("delete", "delete", "public.orders", { resource: { type: "view", name: "public.orders" } }), "deny"],
  ] as const) {
    test(`${kind === "allow" ? "lets through" : "does not let through"} ${what}`, () => {
      assert.equal(decide([of], facts([grant]), policy).kind, kind);
      assert.equal(decide([of], facts(), policy).kind, "deny", "nothing of it passes without the grant");
    });
  }

  test("covers a statement only when it covers each of its effects", () => {
    const both = [effect("delete", "delete"), effect("delete", "delete", "public.order_items", { cause: "cascade" })];
    assert.equal(decide(both, facts([grant]), policy).kind, "deny");
    const wider = { ...grant, tables: [...grant.tables, "public.order_items"] };
    assert.equal(decide(both, facts([wider]), policy).kind, "allow");
  });

  test("is named in the decision, and its own bound on rows takes the place of the policy's", () => {
    const decision = decide([effect("delete", "delete")], facts([grant]), policy);
    assert(decision.kind === "allow");
    assert.deepEqual(grantsOf(decision.rules), ["g_one"]);
    const perTable = [
      { kind: "rows_changed_per_table_max", rows: 1 },
      { kind: "rows_changed_share_max", percent: 1 },
    ] as const;
    const limited = decide([effect("delete", "delete")], facts([grant]), { ...policy, obligations: [...policy.obligations, ...perTable] });
    assert(limited.kind === "allow");
    assert.deepEqual(limited.obligations, decision.obligations);
    assert(!decision.obligations.some(({ kind }) => kind.startsWith("rows_changed")), JSON.stringify(decision.obligations));
    assert(decision.obligations.some(({ kind }) => kind === "rows_returned_max"));
    const read = decide([effect("read", "select")], facts([grant]), policy);
    assert(read.kind === "allow" && read.obligations.some((one) => one.kind === "rows_changed_max" && one.rows === 0));
  });
});

describe("a grant beside other answers", () => {
  test("answers what a person would have been asked", () => {
    const policy = preset("guarded-writes");
    const unbounded = effect("delete", "delete", "public.orders", { extent: { kind: "unbounded" } });
    assert.equal(decide([unbounded], facts(), policy).kind, "hold");
    assert.equal(decide([unbounded], facts([grant]), policy).kind, "allow");
  });

  test("forbid_beats_grant: what somebody forbade about this table, and a rule that fails, stand", () => {
    const own = (rule: string): Policy => {
      const loaded = loadPolicyText(
        `version: 1\nname: own\ntitle: Own\nextends: guarded-writes\nrules:\n  - id: mine\n    title: Mine\n    why: Mine.\n${rule}\n    examples: { matches: [DELETE FROM public.orders WHERE id = 1], misses: [SELECT 1] }\n`,
      );
      assert("document" in loaded, JSON.stringify(loaded));
      return compilePolicy(loaded.document, { environment: "production" });
    };
    const ledger = own("    answer: forbid\n    match: { operation: delete, resource_name: public.orders }");
    assert.equal(decide([effect("delete", "delete")], facts([grant]), ledger).kind, "deny");
    const fails = (): boolean => {
      throw new Error("no such field");
    };
    const failing = {
      ...ledger,
      rules: ledger.rules.map((rule) => (rule.id === "mine" ? { ...rule, answer: "permit", when: fails } : rule)),
    } as Policy;
    assert.equal(decide([effect("delete", "delete")], facts([grant]), failing).kind, "deny");
  });
});
