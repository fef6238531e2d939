/**
 * What an id stands for, asked of providers before a request is judged: row by row against a stand-in that answers as they do, through a
 * real gateway with a session of staging. The stand-in is the judge of what was carried out.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../grants/scene.ts";
import { call } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene } from "./proxy-scene.ts";
import { type ResolveRow, resolveRows } from "./resolve-rows.ts";

const hosts = [
  "api.heroku.com",
  "api.data.heroku.com",
  "api.github.com",
  "kubernetes.default.svc",
  "api.digitalocean.com",
  "console.neon.tech",
  "api.supabase.com",
  "api.machines.dev",
  "api.render.com",
  "api.vercel.com",
  "api.stripe.com",
  "api.planetscale.com",
  "api.netlify.com",
  "api.cloudflare.com",
  "sqladmin.googleapis.com",
  "management.azure.com",
];

let scene: ProxyScene;
before(async () => {
  scene = await openProxyScene({
    hosts,
    tokenHosts: hosts,
    http: `  environments:
    - { provider: heroku, names: [legacy-shop], environment: staging }
    - { provider: vercel, names: ["*-mirror"], environment: production }`,
  });
});
after(() => scene?.stop());

/** Requests that were not Holdfast's own, or that would have changed something. */
let changed: string[] = [];

function answering({ answers }: Pick<ResolveRow, "answers">): void {
  changed = [];
  scene.railway.paths.clear();
  const byPath = new Map<string, Map<string, unknown>>();
  for (const [key, answer] of Object.entries(answers)) {
    const [method = "", target = ""] = key.split(" ");
    const [path = ""] = target.split("?");
    byPath.set(path, (byPath.get(path) ?? new Map()).set(`${method} ${target}`, answer));
  }
  for (const [path, known] of byPath) {
    scene.railway.paths.set(path, ({ method = "", url = "" }, response) => {
      const answer = known.get(`${method} ${url}`);
      if (method !== "GET" && !url.includes("dryRun=All")) changed.push(`${method} ${url}`);
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { message: "not found" }));
    });
  }
}

async function sending(text: string) {
  const [, method = "", host = "", path = "", body = ""] = /^(\S+) https:\/\/([^/]+)(\S*)(?: ([\s\S]*))?$/.exec(text) ?? [];
  const headers = { authorization: `Bearer ${scene.placeholder}`, ...(body === "" ? {} : { "content-type": "application/json" }) };
  const answer = await call(scene.proxy, host, { method, path, headers, body });
  const { error } = JSON.parse(answer.text === "" ? "{}" : answer.text) as { error?: { code: string; message: string } };
  return { ...answer, error };
}

describe("what a thing is, asked of its provider", () => {
  for (const row of resolveRows) {
    test(`${row.about}: ${row.becomes}`, async () => {
      answering(row);
      const known = (await scene.approvals.approvals()).map(({ id }) => id);
      const { status, headers, text } = await sending(row.request);
      assert.equal(status, 403, text);
      assert.deepEqual(changed, [], "it was carried out");
      if (row.becomes === "refused") {
        assert.equal(headers["holdfast-reason"], "other_environment", text);
        assert.match(text, /belongs to production: this session is for staging/);
        return;
      }
      assert.equal(headers["holdfast-decision"], "hold", text);
      const { plan } = await scene.approvals.asked(known);
      for (const wanted of row.told ?? [])
        assert(
          plan.told?.some((sentence) => wanted.test(sentence)),
          `${wanted} in ${JSON.stringify(plan.told, null, 1)}`,
        );
    });
  }
});

describe("what could not be found out", () => {
  const unknown = "DELETE https://api.heroku.com/apps/somewhere";

  test("a provider that does not know it: it counts as production, and that is said", async () => {
    answering({ answers: {} });
    const { error } = await sending(unknown);
    assert.equal(error?.code, "other_environment");
    assert.match(error?.message ?? "", /could not be found out: it counts as production/);
    const recorded = async () => (await scene.approvals.events("thing_asked")).find(({ name }) => name === "heroku:app/somewhere");
    await until("it is on record", async () => (await recorded()) !== undefined);
    const asked = await recorded();
    assert(asked?.environment === "unknown");
    assert(
      asked.told.some((sentence) => /could not be found out: the provider answered with status 401|does not/.test(sentence)),
      asked.told.join(),
    );
  });

  test("names that tell nothing: refused as well, until the configuration says what they are", async () => {
    answering({ answers: { "GET /apps/blue": { name: "blue" }, "GET /apps/legacy-shop": { name: "legacy-shop" } } });
    assert.equal((await sending("DELETE https://api.heroku.com/apps/blue")).error?.code, "other_environment");
    const mapped = await sending("DELETE https://api.heroku.com/apps/legacy-shop");
    assert.equal(mapped.headers["holdfast-decision"], "hold", mapped.text);
  });

  test("what the configuration calls production is, whatever the provider says", async () => {
    answering({ answers: { "GET /v13/deployments/dpl-9": { name: "staging-mirror", target: null } } });
    assert.equal((await sending("DELETE https://api.vercel.com/v13/deployments/dpl-9")).error?.code, "other_environment");
  });

  test("an answer that is no JSON, or far too long, tells nothing", async () => {
    for (const [name, text] of [
      ["odd", "<html>"],
      ["long", JSON.stringify({ name: "staging", more: "x".repeat(5 * 1024 * 1024) })],
    ] as const) {
      scene.railway.paths.set(`/apps/${name}`, (_, response) => void response.end(text));
      assert.equal((await sending(`DELETE https://api.heroku.com/apps/${name}`)).error?.code, "other_environment", name);
    }
  });

  test("a pack without a read that could tell: held as before, and the plan says so", async () => {
    answering({ answers: {} });
    const known = (await scene.approvals.approvals()).map(({ id }) => id);
    const { headers, text } = await sending("DELETE https://api.cloudflare.com/client/v4/accounts/a1/workers/scripts/s");
    assert.equal(headers["holdfast-decision"], "hold", text);
    const { plan } = await scene.approvals.asked(known);
    assert(
      plan.told?.some((sentence) => sentence.includes("was not asked: the pack for cloudflare has no read that tells")),
      plan.told?.join(),
    );
  });
});
