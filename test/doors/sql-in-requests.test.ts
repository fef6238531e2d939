/**
 * SQL in bodies of API calls is judged as on the wire: the same text gets the same decision by either door, whatever spelling the body has.
 * A stand-in runs what arrives on the same PostgreSQL: that the rows are still there is the proof.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../grants/scene.ts";
import { neon, openSqlScene, type SqlScene, supabase } from "./sql-scene.ts";

const unlimited = "limits: { rows_returned: none, rows_changed: none, rows_changed_per_transaction: none }";
const path = "/v1/projects/shopref/database/query";

let scene: SqlScene;
before(async () => {
  scene = await openSqlScene(unlimited);
});
after(() => scene.stop());

const query = (sql: string): string => JSON.stringify({ query: sql });

async function codeOf(host: string, at: string, body: string, headers: Record<string, string> = {}): Promise<string> {
  const { status, text } = await scene.send(host, { path: at, body, headers });
  if (status === 200) return "done";
  assert.equal(status, 403, text);
  return (JSON.parse(text) as { error: { code: string } }).error.code;
}

async function assertWhole(): Promise<void> {
  assert.equal(await scene.approvals.count("SELECT count(*) FROM orders"), 10);
  assert.equal(await scene.approvals.count("SELECT count(*) FROM secrets"), 1);
}

/** Every act so far has its intent on record. */
async function intents(): Promise<readonly string[]> {
  const { allowed, denied, held, observed } = scene.approvals.gateway.status().counters;
  let found: readonly string[] = [];
  await until("every intent is on record", async () => {
    found = (await scene.approvals.events("intent")).map(({ decision, code }) => `${decision} ${code}`);
    return found.length >= allowed + denied + held + observed;
  });
  return found;
}

/** Decision and code of the first act that was admitted while `act` ran. */
async function decided(act: () => Promise<unknown>): Promise<string> {
  const before = (await intents()).length;
  await act();
  return (await intents())[before] ?? "none";
}

const texts: readonly (readonly [what: string, sql: string, decision: string])[] = [
  ["a read", "SELECT note FROM orders WHERE id = 3", "allow permitted"],
  ["a delete without WHERE", "DELETE FROM orders", "hold"],
  ["a writable CTE", "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone", "hold"],
  ["a function that writes", "SELECT plain_wipe()", "hold"],
  ["a function that nobody can look into", "SELECT wipe()", "hold"],
  ["several statements", "SELECT 1; DROP TABLE orders", "hold"],
  ["TRUNCATE", "TRUNCATE orders", "hold"],
  ["a DO block", "DO $$ BEGIN DELETE FROM orders; END $$", "hold"],
  ["another search_path first", "SET search_path TO pg_temp; DELETE FROM public.orders", ""],
  ["a table that does not exist", "DELETE FROM nowhere", ""],
  ["a right", "GRANT ALL ON orders TO PUBLIC", "deny"],
  ["a file of the server", "COPY orders TO '/tmp/x'", "deny"],
  ["no SQL", "DROP TABEL orders", "deny not_parsed"],
];

// First, while the session may still ask.
test("an approval sends it once", async () => {
  const known = (await scene.approvals.approvals()).map(({ id }) => id);
  const body = query("DELETE FROM orders WHERE note = 'no such note' OR id < 0 OR true");
  assert.equal(await codeOf(supabase, path, body), "approval_required");
  const asked = await scene.approvals.asked(known);
  await scene.approvals.answer(asked.id, "ada");
  await until("it has run", async () => (await codeOf(supabase, path, body)) === "done");
  assert.equal(await scene.approvals.count("SELECT count(*) FROM orders"), 0);
  assert.equal(await codeOf(supabase, path, body), "approval_required");
  const { shop } = scene;
  await shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'note' FROM generate_series(1, 10)", shop.database);
});

describe("the same text gets the same decision through an API and on the wire", () => {
  for (const [what, sql, wanted] of texts)
    test(what, async () => {
      const byApi = await decided(() => scene.send(supabase, { path, body: query(sql) }));
      const client = await scene.approvals.connect(scene.held);
      try {
        const onWire = await decided(() => client.query(sql).catch(() => undefined));
        assert.equal(byApi, onWire);
        assert.ok(byApi.startsWith(wanted), byApi);
      } finally {
        await client.end();
      }
      await assertWhole();
    });
});

describe("no spelling of the body leads past it", () => {
  const gone = "DELETE FROM orders";
  const spelled: readonly (readonly [string, string, Record<string, string>?])[] = [
    ["escapes", `{"\\u0071uery":"\\u0044ELETE FROM orders"}`],
    ["a key twice", `{"query":"SELECT 1","query":"${gone}"}`],
    ["another letter case beside it", `{"query":"SELECT 1","Query":"${gone}"}`],
    ["a byte order mark", `\ufeff${query(gone)}`],
    ["UTF-16, it says", query(gone), { "content-type": "application/json; charset=utf-16" }],
    ["a form", `query=${encodeURIComponent(gone)}`, { "content-type": "application/x-www-form-urlencoded" }],
    ["compressed, it says", query(gone), { "content-encoding": "gzip" }],
    ["a list in place of a text", JSON.stringify({ query: ["SELECT 1", gone] })],
    ["an object in place of a text", JSON.stringify({ query: { text: gone } })],
    ["comments", query("/* SELECT */ DELETE /**/ FROM orders -- WHERE id = 1")],
    ["half a surrogate pair", `{"query":"${gone} -- \\ud800"}`],
    ["a NUL", `{"query":"SELECT 1\\u0000; ${gone}"}`],
    ["the path of the read-only twin", query(gone)],
  ];
  for (const [what, body, headers] of spelled)
    test(what, async () => {
      const before = scene.ran.length;
      assert.notEqual(await codeOf(supabase, what.includes("twin") ? `${path}/read-only` : path, body, headers), "done");
      assert.equal(scene.ran.length, before);
      await assertWhole();
    });

  test("Neon: a text, a batch, and what an earlier text of a batch changes", async () => {
    const batch = (...all: string[]) => JSON.stringify({ queries: all.map((each) => ({ query: each, params: [] })) });
    assert.equal(await codeOf(neon, "/sql", query("SELECT count(*) FROM orders")), "done");
    assert.equal(await codeOf(neon, "/sql", batch("SELECT 1", "SELECT note FROM orders")), "done");
    const before = scene.ran.length;
    for (const body of [
      query(gone),
      batch("SELECT 1", gone),
      batch(gone, "SELECT 1"),
      batch("SELECT $a$", gone, "SELECT $a$"),
      batch("SELECT 1 /*", "*/ ; DELETE FROM orders"),
      JSON.stringify({ query: "SELECT 1", queries: [{ query: gone }] }),
    ])
      assert.notEqual(await codeOf(neon, "/sql", body), "done", body);
    assert.equal(scene.ran.length, before);
    await assertWhole();
  });
});

describe("which database it is", () => {
  test("a project that no target is: refused by name, and nothing is sent", async () => {
    const before = scene.ran.length;
    const { status, text } = await scene.send(supabase, { path: "/v1/projects/other/database/query", body: query("SELECT 1") });
    assert.equal(status, 403);
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    assert.equal(error.code, "not_understood");
    assert.match(error.message, /http\.databases/);
    assert.equal(scene.ran.length, before);
  });

  test("what is defined through the API is known to the next request and to the wire", async () => {
    const { shop } = scene;
    await shop.server.asSuperuser("CREATE FUNCTION late_wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'", shop.database);
    assert.notEqual(await codeOf(supabase, path, query("SELECT late_wipe()")), "done");
    await assertWhole();
  });
});
