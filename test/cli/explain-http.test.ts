import assert from "node:assert/strict";
import { test } from "node:test";
import { holdfast } from "./holdfast.ts";

interface Result {
  readonly decision: string;
  readonly effects: readonly Record<string, unknown>[];
  readonly reason: { readonly code: string; readonly message: string };
}

async function lines(requests: readonly unknown[], ...words: string[]): Promise<readonly Result[]> {
  const input = requests.map((request) => `${typeof request === "string" ? request : JSON.stringify(request)}\n`).join("");
  const { out, code } = await holdfast(["explain", "http", ...words], { input });
  assert.equal(code, 0);
  return out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Result);
}

// What the agent sent in the founding incident: a token it had found, and one mutation.
const incident = {
  method: "POST",
  url: "https://backboard.railway.app/graphql/v2",
  headers: { Authorization: "Bearer 00000000-0000-4000-8000-000000000000", "Content-Type": "application/json" },
  body: '{"query":"mutation { volumeDelete(volumeId: \\"3d2c42fb-0000-4000-8000-000000000000\\") }"}',
};

test("the incident is held in staging and denied in production, and its token is not told", async () => {
  for (const [environment, decision] of [
    ["staging", "hold"],
    ["production", "deny"],
  ] as const) {
    const [result] = await lines([incident], "--environment", environment);
    assert.equal(result?.decision, decision);
    assert.deepEqual(result?.effects, [
      {
        operation: "delete",
        resource: "api_resource:railway:volume/3d2c42fb-0000-4000-8000-000000000000",
        extent: "exact",
        rows: 1,
        reversibility: "irreversible",
        cause: "direct",
        detail: "destroy",
      },
    ]);
    assert.ok(!JSON.stringify(result).includes('4000-8000-000000000000"}'));
    assert.ok(!JSON.stringify(result).includes("Bearer"));
  }
});

test("lines are answered in their order, and one that is no request is a deny in its place", async () => {
  const results = await lines([
    { method: "GET", url: "https://api.heroku.com/apps" },
    "no JSON",
    { url: 7 },
    '{"method":"GET","method":"DELETE","url":"https://api.heroku.com/apps/shop"}',
    { method: "GET", url: "https://api.heroku.com/apps", extra: 1 },
    { method: "DELETE", url: "https://api.heroku.com/apps/shop", headers: { Accept: ["a", "b"] }, body: { any: ["json"] } },
    { method: "GET", url: "https://api.heroku.com/apps", headers: {}, body: "" },
  ]);
  assert.deepEqual(
    results.map(({ decision, reason }) => `${decision} ${reason.code}`),
    ["allow permitted", ...Array<string>(4).fill("deny not_parsed"), "deny change_not_permitted", "allow permitted"],
  );
});

test("SQL in a body is judged with the schema that is given, and observing lets through and says so", async () => {
  const request = { method: "POST", url: "https://api.supabase.com/v1/projects/p/database/query", body: { query: "DROP TABLE orders" } };
  const [held] = await lines([request], "--environment", "staging");
  assert.equal(held?.decision, "hold");
  assert.match(held?.reason.message ?? "", /orders/);
  const [observed] = await lines([incident], "--policy", "observe");
  assert.equal(observed?.decision, "allow");
  assert.equal((observed as unknown as Record<string, unknown>)["observed"], "hold");
});

test("a given request is explained in words, and the exit code is the answer", async () => {
  const held = await holdfast(["explain", "http", "DELETE https://api.render.com/v1/postgres/dpg-1", "-e", "staging"]);
  assert.equal(held.code, 3);
  assert.match(held.out, /^hold +destructive\n/);
  assert.match(held.out, /api_resource:render:postgres\/dpg-1/);
  const allowed = await holdfast(["explain", "http", "GET https://api.render.com/v1/services", "--json"]);
  assert.equal(allowed.code, 0);
  assert.equal((JSON.parse(allowed.out) as Result).decision, "allow");
  const denied = await holdfast(["explain", "http", "GET https://example.com/"]);
  assert.equal(denied.code, 1);
});
