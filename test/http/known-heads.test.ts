/**
 * A read that came before is answered from memory, and only that one: another login, method, header, body, policy, secret or state of the
 * session is looked at anew. What is asked here was asked before each time, so that the memory is full of it.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { loadConfig } from "../../src/config/load-config.ts";
import { changeVault, openSealedVault } from "../../src/wiring/vault.ts";
import { until, vaultPassphrase } from "../grants/scene.ts";
import { type Answered, type Call, call, inTunnel, type ProxyLogin } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost } from "./proxy-scene.ts";

const PATH = "/v1/things?of=staging";

let scene: ProxyScene;
/** What arrived at the provider: method, path and credential. */
let arrived: string[];

before(async () => {
  arrived = [];
  scene = await openProxyScene();
  scene.railway.paths.set("/v1/things", (request, response) => {
    arrived.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.end("things");
  });
});
after(() => scene?.stop());
beforeEach(async () => {
  for (const _ of [1, 2, 3]) assert.equal((await read()).status, 200);
  arrived.length = 0;
});

function read(more: Call = {}, proxy: ProxyLogin = scene.proxy, credential = `Bearer ${scene.placeholder}`): Promise<Answered> {
  const { headers, ...rest } = more;
  return call(proxy, railwayHost, { method: "GET", path: PATH, ...rest, headers: { authorization: credential, ...headers } });
}

/** Twice, so that the second finds whatever the first left behind. */
async function refusedTwice(ask: () => Promise<Answered>, reason: RegExp): Promise<void> {
  for (const time of ["first", "second"]) {
    const answer = await ask();
    assert.equal(answer.status, 403, `${time}: ${answer.text}`);
    assert.match(String(answer.headers["holdfast-reason"]), reason, time);
  }
  assert.deepEqual(arrived, []);
}

describe("a read that came before", () => {
  test("goes out with the secret, and each time has an intent and an outcome of its own", async () => {
    const { held, proxy, placeholder } = await scene.another();
    try {
      for (const _ of [1, 2, 3]) assert.equal((await read({}, proxy, `Bearer ${placeholder}`)).text, "things");
      assert.deepEqual(arrived, Array(3).fill(`GET ${PATH} Bearer ${scene.token}`));
      const ofIts = async (kind: "intent" | "outcome"): Promise<number> => {
        const opened = (await scene.approvals.events("session_opened")).filter(({ principal }) => principal === held.opened.user);
        const acts = (await scene.approvals.events(kind)).map(({ action }) => action);
        return new Set(acts.filter((act) => opened.some(({ session }) => act.startsWith(`${session}.`)))).size;
      };
      await until("all is on disk", async () => (await ofIts("outcome")) === 3);
      assert.equal(await ofIts("intent"), 3);
    } finally {
      held.letGo();
    }
  });

  test("is another one with another method, header that stands for a method, or body", async () => {
    await refusedTwice(() => read({ method: "DELETE" }), /./);
    await refusedTwice(() => read({ headers: { "x-http-method-override": "DELETE" } }), /./);
    await refusedTwice(() => read({ headers: { "content-type": "application/x-www-form-urlencoded" }, body: "_method=DELETE" }), /./);
    assert.equal((await read({ path: "/v1/things?of=production" })).status, 200);
    assert.deepEqual(arrived, [`GET /v1/things?of=production Bearer ${scene.token}`]);
  });

  test("is refused where a secret stands in it, or a credential that nobody gave out", async () => {
    await refusedTwice(() => read({ headers: { "x-note": scene.token } }), /found_credential/);
    await refusedTwice(() => read({}, scene.proxy, `Bearer ${scene.token}`), /found_credential/);
  });

  test("is refused where another session shows the same placeholder", async () => {
    const { held, proxy, placeholder } = await scene.another();
    try {
      await refusedTwice(() => read({}, proxy), /found_credential/);
      assert.equal((await read({}, proxy, `Bearer ${placeholder}`)).status, 200);
    } finally {
      held.letGo();
    }
  });

  test("beside its Host another one is misdirected, on a connection that served it", async () => {
    const text = (host: string) => `GET ${PATH} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${scene.placeholder}\r\n\r\n`;
    const seen = await inTunnel(scene.proxy, railwayHost, text(railwayHost) + text("api.vercel.com"), /421/);
    assert.match(seen, /^HTTP\/1\.1 200 .*things.*HTTP\/1\.1 421 /s);
    assert.equal(arrived.length, 1);
  });
});

describe("what a read rested on changes", () => {
  test("its secret: the new one goes out, and the old one is still found", async () => {
    const loaded = loadConfig({ path: join(scene.approvals.folder, "holdfast.yaml") });
    assert("config" in loaded);
    const vault = await openSealedVault(loaded.config, vaultPassphrase());
    const holding = (value: string, hosts: readonly string[]) =>
      changeVault(
        vault,
        loaded.config,
        (content) => {
          const secret = { kind: "token" as const, value, hosts, createdAtMs: 0, rotatedAtMs: 1 };
          return { ...content, secrets: { ...content.secrets, "railway-token": secret } };
        },
        "the test",
      );
    try {
      await holding("rw_rotated_0123456789", [railwayHost]);
      await scene.approvals.gateway.look();
      assert.equal((await read()).status, 200);
      assert.deepEqual(arrived.splice(0), [`GET ${PATH} Bearer rw_rotated_0123456789`]);
      await refusedTwice(() => read({ headers: { "x-note": "rw_rotated_0123456789" } }), /found_credential/);
      await holding("rw_rotated_0123456789", ["api.elsewhere.example"]);
      await scene.approvals.gateway.look();
      const answer = await read();
      assert.equal(answer.status, 403, answer.text);
      assert.deepEqual(arrived, []);
    } finally {
      await holding(scene.token, [railwayHost]);
      vault.close();
      await scene.approvals.gateway.look();
    }
  });

  test("the policy: it is refused from then on, and let through again after", async () => {
    const path = join(scene.approvals.folder, "holdfast.yaml");
    const text = readFileSync(path, "utf8");
    const reload = (to: string) => {
      writeFileSync(path, to);
      const loaded = loadConfig({ path });
      assert("config" in loaded, JSON.stringify(loaded));
      scene.approvals.gateway.reload(loaded.config);
    };
    const rule = `{ id: no-things, title: Nothing is read, why: The test, answer: forbid, match: { operation: read, resource_type: api_resource },
      examples: { matches: ["GET https://${railwayHost}/v1/things"], misses: [SELECT 1] } }`;
    try {
      reload(
        `${text.replace("policy: guarded-writes", "policy: mine")}\npolicies: { mine: { extends: guarded-writes, rules: [${rule}] } }\n`,
      );
      await refusedTwice(read, /./);
    } finally {
      reload(text);
    }
    assert.equal((await read()).status, 200);
  });

  test("its session: what a person suspends gets nothing more", async () => {
    const { held, proxy, placeholder } = await scene.another();
    try {
      const own = () => read({}, proxy, `Bearer ${placeholder}`);
      for (const _ of [1, 2, 3]) assert.equal((await own()).status, 200);
      arrived.length = 0;
      await scene.approvals.signed("POST", "/v1/suspensions", { session: held.opened.session, because: "the test" });
      await refusedTwice(own, /suspended/);
    } finally {
      held.letGo();
    }
  });
});
