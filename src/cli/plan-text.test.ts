import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { heldAct, measured, measurement } from "../../test/plans/held.ts";
import { makePlan } from "../approvals/make-plan.ts";
import { NotMeasurable } from "../pipeline/approvals-port.ts";
import { width } from "./output.ts";
import { planText } from "./plan-text.ts";

const times = { nowMs: 1_700_000_000_000, lifeMs: 900_000, random: (size: number) => new Uint8Array(size).fill(3) };
const plan = makePlan(heldAct(), measured(), { ...times, actsFor: "ada", purpose: "clear old orders" });

describe("a plan as people read it", () => {
  test("tells rows and shares, what follows apart from what is direct, and never rounds to all", () => {
    const text = planText(plan, 100);
    assert.match(text, /where: PRODUCTION: target shop, database shop/);
    assert.match(text, /public\.orders +0 +0 +41,203 +41,210 +99\.98 % +7\.8 MB/);
    assert.match(text, /through foreign keys, triggers and functions\n.*\n +public\.items +0 +0 +90 +not counted/);
    assert.match(text, /dropped view public\.late_orders, with public\.orders/);
    assert.match(text, /- id='1' {2}email=\*\*\*/);
    assert.match(text, /RowExclusiveLock on public\.orders for 12 ms/);
    assert.match(text, /sequence public\.orders_id_seq stays advanced/);
    assert.match(text, /no verified backup is known to Holdfast/);
    assert.match(text, /asked by: agent for ada/);
  });

  test("says ALL only of all", () => {
    const all = (deleted: number) => {
      const [, orders] = measurement().tables;
      assert.ok(orders);
      const table = { ...orders, direct: { inserted: 0, updated: 0, deleted }, rowsBefore: 1_000_000 };
      return planText({ ...plan, measured: { ...measurement(), tables: [table] } }, 100);
    };
    assert.match(all(1_000_000), /1,000,000 +ALL/);
    assert.match(all(999_999), /99\.99 %/);
    assert.match(all(1), /< 0\.01 %/);
  });

  test("says that nothing was measured, and why", () => {
    const without = makePlan(heldAct(), new NotMeasurable("it cannot run in a transaction", "1:1"), times);
    const text = planText(without, 100);
    assert.match(text, /what it would change\n {2}not measured\n/);
    assert.match(text, /- it cannot run in a transaction/);
  });

  test("shows an update as the change of each value", () => {
    const [items] = measurement().tables;
    assert.ok(items);
    const samples = [{ before: { id: "1", total: "5", note: null }, after: { id: "1", total: "6", note: "NULL" } }];
    const text = planText({ ...plan, measured: { ...measurement(), tables: [{ ...items, samples }] } }, 100);
    assert.match(text, /~ id='1' {2}total: '5' -> '6' {2}note: NULL -> 'NULL'/);
  });

  test("keeps to its columns and hides nothing, whatever names and values hold", () => {
    const evil = `a\u001b[2Jb\u202ec\nd${" ".repeat(150)}; DROP TABLE x`;
    const [items] = measurement().tables;
    assert.ok(items);
    const table = { ...items, table: evil, samples: [{ before: { [evil]: evil }, after: null }] };
    const objects = [{ type: "view", name: evil, change: "dropped" as const, through: evil }];
    const hostile = makePlan(heldAct({ shown: evil, rules: [evil], preconditions: [{ name: evil, value: evil }] }), measured(), {
      ...times,
      actsFor: evil,
      purpose: evil,
    });
    for (const columns of [40, 72, 90, 100, 400]) {
      const text = planText(
        { ...hostile, unmeasured: [evil], undo: [evil], measured: { ...measurement(), tables: [table], objects } },
        columns,
      );
      const widest = Math.max(...text.split("\n").map(width));
      assert.ok(widest <= Math.max(72, Math.min(columns, 100)), `${widest} of ${columns}`);
      assert.doesNotMatch(text, /[^\P{Cc}\n]|\u202e/u);
      assert.match(text.replace(/\s|\u21b3/g, ""), /a\\u\{1b\}\[2Jb\\u\{202e\}cd;DROPTABLEx/);
    }
  });
});
