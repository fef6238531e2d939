/**
 * The founding incident, step by step, against a stand-in for Railway over TLS: a staging session, a token found in a file, one call.
 * The stand-in is the judge: not one byte of what was refused has reached it.
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

const VOLUME = "3d2c42fb-8f6a-4c0e-9b1d-2f7f5a6b7c8d";
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
  assert.equal(scene.railway.backups.size, 3, "the backups are gone");
}

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
        query: 'mutation P($p: EnvironmentConfig) { environmentPatchCommit(environmentId: "e", patch: $p) }',
        variables: { p: { volumes: { [VOLUME]: { isDeleted: true } } } },
      },
    ],
  ];
  for (const [how, body] of disguises) {
    test(`with the placeholder, ${how}: held, and nothing sent`, async () => {
      const seen = await arriving(async () => {
        const { status, headers, text } = await scene.graphql(body);
        assert.equal(status, 403, text);
        const { code } = (JSON.parse(text) as { error: { code: string } }).error;
        assert(["approval_required", "not_understood"].includes(code), text);
        assert.equal(headers["holdfast-decision"], code === "approval_required" ? "hold" : "deny");
      });
      assert.deepEqual(seen, { bytes: 0, requests: 0 });
      assertWhole();
    });
  }

  test("by GET: held, and nothing sent", async () => {
    const path = `${railwayPath}?query=${encodeURIComponent(`mutation { ${DELETE} }`)}`;
    const seen = await arriving(async () => {
      const { status, headers } = await scene.graphql(undefined, { method: "GET", path, body: "" });
      assert.equal(status, 403);
      assert.notEqual(headers["holdfast-decision"], "allow");
    });
    assert.deepEqual(seen, { bytes: 0, requests: 0 });
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
    const asked = await scene.approvals.asked(known);
    assert.equal(asked.id, held.headers["holdfast-approval"]);
    assert(asked.plan.act.shown.includes("volumeDelete"), asked.plan.act.shown);
    assert(!JSON.stringify(asked).includes(scene.placeholder) && !JSON.stringify(asked).includes(scene.token));
    assert(asked.plan.unmeasured.length > 0);
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
