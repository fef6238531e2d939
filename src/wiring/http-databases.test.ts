import assert from "node:assert/strict";
import { test } from "node:test";
import type { CatalogueSource } from "../catalogue/source.ts";
import type { Action, HttpPayload } from "../model/action.ts";
import type { Admission, Guard } from "../pipeline/guard.ts";
import { HttpDatabases } from "./http-databases.ts";

/** What a guard would be told: it admits nothing. */
function told(databases: HttpDatabases): { readonly guard: Guard; readonly seen: HttpPayload[] } {
  const seen: HttpPayload[] = [];
  const admit = (action: Action): Promise<Admission> => {
    seen.push(action.payload as HttpPayload);
    return Promise.resolve({ kind: "deny", id: action.id, reason: { code: "not_permitted", message: "" }, statements: [] });
  };
  return { guard: databases.naming({ admit } as unknown as Guard), seen };
}

const context = { role: "s", sessionRole: "s", searchPath: [], temporary: [], catalogueVersion: 0, pendingDdl: [] };

async function known(url: string, body: object, target = "shop", catalogue: Partial<CatalogueSource> = {}): Promise<HttpPayload> {
  const entry = (provider: string, project: string, searchPath = ["public"]) => ({
    provider,
    project,
    target: "shop",
    role: "postgres",
    searchPath,
  });
  const databases = new HttpDatabases([
    entry("supabase", "ref"),
    entry("gcp", "shop-*", ["app"]),
    entry("aws", "arn:aws:rds:*:cluster:shop"),
    entry("supabase", "twice"),
    entry("supabase", "twic*"),
  ]);
  databases.serve("shop", { database: "shop", catalogue: { version: 7, refresh: () => Promise.resolve(7), ...catalogue } });
  const { guard, seen } = told(databases);
  const request = { method: "POST", url, headers: [["content-type", "application/json"]] as const, body: JSON.stringify(body) };
  const action = { id: "a", session: {}, target: { name: target }, payload: { kind: "http", request, context } };
  await guard.admit(action as unknown as Action, { obligations: new Set() });
  const [payload] = seen;
  assert.ok(payload !== undefined);
  return payload;
}

const supabase = (ref: string) => `https://api.supabase.com/v1/projects/${ref}/database/query`;
const cloudSql = "https://sqladmin.googleapis.com/v1/projects/p/instances/shop-1/executeSql";
const rdsData = "https://rds-data.eu-central-1.amazonaws.com/Execute";
const arn = "arn:aws:rds:eu-central-1:123456789012:cluster:shop";

test("what names mean is the target's, where an entry says so", async () => {
  for (const [url, body] of [
    [supabase("ref"), { query: "SELECT 1" }],
    [cloudSql, { sqlStatement: "SELECT 1" }],
    [cloudSql, { sqlStatement: "SELECT 1", database: "shop" }],
    [rdsData, { sql: "SELECT 1", resourceArn: arn }],
  ] as const) {
    const payload = await known(url, body);
    assert.deepEqual(payload.database, { kind: "known" }, `${url} ${JSON.stringify(payload.database)}`);
    assert.equal(payload.context.catalogueVersion, 7);
    assert.equal(payload.context.role, "postgres");
    assert.deepEqual(payload.context.searchPath, ["pg_catalog", url === cloudSql ? "app" : "public"]);
  }
});

test("it is not known, and says what would help", async () => {
  const because = async (...given: Parameters<typeof known>): Promise<string> => {
    const { database } = await known(...given);
    assert.ok(database?.kind === "unknown", JSON.stringify(database));
    return database.because;
  };
  assert.match(await because(supabase("other"), { query: "x" }), /http\.databases/);
  assert.match(await because(supabase("twice"), { query: "x" }), /several entries/);
  assert.match(await because(supabase("ref"), { query: "x" }, "staging"), /target `shop`, and this session is for `staging`/);
  assert.match(await because(cloudSql, { sqlStatement: "x", database: "postgres" }), /another database than `shop`/);
  assert.match(await because(rdsData, { sql: "x", resourceArn: arn, schema: "other" }), /does not say plainly/);
  assert.match(await because(rdsData, { sql: "x" }), /does not say plainly/);
  const broken = { version: 0, refresh: () => Promise.reject(new Error("gone")) };
  assert.match(await because(supabase("ref"), { query: "x" }, "shop", broken), /cannot be read now/);
});

test("a request without SQL is left as it is, and one for a stale catalogue waits for a fresh one", async () => {
  assert.equal((await known("https://api.supabase.com/v1/projects/ref", {})).database, undefined);
  let refreshed = 0;
  const stale = { usable: () => false, refresh: () => Promise.resolve(++refreshed) };
  assert.deepEqual((await known(supabase("ref"), { query: "x" }, "shop", stale)).database, { kind: "known" });
  assert.equal(refreshed, 1);
});

test("an entry for a provider without databases is no configuration", () => {
  const entry = { provider: "stripe", project: "x", target: "shop", role: "postgres", searchPath: ["public"] };
  assert.throws(() => new HttpDatabases([entry]), /`stripe` is no provider of databases/);
});
