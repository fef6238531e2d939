import { describe, test } from "node:test";
import assert from "node:assert/strict";
import type { Measurement, TableChange } from "../../../model/plan.ts";
import { deviation } from "./compare.ts";

const none = { inserted: 0, updated: 0, deleted: 0 };
const table = (name: string, deleted: number, cascaded = 0): TableChange => ({
  table: name,
  direct: { ...none, deleted },
  following: { ...none, deleted: cascaded },
  rowsBefore: null,
  bytes: null,
  samples: [],
});
const measured = (more: Partial<Measurement>): Measurement => ({
  tables: [],
  objects: [],
  locks: [],
  parts: [],
  elapsedMs: 1,
  on: "target",
  ...more,
});

describe("what is done held against the plan", () => {
  const check = (did: Partial<Measurement>, planned: Partial<Measurement>, tolerance: number, expected: string | undefined) =>
    assert.equal(deviation(measured(did), measured(planned), tolerance), expected);

  test("the same is the same, whatever time and locks it took", () => {
    const same = { tables: [table("public.a", 2, 3)], parts: [2] };
    check({ ...same, elapsedMs: 900, locks: [{ relation: "public.a", mode: "ShareLock", heldMs: 3 }] }, same, 0, undefined);
  });
  test("one row more than is tolerated", () => {
    const planned = { tables: [table("public.a", 2, 3)] };
    check({ tables: [table("public.a", 3, 4)] }, planned, 2, undefined);
    check({ tables: [table("public.a", 3, 4)] }, planned, 1, "`public.a`: 7 rows would be deleted, and 5 rows were planned");
  });
  test("a table that was not planned, and one that does not change", () => {
    check({ tables: [table("public.b", 1)] }, {}, 0, "`public.b`: 1 row would be deleted, and 0 rows were planned");
    check({}, { tables: [table("public.b", 1)] }, 0, "`public.b`: 0 rows would be deleted, and 1 row was planned");
  });
  test("a part that says another number", () => {
    check({ parts: [1, 4] }, { parts: [1, 2] }, 0, "part 2 says 4 rows, and 2 rows were planned");
    check({ parts: [1] }, { parts: [1, 2] }, 9, "it has 1 parts, and 2 were planned");
    check({ parts: [null] }, { parts: [2] }, 9, "part 1 says no rows, and 2 rows were planned");
  });
  test("an object more, an object fewer, and what is only altered", () => {
    const view = { type: "view", name: "public.v", change: "dropped" as const };
    check({ objects: [view] }, {}, 9, "view `public.v` dropped, which was not planned");
    check({}, { objects: [view] }, 9, "view `public.v` dropped was planned, and does not come to be");
    check({ objects: [{ ...view, through: "public.a" }] }, { objects: [view] }, 0, undefined);
    check({ objects: [{ ...view, change: "altered" }] }, {}, 0, undefined);
  });
});
