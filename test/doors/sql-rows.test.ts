/**
 * A bound on rows for SQL in API calls: what a read returns is counted in the provider's own form while it streams by, and cut off where it
 * is more than permitted. What a change moves is not told by its answer, and stays refused by name.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../grants/scene.ts";
import { neon, openSqlScene, type SqlScene, supabase } from "./sql-scene.ts";

let scene: SqlScene;
before(async () => {
  scene = await openSqlScene("limits: { rows_returned: 3, rows_changed: 5 }");
});
after(() => scene.stop());

const first = (count: number): string => `SELECT id, note FROM orders WHERE id <= ${count} ORDER BY id`;
const path = "/v1/projects/shopref/database/query";

async function sent(host: string, at: string, body: unknown): Promise<{ readonly status: number; readonly text: string } | "cut off"> {
  return scene.send(host, { path: at, body: JSON.stringify(body) }).catch(() => "cut off" as const);
}

const rows: readonly (readonly [what: string, host: string, at: string, body: (count: number) => unknown])[] = [
  ["Supabase", supabase, path, (count) => ({ query: first(count) })],
  ["Neon", neon, "/sql", (count) => ({ query: first(count), params: [] })],
  ["a batch of Neon", neon, "/sql", (count) => ({ queries: [{ query: first(1) }, { query: first(count - 1) }] })],
];

describe("rows that come back", () => {
  for (const [what, host, at, body] of rows) {
    test(`${what}: as many as permitted pass and are on record`, async () => {
      const known = (await scene.approvals.events("outcome")).length;
      const came = await sent(host, at, body(3));
      assert(came !== "cut off" && came.status === 200, JSON.stringify(came));
      await until("its outcome is on record", async () => {
        const outcomes = (await scene.approvals.events("outcome")).slice(known).map(({ outcome }) => outcome);
        return outcomes.some((each) => each.status === "succeeded" && each.measured.rowsReturned === 3);
      });
    });

    test(`${what}: more do not`, async () => {
      const came = await sent(host, at, body(4));
      assert(came === "cut off" || came.status !== 200, JSON.stringify(came));
      const text = came === "cut off" ? "" : came.text;
      assert.ok(!text.includes('"id":4'), text);
      await until("why is on record", async () =>
        (await scene.approvals.events("outcome")).some(
          ({ outcome }) => outcome.status === "failed" && outcome.code === "rows_returned_limit",
        ),
      );
    });
  }

  test("a change is refused by name, and nothing is sent", async () => {
    const before = scene.ran.length;
    const came = await sent(supabase, path, { query: "UPDATE orders SET note = 'x' WHERE id = 3" });
    assert(came !== "cut off");
    assert.equal(came.status, 403);
    assert.match(came.text, /obligation_unfulfilled/);
    assert.equal(scene.ran.length, before);
  });
});
