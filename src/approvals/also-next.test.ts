import assert from "node:assert/strict";
import { test } from "node:test";
import { samplePlan } from "../../test/channels/samples.ts";
import type { Effect } from "../model/effect.ts";
import type { Plan } from "../model/plan.ts";
import { alsoNext } from "./also-next.ts";

const deletion: Effect = {
  operation: "delete",
  resource: { type: "table", name: "public.orders" },
  extent: { kind: "unknown" },
  reversibility: "restorable",
  cause: "direct",
  detail: "delete",
};
const staging = { name: "shop", environment: "staging", database: "shop", identity: "1" } as const;
const plan = (more: Partial<Plan> = {}): Plan => samplePlan({ target: staging, effects: [deletion], reversibility: "restorable", ...more });

test("the plan's tables and operations, its rows so many times", () => {
  const cascade = { ...deletion, resource: { type: "table", name: "public.items" }, cause: "cascade" } as const;
  const read = { ...deletion, operation: "read", detail: "select", resource: { type: "table", name: "public.customers" } } as const;
  assert.deepEqual(alsoNext(plan({ effects: [deletion, cascade, read] }), 5), {
    tables: ["public.items", "public.orders"],
    operations: ["delete"],
    usesMax: 5,
    rowsMax: 5 * 1_203,
  });
});

test("nothing follows from what is not rows, not wholly measured, not to be taken back, or in production needs a backup for that", () => {
  const gone = { type: "table", name: "public.orders", change: "dropped" } as const;
  const measured = plan().measured;
  assert.ok(measured !== null);
  for (const [more, message] of [
    [{ measured: null, unmeasured: ["x"] }, /what was measured/],
    [{ unmeasured: ["a sequence moved"] }, /what was measured/],
    [{ measured: { ...measured, objects: [gone] } }, /tables' rows/],
    [{ effects: [{ ...deletion, detail: "truncate" }] }, /tables' rows/],
    [{ effects: [deletion, { ...deletion, operation: "define", detail: "alter_rename" }] }, /tables' rows/],
    [{ effects: [{ ...deletion, operation: "unknown" }] }, /tables' rows/],
    [{ effects: [] }, /tables' rows/],
    [{ effects: [{ ...deletion, reversibility: "irreversible" }] }, /cannot be taken back/],
    [{ reversibility: "unknown" }, /cannot be taken back/],
    [{ target: { ...staging, environment: "production" } }, /in production/],
  ] as const) {
    const found = alsoNext(plan(more as Partial<Plan>), 5);
    assert.match(typeof found === "string" ? found : JSON.stringify(found), message);
  }
  for (const count of [0, -1, 1.5, 51, Number.NaN]) assert.equal(typeof alsoNext(plan(), count), "string", String(count));
  const reversible = plan({ target: { ...staging, environment: "production" }, reversibility: "reversible" });
  assert.equal(typeof alsoNext({ ...reversible, effects: [{ ...deletion, reversibility: "reversible" }] }, 1), "object");
});
