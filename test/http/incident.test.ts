/**
 * The founding incident, step by step, against a stand-in for Railway over TLS: a staging session, a token found in a file, one call; and
 * what becomes of the same call in a session that may touch production.
 * The stand-in is the judge: not one byte of what was refused has reached it. What Holdfast itself asks is counted apart.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { until } from "../grants/scene.ts";
import { newFolder } from "../provision/shop.ts";
import { tool } from "../support/tools.ts";
import { basic } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";
import { standInIds } from "./stand-in-railway.ts";

const VOLUME = standInIds.volume;
const DELETE = `volumeDelete(volumeId: "${VOLUME}")`;
const run = promisify(execFile);

let scene: ProxyScene;
before(async () => {
  scene = await openProxyScene();
});
after(() => scene.stop());

/** What the stand-in saw while `act` ran. */
async function arriving(act: () => Promise<unknown>): Promise<{ bytes: number; requests: number }> {
  const [bytes, requests] = [scene.railway.bytes(), scene.railway.received.length];
  await act();
  return { bytes: scene.railway.bytes() - bytes, requests: scene.railway.received.length - requests };
}

function assertWhole(): void {
  assert(scene.railway.volumes.has(VOLUME), "the volume is gone");
  assert.equal(scene.railway.backups.size, 6, "the backups are gone");
}

const disguises: readonly (readonly [string, unknown])[] = [
  ["as it was", { query: `mutation { ${DELETE} }` }],
  ["by an alias", { query: `mutation { me: ${DELETE} }` }],
  ["by a fragment", { query: `mutation { ...F } fragment F on Mutation { ${DELETE} }` }],
  ["by an inline fragment", { query: `mutation { ... on Mutation { ${DELETE} } }` }],
  ["in a batch", [{ query: "{ me { id } }" }, { query: `mutation { ${DELETE} }` }]],
  ["as the second operation", { query: `query A { me { id } } mutation B { ${DELETE} }`, operationName: "B" }],
  ["with the id in variables", { query: "mutation M($v: String!) { volumeDelete(volumeId: $v) }", variables: { v: VOLUME } }],
  ["behind a comment", { query: `# query\n\ufeffmutation { ${DELETE} }` }],
  ["twice", { query: `mutation { a: ${DELETE} b: volumeDelete(volumeId: "spare") }` }],
  [
    "as a patch",
    {
      query: `mutation P($p: EnvironmentConfig) { environmentPatchCommit(environmentId: "${standInIds.production}", patch: $p) }`,
      variables: { p: { volumes: { [VOLUME]: { isDeleted: true } } } },
    },
  ],
];

describe("the incident", () => {
  test("the exact curl with the token that was found: refused, told aloud, recorded, and nothing sent", async () => {
    const folder = newFolder();
    const bundle = join(folder, "ca.pem");
    writeFileSync(bundle, scene.proxy.certificate);
    const { host, port, user, password } = scene.proxy;
    const body = JSON.stringify({ query: `mutation { ${DELETE} }` });
    const curl = await tool("curl");
    const seen = await arriving(async () => {
      const { stdout } = await run(
        curl,
        ["-sS", "-X", "POST", `https://${railwayHost}${railwayPath}`, "-H", `Authorization: Bearer ${scene.token}`].concat([
          "-H",
          "Content-Type: application/json",
          "-d",
          body,
          "-w",
          "\n%{http_code}",
        ]),
        { env: { HTTPS_PROXY: `http://${user}:${password}@${host}:${port}`, CURL_CA_BUNDLE: bundle } },
      );
      const [answer = "", , status] = stdout.trim().split("\n");
      assert.equal(status, "403");
      const { error } = JSON.parse(answer) as { error: { code: string; message: string; next: string } };
      assert.equal(error.code, "found_credential");
      assert(!stdout.includes(scene.token));
    });
    assert.deepEqual(seen, { bytes: 0, requests: 0 });
    assertWhole();
    const [alarm] = scene.approvals.warnings.filter((text) => text.startsWith("FOUND CREDENTIAL"));
    assert(alarm?.includes(railwayHost) && !alarm.includes(scene.token), alarm);
    await until("it is on record", async () => (await scene.approvals.events("credential_found")).length > 0);
    const [found] = await scene.approvals.events("credential_found");
    assert.equal(found?.slot, "the header authorization");
    const intents = await scene.approvals.events("intent");
    assert(intents.some(({ decision, code }) => decision === "deny" && code === "found_credential"));
  });

  test("another token of another shape, in other places: refused as well", async () => {
    const other = `ghp_${randomBytes(27).toString("base64").replace(/[+/]/g, "x").slice(0, 36)}`;
    const places: readonly [string, Parameters<ProxyScene["graphql"]>[1]][] = [
      ["authorization", { headers: { authorization: `Bearer ${other}` } }],
      ["another slot", { headers: { "project-access-token": other } }],
      ["a cookie", { headers: { cookie: "rw.session=abcdef" } }],
      ["a header that no provider names", { headers: { "x-my-token": other } }],
      ["basic", { headers: { authorization: basic("x", other) } }],
      ["the query", { path: `${railwayPath}?access_token=${other}` }],
      ["two at once", { headers: { "x-api-key": scene.placeholder } }],
      ["a header of any name, by its shape", { headers: { "x-note": `sk_live_${randomBytes(18).toString("hex")}` } }],
    ];
    for (const [place, more] of places) {
      const seen = await arriving(async () => {
        const { status, text } = await scene.graphql({ query: "{ me { id } }" }, more);
        assert.equal(status, 403, `${place}: ${text}`);
        assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, "found_credential", place);
      });
      assert.deepEqual(seen, { bytes: 0, requests: 0 }, place);
    }
  });

  test("the vault's own secret does not leave in a body, however it is spelled", async () => {
    for (const spelled of [scene.token, Buffer.from(`x${scene.token}`).toString("base64"), encodeURIComponent(scene.token)]) {
      const seen = await arriving(async () => {
        const { text } = await scene.graphql({ query: "{ me { id } }", variables: { note: spelled } });
        assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, "found_credential");
      });
      assert.deepEqual(seen, { bytes: 0, requests: 0 });
    }
  });

  test("the placeholder of another session is somebody else's credential", async () => {
    const { held, placeholder } = await scene.another();
    const seen = await arriving(async () => {
      const { text } = await scene.graphql({ query: "{ me { id } }" }, { headers: { authorization: `Bearer ${placeholder}` } });
      assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, "found_credential");
    });
    held.letGo();
    assert.deepEqual(seen, { bytes: 0, requests: 0 });
  });

  for (const [how, body] of disguises) {
    test(`with the placeholder, ${how}: what it stands for is asked, it belongs to production, and nothing is sent`, async () => {
      const seen = await arriving(async () => {
        const { status, headers, text } = await scene.graphql(body);
        assert.equal(status, 403, text);
        const { code, message, next } = (JSON.parse(text) as { error: { code: string; message: string; next: string } }).error;
        assert.equal(code, "other_environment", text);
        assert.equal(headers["holdfast-decision"], "deny");
        assert.match(message, /belongs to production: this session is for staging/);
        assert.match(next, /session of production/);
      });
      assert.deepEqual(seen, { bytes: 0, requests: 0 });
      assertWhole();
    });
  }

  test("by GET: refused as well", async () => {
    const path = `${railwayPath}?query=${encodeURIComponent(`mutation { ${DELETE} }`)}`;
    const seen = await arriving(async () => {
      const { status, text } = await scene.graphql(undefined, { method: "GET", path, body: "" });
      assert.equal(status, 403);
      assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, "other_environment", text);
    });
    assert.deepEqual(seen, { bytes: 0, requests: 0 });
    assertWhole();
  });

  test("what Holdfast asked were reads with the broker's secret and nothing of the client's, and they are on record", async () => {
    assert(scene.railway.asked.length > 0);
    for (const { headers, body } of scene.railway.asked) {
      const { query } = JSON.parse(body.toString("utf8")) as { query: string };
      assert.match(query, /^query/);
      assert.equal(headers.authorization, `Bearer ${scene.token}`);
    }
    const about = async () => (await scene.approvals.events("thing_asked")).find(({ operation }) => operation === "volumeDelete");
    // The record is written after the answer.
    await until("it is on record", async () => (await about()) !== undefined);
    const first = await about();
    assert.equal(first?.environment, "production");
    assert(
      first.told.some((sentence) => sentence.includes("its 6 backups")),
      JSON.stringify(first),
    );
    const intents = await scene.approvals.events("intent");
    assert(intents.some(({ decision, code }) => decision === "deny" && code === "other_environment"));
  });

  test("an id that its provider does not know counts as production where it would be destroyed", async () => {
    const seen = await arriving(async () => {
      const { text } = await scene.graphql({ query: 'mutation { volumeDelete(volumeId: "looks-like-staging") }' });
      const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
      assert.equal(code, "other_environment", text);
      assert.match(message, /could not be found out: it counts as production/);
    });
    assert.deepEqual(seen, { bytes: 0, requests: 0 });
  });

  test("a deployment to production is refused, one to staging passes", async () => {
    const deploy = (environment: string) =>
      scene.graphql({ query: `mutation { serviceInstanceDeployV2(serviceId: "${standInIds.cache}", environmentId: "${environment}") }` });
    const refused = await arriving(async () => assert.equal((await deploy(standInIds.production)).status, 403));
    assert.deepEqual(refused, { bytes: 0, requests: 0 });
    const passed = await deploy(standInIds.staging);
    assert.equal(passed.status, 200, passed.text);
  });

  test("reads and a deployment pass without a question, with the real token", async () => {
    const read = await scene.graphql({ query: `{ me { name } volume(id: "${VOLUME}") { name sizeMB } }` });
    assert.equal(read.status, 200, read.text);
    assert.deepEqual(JSON.parse(read.text), { data: { me: { name: "staging bot" }, volume: { name: "data", sizeMB: 48_000 } } });
    const deployed = await scene.graphql({ query: 'mutation { serviceInstanceDeployV2(serviceId: "s", environmentId: "e") }' });
    assert.equal(deployed.status, 200, deployed.text);
    assert.equal(scene.railway.received.at(-1)?.headers.authorization, `Bearer ${scene.token}`);
    const outcomes = await scene.approvals.events("outcome");
    assert(outcomes.some(({ outcome }) => outcome.status === "succeeded"));
  });

  test("approved by a person, it is sent once; the second time it is asked about anew", async () => {
    const body = { query: 'mutation { volumeDelete(volumeId: "spare") }' };
    const known = (await scene.approvals.approvals()).map(({ id }) => id);
    const held = await scene.graphql(body);
    assert.equal(held.headers["holdfast-decision"], "hold", held.text);
    assert.equal(held.headers["retry-after"], undefined, "clients of Azure ask again by themselves after it, and say nothing meanwhile");
    const asked = await scene.approvals.asked(known);
    assert.equal(asked.id, held.headers["holdfast-approval"]);
    assert(asked.plan.act.shown.includes("volumeDelete"), asked.plan.act.shown);
    assert(!JSON.stringify(asked).includes(scene.placeholder) && !JSON.stringify(asked).includes(scene.token));
    assert(asked.plan.unmeasured.length > 0);
    assert(
      asked.plan.told?.some((sentence) => sentence.startsWith("volume `spare` of staging/cache, 512 MB")),
      JSON.stringify(asked.plan.told),
    );
    await scene.approvals.answer(asked.id, "ada");
    const seen = await arriving(async () => {
      const sent = await scene.graphql(body);
      assert.equal(sent.status, 200, sent.text);
      assert.deepEqual(JSON.parse(sent.text), { data: { volumeDelete: true } });
    });
    assert.equal(seen.requests, 1);
    assert(!scene.railway.volumes.has("spare"));
    await until("its use is over", async () =>
      (await scene.approvals.approvals()).some(({ id, state }) => id === asked.id && state === "used"),
    );
    const again = await arriving(async () => {
      const { status, headers } = await scene.graphql(body);
      assert.equal(status, 403);
      assert.notEqual(headers["holdfast-approval"], asked.id);
    });
    assert.deepEqual(again, { bytes: 0, requests: 0 });
    assert.equal((await scene.approvals.events("approval_used")).length, 1);
  });

  test("no act is without an outcome, and neither the token nor a placeholder stands anywhere in the log", async () => {
    const intents = (await scene.approvals.events("intent")).filter(({ decision }) => decision === "allow");
    const outcomes = await scene.approvals.events("outcome");
    for (const { action } of intents) assert.equal(outcomes.filter((each) => each.action === action).length, 1, action);
    for (const kind of ["judgement", "intent", "credential_found", "approval_asked", "session_opened", "run_started"] as const) {
      const text = JSON.stringify(await scene.approvals.events(kind));
      assert(!text.includes(scene.token) && !text.includes(scene.placeholder), kind);
    }
  });
});

describe("the same call in a session that may touch production", () => {
  let own: ProxyScene;
  before(async () => {
    own = await openProxyScene({ environment: "production" });
  });
  after(() => own.stop());

  for (const [how, body] of disguises) {
    test(`${how}: held, and nothing sent`, async () => {
      const count = own.railway.received.length;
      const { status, headers, text } = await own.graphql(body);
      assert.equal(status, 403, text);
      assert.equal(headers["holdfast-decision"], "hold", text);
      assert.equal(own.railway.received.length, count);
      assert(own.railway.volumes.has(VOLUME));
    });
  }

  test("a person sees volume, place, size and backups; a yes sends it once, and the second is refused", async () => {
    const known = (await own.approvals.approvals()).map(({ id }) => id);
    const body = { query: `mutation Delete { ${DELETE} }` };
    const held = await own.graphql(body);
    assert.equal(held.headers["holdfast-decision"], "hold", held.text);
    const { id, plan } = await own.approvals.asked(known);
    const [what = "", environment = ""] = plan.told ?? [];
    assert.equal(
      what,
      "volume `data` of production/postgres, 48 GB; its 6 backups, the newest of 2026-11-15 03:00 UTC, are on the same volume and go with it",
    );
    assert.equal(environment, "it counts as production: the provider calls its environment `production`");
    const [effect] = plan.effects;
    assert.deepEqual(
      { environment: effect?.thing?.environment, size: effect?.thing?.sizeBytes, coupling: effect?.thing?.backupCoupling },
      { environment: "production", size: 48_000_000_000, coupling: "same_blast_radius" },
    );
    assert(
      plan.preconditions.some(({ value }) => value.includes("production/postgres/data")),
      JSON.stringify(plan.preconditions),
    );
    await own.approvals.answer(id, "ada");
    const sent = await own.graphql(body);
    assert.equal(sent.status, 200, sent.text);
    assert(!own.railway.volumes.has(VOLUME), "it was approved, and not carried out");
    assert.equal(own.railway.received.length, 1);
    await until("its use is over", async () => (await own.approvals.approvals()).some((each) => each.id === id && each.state === "used"));
    const again = await own.graphql(body);
    assert.equal(again.status, 403);
    assert.equal(own.railway.received.length, 1);
  });
});
