import assert from "node:assert/strict";
import { test } from "node:test";
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import { compileCondition, type Condition } from "./condition.ts";

const facts: Facts = {
  target: "shop",
  environment: "staging",
  database: "shop",
  principal: "agent",
  principalKind: "ai_agent",
  role: "app",
  approvals: false,
};
const effect: Effect = {
  operation: "delete",
  resource: { type: "table", name: "public.orders" },
  extent: { kind: "at_most", count: 12 },
  reversibility: "restorable",
  cause: "direct",
  detail: "delete",
};

function compiled(expression: string): Condition {
  const result = compileCondition(expression);
  assert(result.ok, JSON.stringify(result));
  return result.condition;
}

test("conditions see the effect and the facts", () => {
  const table: readonly [string, boolean][] = [
    ["effect.rows == 12", true],
    ["effect.rows < 12", false],
    ["effect.name.startsWith('public.')", true],
    ["effect.schema == 'public' && effect.type == 'table'", true],
    ["effect.extent in ['exact', 'at_most']", true],
    ["effect.classification == ''", true],
    ["facts.environment == 'staging' && facts.principal_kind == 'ai_agent'", true],
    ["facts.database != 'shop' || facts.role == 'postgres'", false],
  ];
  for (const [expression, expected] of table) assert.equal(compiled(expression)(effect, facts), expected, expression);
});

test("ages of backups and drills are whole days, of a table its own, and what is not known is older than any", () => {
  const recovery = { backupAgeDays: 0, drillAgeDays: 3, drilledDays: { "public.orders": 9 } };
  const known = { ...facts, recovery };
  assert.equal(compiled("facts.backup_age_days < 1 && facts.drill_age_days == 3 && effect.drill_age_days == 9")(effect, known), true);
  const other = { ...effect, resource: { type: "table", name: "public.items" } } as const;
  assert.equal(compiled("effect.drill_age_days > 100000")(other, known), true);
  assert.equal(compiled("facts.drill_age_days > 100000")(effect, { ...facts, recovery: { ...recovery, drillAgeDays: null } }), true);
  assert.equal(compiled("facts.backup_age_days <= 100000")(effect, facts), false);
});

test("a change is undoable where the analysis has found that it is kept, and nothing else is", () => {
  assert.equal(compiled("!effect.undoable")(effect, facts), true);
  assert.equal(compiled("effect.undoable")({ ...effect, undoable: true }, facts), true);
});

test("a number that is not known is larger than any limit", () => {
  for (const kind of ["unbounded", "unknown"] as const) {
    assert.equal(compiled("effect.rows <= 1000000")({ ...effect, extent: { kind } }, facts), false);
    assert.equal(compiled("effect.rows > 1000000")({ ...effect, extent: { kind } }, facts), true);
  }
});

test("what goes wrong while it runs is thrown, for the decision to deny", () => {
  assert.throws(() => compiled("1 / (effect.rows - 12) == 1")(effect, facts));
});

test("what does not compile has a place", () => {
  const table: readonly [string, number, RegExp][] = [
    ["effect.rws > 1", 7, /no such key: rws/],
    ["efect.rows > 1", 0, /unknown variable: efect/],
    ["effect.rows > 'a'", 0, /no such overload/],
    ["effect.(", 7, /expected IDENTIFIER/],
    ["effect.name", 0, /is of type string, not bool/],
    ["effect.rows", 0, /is of type int, not bool/],
    ["true && effect.name.matches('x')", 8, /`matches` is not available/],
    ["[effect.name].exists(n, n.matches('x'))", 24, /`matches` is not available/],
    ["", 0, /./],
    [`${"(".repeat(300)}true${")".repeat(300)}`, 0, /./],
  ];
  for (const [expression, offset, message] of table) {
    const result = compileCondition(expression);
    assert(!result.ok, expression);
    assert.match(result.message, message, expression);
    if (expression.length < 100) assert.equal(result.offset, offset, expression);
  }
});
