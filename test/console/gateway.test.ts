/**
 * The console of a running gateway, with a real database behind it: a held DELETE answered there, what the record then proves by itself,
 * and an agent of the same account that tries to answer it. The authenticator stands in for a browser's.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { verifyLog } from "../../src/audit/verify.ts";
import { verifyExported } from "../../src/cli/audit/persons.ts";
import { callControl } from "../../src/control/client.ts";
import { type ApprovalView, type AuditPage, answerPath, type ExplainView, type PolicyView } from "../../src/control/contract.ts";
import { PersonsReader } from "../../src/control/persons-reader.ts";
import { type ApprovalScene, openApprovalScene, quickly, refusal } from "../approvals/scene.ts";
import { until } from "../grants/scene.ts";
import { testServer } from "../support/servers.ts";
import { ask, logIn, own, type Page } from "./client.ts";
import { openStream } from "./event-stream.ts";
import { SoftwareAuthenticator } from "./software-authenticator.ts";
import { passphrase } from "./stand-in-gateway.ts";

const more = `${quickly}\nconsole: { listen: "127.0.0.1:0" }`;
let scene: ApprovalScene;
let agent: pg.Client;
let origin: string;
let page: Page;
let authenticator: SoftwareAuthenticator;
const held = "DELETE FROM orders WHERE id <= 3 OR true";

before(async () => {
  scene = await openApprovalScene(await testServer(18), { more });
  agent = await scene.agent();
  origin = scene.gateway.status().console?.url ?? "";
  page = await logIn(origin);
  authenticator = new SoftwareAuthenticator(origin);
});
after(async () => {
  await agent?.end();
  await scene?.stop();
});

async function registered(): Promise<void> {
  const begun = await page.send("POST", "/api/passkeys/challenge", { passphrase });
  const { publicKey } = begun.body as { publicKey: { challenge: string; rp: { id: string } } };
  const given = await page.send("POST", "/api/passkeys", { response: authenticator.create(publicKey), label: "a key" });
  assert.equal(given.status, 201, given.text);
}

async function newest(): Promise<ApprovalView> {
  const given = await page.get("/api/approvals");
  assert.equal(given.status, 200, given.text);
  const { approvals } = given.body as { approvals: readonly ApprovalView[] };
  const view = approvals.findLast(({ state }) => state === "pending");
  assert(view !== undefined, "somebody is asked");
  return view;
}

const bodyOf = (view: ApprovalView) => ({ planDigest: view.plan.digest, answer: "approve", reason: "", confirm: view.confirm ?? "" });

describe("an answer at the console", () => {
  test("by passphrase runs the act once, and the agent was told where a person answers", async () => {
    const { message, hint } = await refusal(agent, held);
    const view = await newest();
    assert.equal(view.link, `${origin}/#/approvals/${view.id}`);
    assert.equal(`${message} ${hint}`.includes(view.link), true, `${message} ${hint}`);
    const login = await page.send("POST", `/api/approvals/${view.id}/answer`, { ...bodyOf(view), proof: { kind: "login" } });
    assert.equal(login.status, 403, login.text);
    const given = await page.send("POST", `/api/approvals/${view.id}/answer`, {
      ...bodyOf(view),
      proof: { kind: "passphrase", passphrase },
    });
    assert.equal(given.status, 200, given.text);
    assert.equal((await agent.query(held)).rowCount, 10);
    assert.match((await refusal(agent, held)).message, /held/);
  });

  test("by passkey does so too, and a passphrase does not once the person has one and nothing can be taken back", async () => {
    await registered();
    await refusal(agent, "TRUNCATE orders");
    const view = await newest();
    assert.equal(view.strength, "passkey");
    const words = await page.send("POST", `/api/approvals/${view.id}/answer`, {
      ...bodyOf(view),
      proof: { kind: "passphrase", passphrase },
    });
    assert.equal(words.status, 403, words.text);
    const asked = await page.send("POST", `/api/approvals/${view.id}/challenge`, {});
    const { publicKey } = asked.body as { publicKey: { challenge: string; rpId: string } };
    const assertion = authenticator.get(publicKey);
    const given = await page.send("POST", `/api/approvals/${view.id}/answer`, { ...bodyOf(view), proof: { kind: "passkey", assertion } });
    assert.equal(given.status, 200, given.text);
    await agent.query("TRUNCATE orders");
    assert.equal(await scene.orders(), 0);
    await until("it is settled", async () => (await scene.approvals()).find(({ id }) => id === view.id)?.state === "used");
  });
});

describe("the record", () => {
  const exported = async (): Promise<string> => {
    const lines: string[] = [];
    const directory = scene.gateway.status().audit.directory;
    for (const name of readdirSync(directory)
      .filter((file) => file.endsWith(".jsonl"))
      .sort())
      lines.push(readFileSync(join(directory, name), "utf8"));
    return lines.join("");
  };
  const inFile = (text: string): string => {
    const path = join(mkdtempSync(join(tmpdir(), "holdfast-export-")), "audit.jsonl");
    writeFileSync(path, text);
    return path;
  };

  test("proves the answers by itself: from the log, and from its export alone", async () => {
    const { directory } = scene.gateway.status().audit;
    await until("all is written", async () => (await exported()).includes('"kind":"approval_settled"'));
    const persons = new PersonsReader();
    const publicKey = readFileSync(join(directory, "..", "keys", "audit.pub"), "utf8");
    const report = await verifyLog({ directory, publicKey, persons });
    assert.deepEqual(report.problems, []);
    assert.equal(report.persons, true);
    const { answers, uses, unknownKeys, requests } = persons.figures();
    assert.deepEqual(answers, { signature: 1, passkey: 1, login: 0 });
    assert.deepEqual({ uses, unknownKeys }, { uses: 2, unknownKeys: 0 });
    assert.equal(requests >= 4, true, "the login, the answers and the registration");
    const alone = await verifyExported(inFile(await exported()));
    assert.deepEqual(alone.problems, []);
    assert.deepEqual(alone.persons, persons.figures());
  });

  test("shows a changed byte of an answer, by its line", async () => {
    const text = await exported();
    const [, signature = ""] = /"kind":"passkey".*?"signature":"([\w-]+)"/.exec(text) ?? [];
    assert.notEqual(signature, "");
    const bent = signature.slice(0, 20) + (signature[20] === "A" ? "B" : "A") + signature.slice(21);
    const changed = text.replace(signature, bent);
    const report = await verifyExported(inFile(changed));
    assert.equal(report.ok, false);
    const line = text.slice(0, text.indexOf(signature)).split("\n").length;
    assert.equal(report.problems[0]?.line, line, JSON.stringify(report.problems));
    assert.match(report.problems[0]?.message ?? "", /is not proven: the passkey's signature does not hold/);
  });
});

describe("what the console shows", () => {
  test("is told as it happens: the question, and the record in words", async () => {
    const stream = await openStream(origin, page);
    try {
      await stream.next("status");
      await scene.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 10)", scene.shop.database);
      await refusal(agent, "DELETE FROM orders WHERE id <= 4 OR true");
      const view = (await stream.next("approval")) as ApprovalView;
      assert.equal(view.plan.act.shown, "DELETE FROM orders WHERE id <= 4 OR true");
      assert.equal(view.plan.measured?.tables[0]?.direct.deleted, 10);
      for (;;) {
        const { events } = (await stream.next("audit")) as { events: AuditPage["events"] };
        const found = events.find(({ event }) => event.kind === "approval_asked" && event.approval === view.id);
        if (found === undefined) continue;
        assert.equal(found.line, "approval_asked", "no words were given to this gateway");
        assert.equal(found.index > 0, true);
        break;
      }
      await page.send("POST", `/api/approvals/${view.id}/answer`, {
        ...bodyOf(view),
        answer: "deny",
        confirm: "",
        reason: "only looking",
        proof: { kind: "login" },
      });
      assert.match((await refusal(agent, "DELETE FROM orders WHERE id <= 4 OR true")).message, /only looking/);
    } finally {
      stream.close();
    }
  });

  test("is the log in pages, and that it verifies", async () => {
    const first = (await page.get("/api/audit?limit=10")).body as AuditPage;
    assert.equal(first.events.length, 10);
    assert.equal(first.verification.state, "verified", first.verification.because);
    assert.equal(first.events[0]?.index, first.size - 1);
    const last = first.events.at(-1)?.index ?? 0;
    const next = (await page.get(`/api/audit?limit=10&before=${last}`)).body as AuditPage;
    assert.deepEqual(next.events[0]?.index, last - 1);
    const sought = (await page.get("/api/audit?limit=5&text=passkey_registered")).body as AuditPage;
    assert.equal(
      sought.events.some(({ event }) => event.kind === "passkey_registered" && event.person === "ada"),
      true,
    );
    const mine = (await page.get(`/api/audit?session=${encodeURIComponent("q_nothing")}`)).body as AuditPage;
    assert.deepEqual(mine.events, []);
    assert.equal((await page.get("/api/audit?before=-1")).status, 400);
  });

  test("is each policy with its examples tried, and what a text would be answered with the catalogue of now", async () => {
    const { policies } = (await page.get("/api/policies")).body as { policies: readonly PolicyView[] };
    const [policy] = policies;
    assert.equal(policy?.name, "guarded-writes");
    const examples = policy.rules.flatMap((rule) => rule.examples);
    assert.equal(examples.length > 10, true);
    assert.deepEqual(
      examples.filter(({ ok }) => !ok),
      [],
    );
    const explain = async (text: string) => (await page.send("POST", "/api/explain", { target: policy.target, text })).body as ExplainView;
    assert.equal((await explain("SELECT * FROM orders")).decision, "allow");
    const deletion = await explain("DELETE FROM orders");
    assert.equal(deletion.decision, "hold");
    assert.equal(
      deletion.effects.some(({ resource }) => resource === "table:public.orders"),
      true,
      JSON.stringify(deletion.effects),
    );
    assert.equal((await page.send("POST", "/api/explain", { target: "nothing", text: "SELECT 1" })).status, 404);
  });
});

describe("an agent of the same account", () => {
  test("finds nothing in files that logs in or answers", async () => {
    const { directory } = scene.gateway.status().audit;
    const state = join(directory, "..");
    const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    assert.equal(files.length > 3, true);
    const [, token = ""] = page.cookie.split("=");
    for (const { parentPath, name } of files) {
      const bytes = readFileSync(join(parentPath, name));
      for (const secret of [token, page.csrf, passphrase]) assert.equal(bytes.includes(secret), false, name);
    }
  });

  test("answers neither at the console nor at the socket, whatever it copies from the record", async () => {
    await scene.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 10)", scene.shop.database);
    const rows = await scene.orders();
    await refusal(agent, held);
    const view = await newest();
    const body = bodyOf(view);
    const evidence = (await scene.events("approval_answered")).map((event) => event.evidence);
    const passkey = evidence.find((each) => each.kind === "passkey");
    const signed = evidence.find((each) => each.kind === "signature");
    assert(passkey?.kind === "passkey" && signed?.kind === "signature");
    const { clientData: clientDataJSON, authenticatorData, signature, credential } = passkey;
    const assertion = { id: credential, rawId: credential, type: "public-key", response: { clientDataJSON, authenticatorData, signature } };
    const path = `/api/approvals/${view.id}/answer`;
    for (const proof of [
      { kind: "passkey", assertion },
      { kind: "login" },
      { kind: "passphrase", passphrase: "what an agent would guess" },
    ]) {
      const outside = await ask(origin, { method: "POST", path, headers: own(origin), body: { ...body, proof } });
      assert.equal(outside.status, 401, JSON.stringify(proof));
      // With a cookie that it stole from the browser.
      const inside = await page.send("POST", path, { ...body, proof });
      assert.equal(inside.status, 403, `${JSON.stringify(proof)}: ${inside.text}`);
    }
    const { socket } = scene;
    const headers = { "x-holdfast-person": "ada", "x-holdfast-nonce": signed.nonce, "x-holdfast-signature": signed.signature };
    await assert.rejects(callControl(socket, { method: "POST", path: answerPath(view.id), headers, body: { approval: view.id, ...body } }));
    assert.equal((await newest()).answers.length, 0);
    assert.equal(await scene.orders(), rows);
  });

  test("cannot take the console's other address to ask for passphrases there", async () => {
    const port = Number(new URL(origin).port);
    const six = await new Promise<string>((resolve) => {
      const server = createServer();
      server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
      server.listen({ host: "::1", port }, () => server.close(() => resolve("taken")));
    });
    assert.equal(["EADDRINUSE", "EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(six), true, six);
  });
});
