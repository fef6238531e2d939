/** Whoever reaches the console's port and is no person in front of our own page: over real sockets, header by header. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ask, type Asked, logIn, own, type Page } from "./client.ts";
import { openStandIn, passphrase, type StandIn } from "./stand-in-gateway.ts";
import { standInApproval } from "./stand-in-approval.ts";

const outside = "the secret beside the console's folder";
const pageText = "<!doctype html><title>Holdfast</title>";
let stand: StandIn;
let origin: string;
let page: Page;
before(async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-pages-"));
  const assets = join(folder, "console");
  mkdirSync(assets);
  writeFileSync(join(folder, "secret.json"), outside);
  writeFileSync(join(assets, "index.html"), pageText);
  writeFileSync(join(assets, "main-0A1B2C3D.js"), "export {};");
  stand = await openStandIn({ assets });
  ({ origin } = stand.server.site);
  page = await logIn(origin);
});
after(() => stand.close());

/** The bytes of an answer to these bytes, until the other end closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(origin).port), "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.once("close", () => resolve(answer));
    socket.once("error", reject);
    socket.write(text);
  });
}

const statusOf = (answer: string): number => Number(answer.split(" ")[1]);

describe("a name that is not ours", () => {
  test("gets nothing, with a cookie or without", async () => {
    for (const host of [
      "evil.example",
      `evil.example:${new URL(origin).port}`,
      "localhost",
      "localhost:1",
      `localhost.evil.example:${new URL(origin).port}`,
    ]) {
      for (const path of ["/", "/api/approvals", "/main-0A1B2C3D.js"]) {
        const given = await ask(origin, { path, headers: { host, cookie: page.cookie } });
        assert.equal(given.status, 421, `${host} ${path}`);
        assert.equal(given.text.includes(stand.parts.gateway), false);
      }
    }
  });

  test("two names are none", async () => {
    const { host } = new URL(origin);
    const answer = await raw(
      `GET /api/me HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\nCookie: ${page.cookie}\r\nConnection: close\r\n\r\n`,
    );
    assert.equal([400, 421].includes(statusOf(answer)), true, answer);
  });

  test("a whole URL as the target is a proxy's and not ours", async () => {
    const { host } = new URL(origin);
    const answer = await raw(`GET ${origin}/api/me HTTP/1.1\r\nHost: ${host}\r\nCookie: ${page.cookie}\r\nConnection: close\r\n\r\n`);
    assert.equal(statusOf(answer), 400, answer);
  });

  test("the address in numbers sends pages on, and answers nothing else", async () => {
    const host = `127.0.0.1:${new URL(origin).port}`;
    const given = await ask(origin, { path: "/#x".slice(0, 1), headers: { host } });
    assert.equal(given.status, 308);
    assert.equal(given.headers["location"], `${origin}/`);
    assert.equal((await ask(origin, { path: "/api/me", headers: { host, cookie: page.cookie } })).status, 421);
    const posted = { method: "POST", path: "/api/login", headers: { ...own(origin), host }, body: { person: "ada", passphrase } };
    assert.equal((await ask(origin, posted)).status, 421);
  });
});

describe("a page of somebody else", () => {
  const suspend = (headers: Asked["headers"]) =>
    ask(origin, { method: "POST", path: "/api/sessions/r_1/suspend", headers: { ...headers }, body: { because: "forged" } });

  test("changes nothing in the person's name, whatever it can make a browser send", async () => {
    const good = { ...own(origin), cookie: page.cookie, "x-holdfast-csrf": page.csrf };
    const { origin: _, ...withoutOrigin } = good;
    const { "x-holdfast-csrf": __, ...withoutToken } = good;
    const other = await logIn(origin);
    const tries: readonly [string, Asked["headers"]][] = [
      ["another origin", { ...good, origin: "https://evil.example" }],
      ["another port of this machine", { ...good, origin: "http://localhost:1" }],
      ["the address in numbers", { ...good, origin: `http://127.0.0.1:${new URL(origin).port}` }],
      ["no origin", withoutOrigin],
      ["an opaque origin", { ...good, origin: "null" }],
      ["two origins", { ...good, origin: [origin, "https://evil.example"] }],
      ["a browser that says same-site", { ...good, "sec-fetch-site": "same-site" }],
      ["a browser that says cross-site", { ...good, "sec-fetch-site": "cross-site" }],
      ["no token", withoutToken],
      ["another token", { ...good, "x-holdfast-csrf": "A".repeat(43) }],
      ["the token of another login of the same person", { ...good, "x-holdfast-csrf": other.csrf }],
    ];
    for (const [what, headers] of tries) assert.equal((await suspend(headers)).status, 403, what);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
      assert.equal((await suspend({ ...good, "content-type": type })).status, 400, type);
    assert.deepEqual(stand.asked, []);
    assert.equal((await suspend(good)).status, 200);
    stand.asked.length = 0;
  });

  test("logs nobody in", async () => {
    const body = { person: "ada", passphrase };
    for (const headers of [{ "content-type": "application/json" }, { ...own(origin), origin: "https://evil.example" }])
      assert.equal((await ask(origin, { method: "POST", path: "/api/login", headers, body })).status, 403);
  });

  test("reads nothing, even where the browser sends the cookie along", async () => {
    for (const site of ["same-site", "cross-site"])
      assert.equal((await ask(origin, { path: "/api/me", headers: { cookie: page.cookie, "sec-fetch-site": site } })).status, 403);
    const given = await ask(origin, { path: "/api/me", headers: { cookie: page.cookie, origin: "http://localhost:1" } });
    assert.equal(given.status, 403);
    assert.equal(given.headers["access-control-allow-origin"], undefined);
    assert.equal((await ask(origin, { method: "OPTIONS", path: "/api/me", headers: { origin: "http://localhost:1" } })).status, 403);
  });
});

describe("a cookie", () => {
  const status = async (cookie: string) =>
    (await ask(origin, { path: "/api/me", headers: { cookie, "sec-fetch-site": "same-origin" } })).status;

  test("that is not the login's, is bent, or comes twice, is none", async () => {
    const [name = "", token = ""] = page.cookie.split("=");
    assert.equal(await status(page.cookie), 200);
    assert.equal(await status(`other=1; ${page.cookie}; more=2`), 200);
    for (const bad of [
      `${name}=`,
      `${name}=${"A".repeat(43)}`,
      `${name}=${token}x`,
      `${name}=${token.slice(1)}`,
      `${name}="${token}"`,
      `${name}=${"A".repeat(43)}; ${page.cookie}`,
      `${page.cookie}; ${page.cookie}`,
      `holdfast=${token}`,
    ])
      assert.equal(await status(bad), 401, bad);
  });

  test("alone approves nothing", async () => {
    const view = standInApproval();
    stand.put(view);
    const { csrf } = (await page.get("/api/me")).body as { csrf: string };
    const body = { planDigest: view.plan.digest, answer: "approve", reason: "", confirm: "public.orders" };
    const headers = { ...own(origin), cookie: page.cookie, "x-holdfast-csrf": csrf };
    const tried = (proof: unknown) =>
      ask(origin, { method: "POST", path: `/api/approvals/${view.id}/answer`, headers, body: { ...body, proof } });
    for (const proof of [
      { kind: "login" },
      { kind: "passphrase", passphrase: "a guess of mine" },
      { kind: "passkey", assertion: {} },
      {},
      null,
      "login",
    ])
      assert.equal([400, 403].includes((await tried(proof)).status), true, JSON.stringify(proof));
    assert.deepEqual(stand.answers, []);
  });
});

describe("a request that is too much, or none", () => {
  test("is refused before it costs anything", async () => {
    const huge = { ...own(origin), cookie: page.cookie, "x-holdfast-csrf": page.csrf };
    const big = await ask(origin, { method: "POST", path: "/api/explain", headers: huge, body: "x".repeat(70_000) });
    assert.equal(big.status, 413);
    const { host } = new URL(origin);
    const long = await raw(`GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${"y".repeat(20_000)}\r\n\r\n`);
    assert.equal(statusOf(long), 431, long.slice(0, 100));
    for (const body of [
      "{",
      "[]",
      '"x"',
      "null",
      '{"person":1,"passphrase":"x"}',
      '{"person":"ada"}',
      '{"person":"ada","passphrase":"x","admin":true}',
    ])
      assert.equal((await ask(origin, { method: "POST", path: "/api/login", headers: own(origin), body })).status, 400, body);
  });

  test("that never ends is cut off", async () => {
    const { host } = new URL(origin);
    const unfinished = [
      `GET / HTTP/1.1\r\nHost: ${host}\r\n`,
      `POST /api/login HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`,
    ];
    for (const answer of await Promise.all(unfinished.map(raw))) assert.equal(answer === "" || statusOf(answer) === 408, true, answer);
  });

  test("with another method is refused, by name", async () => {
    for (const method of ["PUT", "PATCH", "HEAD", "TRACE"]) {
      const given = await ask(origin, { method, path: "/" });
      assert.equal(given.status, 405, method);
      assert.equal(given.headers["allow"], "GET");
    }
    const deleted = await page.send("DELETE", "/api/approvals", {});
    assert.equal(deleted.status, 405);
    assert.equal(deleted.headers["allow"], "GET");
    assert.equal((await page.get("/api/nothing")).status, 404);
  });

  test("does not climb out of the pages", async () => {
    const { host } = new URL(origin);
    for (const path of [
      "/../secret.json",
      "/..%2fsecret.json",
      "/%2e%2e/secret.json",
      "/console/../../secret.json",
      "/./../secret.json",
      "//secret.json",
      "/secret.json",
    ]) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.equal(answer.includes(outside), false, path);
      assert.equal(statusOf(answer), 404, path);
    }
    for (const id of ["..%2f..", "%00", "%0d%0aSet-Cookie:%20x=1", "%zz", "a/b", "a%2fb"])
      assert.equal([400, 404].includes((await page.get(`/api/approvals/${id}`)).status), true, id);
  });
});

describe("what is answered", () => {
  test("says to the browser that nothing else may run, on every kind of answer", async () => {
    const answers = [
      await ask(origin, { path: "/" }),
      await ask(origin, { path: "/main-0A1B2C3D.js" }),
      await ask(origin, { path: "/api/me" }),
      await ask(origin, { path: "/nothing.js" }),
      await ask(origin, { path: "/", headers: { host: "evil.example" } }),
      await page.get("/api/approvals"),
    ];
    for (const { headers, status } of answers) {
      const policy = String(headers["content-security-policy"]);
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/, String(status));
      assert.match(policy, /frame-ancestors 'none'/);
      assert.equal(/unsafe|\*|https?:/.test(policy), false, policy);
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["cross-origin-resource-policy"], "same-origin");
      assert.equal(headers["cross-origin-opener-policy"], "same-origin");
    }
    assert.deepEqual(
      answers.map(({ headers }) => headers["cache-control"]),
      ["no-store", "public, max-age=31536000, immutable", "no-store", "no-store", "no-store", "no-store"],
    );
    assert.equal((await ask(origin, { path: "/approvals" })).text, pageText, "a path without an extension is the console's page");
  });

  test("keeps markup as data, in every field that others fill", async () => {
    const evil = `</script><script>alert(1)</script><img src=x onerror=alert(1)>\r\nSet-Cookie: x=1`;
    const view = standInApproval({ because: evil, confirm: evil }, evil);
    stand.put({ ...view, plan: { ...view.plan, target: { ...view.plan.target, name: evil }, undo: [evil], unmeasured: [evil] } });
    const given = await page.get(`/api/approvals/${view.id}`);
    assert.equal(given.headers["content-type"], "application/json");
    assert.equal((given.body as typeof view).plan.act.shown, evil);
    assert.equal(given.headers["set-cookie"], undefined);
    const named = await ask(origin, { method: "POST", path: "/api/login", headers: own(origin), body: { person: evil, passphrase } });
    assert.equal(named.status, 403);
    assert.equal(named.text.includes("<script"), false);
    assert.equal(named.headers["set-cookie"], undefined);
  });
});
