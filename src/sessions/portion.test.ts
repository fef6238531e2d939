import assert from "node:assert/strict";
import { test } from "node:test";
import { noBudget, nothingUsed } from "../model/run.ts";
import { Portion } from "./portion.ts";

const none = { statements: 0, rowsRead: 0, rowsChanged: 0, bytes: 0, held: 0 };
const statements = (count: number) => ({ ...none, statements: count });

test("whatever the store says, a portion is never more than this configuration's own budget", () => {
  const portion = new Portion({ ...noBudget, statements: 40 });
  assert.equal(portion.max("statements"), 0, "nothing before the store has answered");
  assert.equal(portion.max("rowsRead"), null, "what has no budget has no portion");
  portion.give(statements(1_000_000_000), none, nothingUsed);
  assert.equal(portion.max("statements"), 40);
});

test("what is lowered is lower before anybody else can have it, and only giving raises it", () => {
  const portion = new Portion({ ...noBudget, statements: 40 });
  portion.give(statements(20), statements(10), nothingUsed);
  portion.lower(statements(12));
  assert.equal(portion.max("statements"), 12);
  portion.lower(statements(30));
  assert.equal(portion.max("statements"), 12);
});

test("more is asked for once, when half is used, and only where there may be some", () => {
  const portion = new Portion({ ...noBudget, statements: 40 });
  let asked = 0;
  portion.low = () => (asked += 1);
  portion.give(statements(20), statements(10), nothingUsed);
  portion.look({ ...nothingUsed, statements: 9 }, 0);
  assert.equal(asked, 0);
  for (const used of [10, 11, 12]) portion.look({ ...nothingUsed, statements: used }, 0);
  assert.equal(asked, 1);
  assert.deepEqual([...portion.short], ["statements"]);
  portion.give(statements(40), none, { ...nothingUsed, statements: 12 });
  portion.look({ ...nothingUsed, statements: 40 }, 0);
  assert.equal(asked, 1, "nothing is left to ask for");
});

test("what others hold is not called used up", () => {
  const portion = new Portion({ ...noBudget, statements: 40 });
  portion.give(statements(0), statements(40), nothingUsed);
  assert.equal(portion.wanting, true);
  assert.match(portion.lacking("statements", "statements")?.reason.message ?? "", /of 40 statements is held .* at another gateway/);
  portion.give(statements(0), none, nothingUsed);
  assert.equal(portion.lacking("statements", "statements"), undefined);
  assert.equal(portion.wanting, false);
});
