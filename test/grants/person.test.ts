/** Who may do what at the control socket: an agent asks, a person grants, and nothing that a person must sign passes without. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { callControl, type HeldSession, Refused } from "../../src/control/client.ts";
import { routes } from "../../src/control/routes/index.ts";
import { signRequest } from "../../src/control/sign-request.ts";
import type { Ask, Grant } from "../../src/model/grant.ts";
import { testServer } from "../support/servers.ts";
import { challenge, openScene, type Scene, until } from "./scene.ts";

const refused = (code: string, message: RegExp) => (error: unknown) => {
  assert(error instanceof Refused, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

describe("the control socket", () => {
  let scene: Scene;
  let held: HeldSession;
  const body = (more: object = {}) => ({
    session: held.opened.session,
    tables: ["public.orders"],
    operations: ["delete"],
    untilMs: Date.now() + 60_000,
    usesMax: 1,
    rowsMax: 1,
    reason: "",
    ...more,
  });
  before(async () => {
    scene = await openScene(await testServer(18), { approves: ["production"] });
    held = await scene.program({ purpose: "clean up", actsFor: "ada" });
  });
  after(async () => {
    held.letGo();
    await scene.stop();
  });

  test("a signature is good for one request: not for another body, path or time", async () => {
    const good = body();
    const sign = async (path: string, over: unknown) => {
      const given = {
        person: "ada",
        passphrase: Buffer.from("a passphrase that nobody would guess 7"),
        challenge: await challenge(scene.socket, "ada"),
      };
      const { person, nonce, signature } = await signRequest({ ...given, gateway: scene.socket, method: "POST", path, body: over });
      return { "x-holdfast-person": person, "x-holdfast-nonce": nonce, "x-holdfast-signature": signature };
    };
    const headers = await sign("/v1/grants", good);
    const wider = { ...good, rowsMax: 1_000_000 };
    await assert.rejects(
      callControl(scene.socket, { method: "POST", path: "/v1/grants", body: wider, headers }),
      refused("person_needed", /./),
    );
    const suspension = { session: held.opened.session, because: "x" };
    const elsewhere = await sign("/v1/suspensions", suspension);
    await assert.rejects(
      callControl(scene.socket, { method: "POST", path: "/v1/grants", body: good, headers: elsewhere }),
      refused("person_needed", /./),
    );
    const once = await sign("/v1/grants", good);
    const given = (await callControl(scene.socket, { method: "POST", path: "/v1/grants", body: good, headers: once })) as Grant;
    await assert.rejects(
      callControl(scene.socket, { method: "POST", path: "/v1/grants", body: good, headers: once }),
      refused("person_needed", /used before/),
    );
    await scene.signed("DELETE", `/v1/grants/${given.id}`, null);
    await assert.rejects(scene.signed("POST", "/v1/grants", good, "grace"), refused("person_needed", /./));
  });

  test("an agent asks from inside its session with a purpose; a person's grant answers", async () => {
    const ask = (more: object) =>
      callControl(scene.socket, {
        method: "POST",
        path: "/v1/asks",
        body: {
          session: held.opened.session,
          token: held.opened.askToken,
          tables: ["public.orders"],
          operations: ["delete"],
          purpose: "remove the two duplicates",
          ...more,
        },
      }) as Promise<Ask>;
    await assert.rejects(ask({ purpose: "x" }), refused("bad_request", /`purpose`/));
    await assert.rejects(ask({ token: "" }), refused("not_allowed", /from inside the session/));
    await assert.rejects(ask({ operations: ["truncate"] }), refused("bad_request", /nothing else is granted/));
    await assert.rejects(ask({ until: 7 }), refused("bad_request", /`until` is not known here/));
    const asked = await ask({});
    assert.deepEqual(await scene.acl(), [], "asking opens nothing");
    await scene.grant(held.opened.session, { ask: asked.id, usesMax: 1 });
    const { asks } = (await callControl(scene.socket, { method: "GET", path: "/v1/asks" })) as { asks: Ask[] };
    assert.equal(asks.find(({ id }) => id === asked.id)?.state, "granted");
    await assert.rejects(scene.grant(held.opened.session, { ask: asked.id }), refused("conflict", /is not one that waits/));
    const [event] = await scene.events("grant_asked");
    assert.deepEqual([event?.purpose, event?.relations], ["remove the two duplicates", ["public.orders"]]);
    for (let n = 0; n < 20; n++) await ask({ purpose: `one more of many, number ${n}` });
    await assert.rejects(ask({}), refused("too_many", /too many open asks/));
  });

  test("a grant stays within what the executor may, what exists, what a person may decide, and a day", async () => {
    await scene.shop.server.asSuperuser("CREATE TABLE supers (id int)", scene.shop.database);
    for (const [more, code, message] of [
      [{ tables: ["public.supers"] }, "not_allowed", /belongs to `postgres`, for whom .* may not act/],
      [{ tables: ["public.nothing"] }, "not_allowed", /no table is named `public.nothing`/],
      [{ tables: ["pg_catalog.pg_authid"] }, "not_allowed", /no table is named/],
      [{ tables: ["orders"] }, "bad_request", /each with its schema/],
      [{ operations: ["truncate"] }, "bad_request", /nothing else is granted/],
      [{ untilMs: Date.now() + 48 * 3_600_000 }, "bad_request", /up to 24 hours/],
      [{ untilMs: 1 }, "bad_request", /not into the past/],
      [{ session: "r_nobody" }, "not_found", /no open session/],
    ] as const)
      await assert.rejects(scene.grant(held.opened.session, more), refused(code, message), JSON.stringify(more));
  });

  test("suspended, a session does nothing and nobody logs in; resumed, it goes on; ended by a person, it is gone", async () => {
    const client = await scene.connect(held);
    await client.query("BEGIN");
    await scene.signed("POST", "/v1/suspensions", { session: held.opened.session, because: "let me look" });
    await assert.rejects(client.query("SELECT 1"));
    await assert.rejects(scene.connect(held), { code: "57P01" });
    await scene.signed("DELETE", `/v1/suspensions/${held.opened.session}`, { because: "" });
    const again = await scene.connect(held);
    await again.query("SELECT 1");
    await scene.signed("DELETE", `/v1/sessions/${held.opened.session}`, { because: "enough" });
    assert.equal(await held.ended, "ada ended it: enough");
    await assert.rejects(again.query("SELECT 1"));
    const kinds = await Promise.all((["run_suspended", "run_resumed", "run_ended"] as const).map((kind) => scene.events(kind)));
    assert.deepEqual(
      kinds.map((events) => events.length),
      [1, 1, 1],
    );
  });

  test("what is too long, no JSON, or unknown is refused by name", async () => {
    const raw = (path: string, text: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request({ socketPath: scene.socket, path, method: "POST" }, (response) => resolve(response.resume().statusCode ?? 0));
        sent.on("error", reject);
        sent.end(text);
      });
    assert.equal(await raw("/v1/asks", "{"), 400);
    assert.equal(await raw("/v1/asks", "[]"), 400);
    assert.equal(await raw("/v1/asks", JSON.stringify({ purpose: "x".repeat(100_000) })), 413);
    assert.equal(await raw("/v1/nothing", "{}"), 404);
    assert.equal(await raw("/v1/grants/", "{}"), 404);
  });
});

describe("a person who may not decide here", () => {
  test("is told so, and nothing is opened", async () => {
    const scene = await openScene(await testServer(18), { approves: ["staging"] });
    const held = await scene.program();
    await assert.rejects(
      scene.grant(held.opened.session),
      refused("not_allowed", /may decide about staging, and target `.*` is production/),
    );
    assert.deepEqual(await scene.acl(), []);
    held.letGo();
    await scene.stop();
  });
});

// At a gateway of its own: after so many refusals it tells no reasons for a while.
describe("a control socket that nobody signs for", () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene(await testServer(18), { approves: ["production"] });
  });
  after(() => scene.stop());

  test("every route that takes a person refuses whoever does not sign, and the refusal is on record", async () => {
    const signed = routes.filter((route) => route.signed);
    assert.deepEqual(
      signed.map(({ method, path }) => `${method} ${path}`),
      [
        "DELETE /v1/sessions/",
        "POST /v1/suspensions",
        "DELETE /v1/suspensions/",
        "POST /v1/grants",
        "DELETE /v1/grants/",
        "POST /v1/approvals/",
        "POST /v1/break-glass",
        "POST /v1/break-glass/",
        "DELETE /v1/break-glass/",
        "POST /v1/plans/signed",
        "POST /v1/plans/apply/signed",
        "POST /v1/undos",
        "POST /v1/bin-restores",
        "POST /v1/bin-empties",
        "DELETE /v1/backups/",
        "DELETE /v1/backup-slots/",
        "POST /v1/drills",
        "POST /v1/restores",
      ],
    );
    for (const { method, path } of signed) {
      const call = { method, path: path.endsWith("/") ? `${path}x` : path, body: {} };
      await assert.rejects(callControl(scene.socket, call), refused("person_needed", /./), `${method} ${path}`);
    }
    await until("it is on record", async () => (await scene.events("person_attempt")).length >= signed.length);
    assert.deepEqual(await scene.acl(), []);
  });
});
