/** Logging in to the console, what a login lets a person do, and what it does not. Real sockets, real keys, a stand-in for the desk. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ask, logIn, own } from "./client.ts";
import { openStandIn, passphrase, type StandIn, standInPerson } from "./stand-in-gateway.ts";
import { standInApproval } from "./stand-in-approval.ts";
import { manualClock } from "../../src/base/clock.ts";
import { signatureFits, statementText, bodyDigest } from "../../src/control/signed-statement.ts";

describe("a login", () => {
  let stand: StandIn;
  let origin: string;
  before(async () => {
    stand = await openStandIn();
    origin = stand.server.site.origin;
  });
  after(() => stand.close());

  test("gives a strict cookie, and says who it is", async () => {
    const given = await ask(origin, { method: "POST", path: "/api/login", headers: own(origin), body: { person: "ada", passphrase } });
    assert.equal(given.status, 200, given.text);
    const [cookie = ""] = given.headers["set-cookie"] as readonly string[];
    assert.match(cookie, /^holdfast_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const page = await logIn(origin);
    const me = await page.get("/api/me");
    assert.deepEqual(me.body, { person: "ada", approves: ["production", "staging"], csrf: page.csrf, passkeys: [] });
    assert.notEqual(
      stand.events.findIndex((event) => event.kind === "person_attempt" && event.accepted && event.path === "/console/login"),
      -1,
    );
  });

  test("is refused in the same words for a wrong passphrase and for a name that nobody has", async () => {
    const tried = async (person: string, words: string) => {
      const { status, text } = await ask(origin, {
        method: "POST",
        path: "/api/login",
        headers: own(origin),
        body: { person, passphrase: words },
      });
      return { status, text };
    };
    const wrong = await tried("ada", "another passphrase altogether");
    const unknown = await tried("nobody", passphrase);
    assert.equal(wrong.status, 403);
    assert.deepEqual(wrong, unknown);
    assert.equal(JSON.stringify(stand.events).includes("another passphrase"), false);
  });

  test("without it there is no data", async () => {
    for (const path of ["/api/me", "/api/status", "/api/approvals", "/api/sessions", "/api/grants", "/api/asks", "/api/events"])
      assert.equal((await ask(origin, { path })).status, 401, path);
  });

  test("lists and shows approvals", async () => {
    const page = await logIn(origin);
    const { body } = await page.get("/api/approvals");
    const [first] = (body as unknown as { approvals: { id: string }[] }).approvals;
    assert(first !== undefined);
    assert.equal((await page.get(`/api/approvals/${first.id}`)).status, 200);
    assert.equal((await page.get("/api/approvals/q_nothing")).status, 404);
  });

  test("denies with a reason, and approves nothing", async () => {
    const page = await logIn(origin);
    const view = standInApproval();
    stand.put(view);
    const answer = { planDigest: view.plan.digest, reason: "not today", confirm: "", proof: { kind: "login" } };
    const approved = await page.send("POST", `/api/approvals/${view.id}/answer`, {
      ...answer,
      answer: "approve",
      confirm: "public.orders",
    });
    assert.equal(approved.status, 403, approved.text);
    const denied = await page.send("POST", `/api/approvals/${view.id}/answer`, { ...answer, answer: "deny" });
    assert.equal(denied.status, 200, denied.text);
    assert.equal((denied.body as unknown as { state: string }).state, "denied");
    assert.deepEqual(stand.answers.at(-1)?.evidence, { kind: "login" });
  });

  test("with the passphrase the answer is signed as the command line signs it", async () => {
    const page = await logIn(origin);
    const view = standInApproval();
    stand.put(view);
    const body = { planDigest: view.plan.digest, answer: "approve", reason: "", confirm: "public.orders" };
    const wrong = { ...body, proof: { kind: "passphrase", passphrase: "not the right one, no" } };
    assert.equal((await page.send("POST", `/api/approvals/${view.id}/answer`, wrong)).status, 403);
    const right = await page.send("POST", `/api/approvals/${view.id}/answer`, { ...body, proof: { kind: "passphrase", passphrase } });
    assert.equal(right.status, 200, right.text);
    const evidence = stand.answers.at(-1)?.evidence;
    assert(evidence?.kind === "signature");
    assert.deepEqual(evidence.body, { approval: view.id, ...body });
    const { gateway, nonce, method, path } = evidence;
    const statement = statementText({ gateway, person: "ada", nonce, method, path, bodyDigest: bodyDigest(evidence.body) });
    assert.equal(signatureFits(statement, evidence.publicKey, evidence.signature), true);
  });

  test("stops a session, and lets it go on only with the passphrase", async () => {
    const page = await logIn(origin);
    assert.equal((await page.send("POST", "/api/sessions/r_1/suspend", { because: "odd" })).status, 200);
    assert.equal((await page.send("POST", "/api/sessions/r_1/resume", { because: "", proof: { kind: "login" } })).status, 403);
    assert.equal(
      (await page.send("POST", "/api/sessions/r_1/resume", { because: "", proof: { kind: "passphrase", passphrase } })).status,
      200,
    );
    assert.equal((await page.send("POST", "/api/sessions/r_1/end", { because: "" })).status, 200);
    assert.deepEqual(stand.asked, ["ada suspended r_1: odd", "ada resumed r_1: ", "ada ended r_1: "]);
  });

  test("ends with the logout", async () => {
    const page = await logIn(origin);
    const out = await page.send("POST", "/api/logout", {});
    assert.equal(out.status, 200);
    assert.match(String(out.headers["set-cookie"]), /=; .*Max-Age=0/);
    assert.equal((await page.get("/api/me")).status, 401);
  });
});

describe("a login's end", () => {
  test("comes by itself: idle, after its time, with the person, with another passphrase", async () => {
    const clock = manualClock();
    const stand = await openStandIn({ clock });
    const { origin } = stand.server.site;
    try {
      const idle = await logIn(origin);
      clock.advance(14 * 60_000);
      assert.equal((await idle.get("/api/me")).status, 200);
      clock.advance(15 * 60_000);
      assert.equal((await idle.get("/api/me")).status, 401);
      const old = await logIn(origin);
      for (let minutes = 0; minutes < 8 * 60; minutes += 10) {
        assert.equal((await old.get("/api/me")).status, 200, String(minutes));
        clock.advance(10 * 60_000);
      }
      assert.equal((await old.get("/api/me")).status, 401);
      const removed = await logIn(origin);
      const [ada] = stand.persons.splice(0);
      assert.equal((await removed.get("/api/me")).status, 401);
      assert(ada !== undefined);
      stand.persons.push(ada);
      const other = await logIn(origin);
      stand.persons.splice(0, 1, await standInPerson("ada", "another passphrase of ada"));
      assert.equal((await other.get("/api/me")).status, 401);
    } finally {
      await stand.close();
    }
  });
});
