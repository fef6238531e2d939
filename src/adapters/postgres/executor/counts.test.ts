import { describe, test } from "node:test";
import assert from "node:assert/strict";
import type { StatementSummary } from "../../../model/decision.ts";
import type { Cause, Effect } from "../../../model/effect.ts";
import type { TableCount } from "../../../model/outcome.ts";
import { plainName, splitCounts } from "./counts.ts";

const effect = (name: string, detail: string, cause: Cause = "direct"): Effect => ({
  operation: "delete",
  resource: { type: "table", name },
  extent: { kind: "unknown" },
  reversibility: "restorable",
  cause,
  detail,
});

const statement = (...effects: Effect[]): StatementSummary => ({
  tag: "DELETE",
  effects,
  readOnly: false,
  transaction: "none",
  changesContext: false,
  definesObjects: false,
  immediate: false,
  span: { start: 0, end: 1 },
});

const count = (table: string, more: Partial<TableCount>): TableCount => ({
  table,
  inserted: 0,
  updated: 0,
  deleted: 0,
  truncated: 0,
  ...more,
});

describe("the server's counts split by what the act names", () => {
  /** `table: direct / following`. */
  const check = (tables: TableCount[], statements: StatementSummary[], parts: (number | null)[], expected: string[]) => {
    const split = splitCounts(tables, statements, parts);
    assert.deepEqual(
      split.map(
        ({ table, direct: d, following: f }) =>
          `${table}: ${d.inserted} ${d.updated} ${d.deleted} / ${f.inserted} ${f.updated} ${f.deleted}`,
      ),
      expected,
    );
    for (const [i, { table, direct, following }] of split.entries()) {
      const whole = tables.find((each) => each.table === table);
      assert.equal(direct.deleted + following.deleted, whole?.deleted, `${i}`);
    }
  };

  test("what is named alone is named, what is reached alone follows", () =>
    check(
      [count("public.items", { deleted: 6 }), count("public.orders", { deleted: 2 })],
      [statement(effect("public.orders", "delete"), effect("public.items", "delete", "cascade"))],
      [2],
      ["public.orders: 0 0 2 / 0 0 0", "public.items: 0 0 0 / 0 0 6"],
    ));

  test("named and reached in one statement: the tag tells them apart", () =>
    check(
      [count("public.tree", { deleted: 9 })],
      [statement(effect("public.tree", "delete"), effect("public.tree", "delete", "cascade"))],
      [2],
      ["public.tree: 0 0 2 / 0 0 7"],
    ));

  test("named in one statement and reached from another", () =>
    check(
      [count("public.items", { deleted: 5 }), count("public.orders", { deleted: 1 })],
      [
        statement(effect("public.items", "delete")),
        statement(effect("public.orders", "delete"), effect("public.items", "delete", "cascade")),
      ],
      [2, 1],
      ["public.items: 0 0 2 / 0 0 3", "public.orders: 0 0 1 / 0 0 0"],
    ));

  test("a tag that counts more than one table tells nothing, and what is named is taken for named", () =>
    check(
      [count("public.items", { deleted: 5 }), count("public.orders", { deleted: 1 })],
      [statement(effect("public.items", "delete"), effect("public.orders", "delete"), effect("public.items", "delete", "cascade"))],
      [1],
      ["public.items: 0 0 5 / 0 0 0", "public.orders: 0 0 1 / 0 0 0"],
    ));

  test("a table that no effect speaks of follows", () =>
    check([count("public.log", { inserted: 3 })], [statement(effect("public.orders", "update"))], [3], ["public.log: 0 0 0 / 3 0 0"]));

  test("through a view, and under a name that is quoted", () =>
    check(
      [count('public."Odd ""name"""', { updated: 2 })],
      [
        statement(
          { ...effect("public.shown", "update"), resource: { type: "view", name: "public.shown" } },
          effect('public.Odd "name"', "update", "view"),
        ),
      ],
      [2],
      ['public."Odd ""name""": 0 2 0 / 0 0 0'],
    ));
});

test("a name without its quotes", () => {
  assert.equal(plainName('"A b"."C.""d"'), 'A b.C."d');
  assert.equal(plainName("public.orders"), "public.orders");
});
