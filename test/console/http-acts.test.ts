/**
 * An agent's API call in a person's browser: a held deletion as a card like any other, agreed to and sent once, and the alarm about a token
 * that was found, there and in a channel. No page of the console knows the protocol.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freePort } from "../../src/cli/demo/free-port.ts";
import { openReceiver, type ReceiverStandIn } from "../channels/receiver-stand-in.ts";
import { openProxyScene, type ProxyScene } from "../http/proxy-scene.ts";
import { logIn, type OpenBrowser, openBrowser, type OpenPage } from "./browser.ts";
import { passphrase } from "./real-scene.ts";

const VOLUME = "3d2c42fb-8f6a-4c0e-9b1d-2f7f5a6b7c8d";
const body = { query: `mutation { volumeDelete(volumeId: "${VOLUME}") }` };
/** Where somebody wants to look at the pages themselves. */
const SHOTS = process.env["HOLDFAST_SHOTS"];

describe("an API call, a person in a browser", () => {
  let browser: OpenBrowser;
  let scene: ProxyScene;
  let receiver: ReceiverStandIn;
  let ada: OpenPage;

  before(async () => {
    browser = await openBrowser();
    receiver = await openReceiver();
    const port = await freePort();
    const channel = `{ kind: webhook, url: "${receiver.url}/hook", secret: { env: HOLDFAST_TEST_AGENT } }`;
    scene = await openProxyScene({
      environment: "production",
      more: `console: { listen: 127.0.0.1:${port} }`,
      approvals: `approvals: { hold: 0s, cool_off: 0s, life: 5min, passkey: never, channels: { books: ${channel} } }`,
    });
    ada = await browser.open(`http://localhost:${port}`);
    await logIn(ada.page, "ada", passphrase);
    await ada.page.getByText("Nobody waits for you.").waitFor();
  });
  after(async () => {
    await browser?.close();
    await scene?.stop();
    await receiver?.close();
  });

  async function shot(name: string): Promise<void> {
    if (SHOTS === undefined) return;
    mkdirSync(SHOTS, { recursive: true });
    const { page } = ada;
    const wide = page.viewportSize();
    for (const scheme of ["light", "dark"] as const)
      for (const [place, size] of [["wide", { width: 1280, height: 900 }] as const, ["phone", { width: 390, height: 844 }] as const]) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize(size);
        await page.screenshot({ path: join(SHOTS, `${name}-${place}-${scheme}.png`), fullPage: true });
      }
    await page.emulateMedia({ colorScheme: "light" });
    if (wide !== null) await page.setViewportSize(wide);
  }

  test("a held deletion is a card with what, where, how large and what cannot be undone; agreed to, it is sent once", async () => {
    const { page } = ada;
    assert.equal((await scene.graphql(body)).status, 403);
    const card = page.locator("[data-approval]").last();
    await card.waitFor();
    const shown = (await card.textContent()) ?? "";
    assert(shown.includes(VOLUME), shown);
    assert.match(shown, /production/);
    assert.match(shown, /What its provider says of it.*production\/postgres, 48 GB; its 6 backups.*on the same volume and go with it/s);
    assert.match(shown, /Cannot be undone/);
    await shot("card");
    await card.getByRole("link", { name: "Open the plan" }).click();
    await page.getByRole("button", { name: "Approve…" }).waitFor();
    const plan = (await page.locator("main").textContent()) ?? "";
    assert.match(plan, /volumeDelete/);
    assert.match(plan, /on the same volume/);
    await shot("plan");
    await page.getByRole("button", { name: "Approve…" }).click();
    const confirm = (await scene.approvals.approvals()).find(({ state }) => state === "pending")?.confirm;
    const form = page.locator("form").last();
    const fields = form.locator("input, textarea");
    const wanted = [...(confirm === undefined ? [] : [confirm]), "the old volume, I looked", passphrase];
    assert.equal(await fields.count(), wanted.length);
    for (const [at, text] of wanted.entries()) await fields.nth(at).fill(text);
    await fields.last().press("Enter");
    await page.locator(".notice-title").getByText("Approved").waitFor();
    const count = scene.railway.received.filter(({ body: sent }) => sent.toString().includes("volumeDelete")).length;
    assert.equal(count, 0, "an approval sends nothing by itself");
    assert.equal((await scene.graphql(body)).status, 200);
    assert.equal((await scene.graphql(body)).status, 403);
    const sent = scene.railway.received.filter(({ body: text }) => text.toString().includes("volumeDelete"));
    assert.equal(sent.length, 1);
    ada.assertQuiet();
  });

  test("a session's timeline tells it like any other act", async () => {
    const { page } = ada;
    await page.goto(`/#/sessions/${encodeURIComponent(scene.held.opened.session)}`);
    await page.getByText(`railway:volume/${VOLUME}`).first().waitFor();
    await shot("timeline");
    ada.assertQuiet();
  });

  test("a token that was found stands on every page, in the status, and reaches the channel without the token", async () => {
    const { page } = ada;
    receiver.got.length = 0;
    const found = await scene.graphql(body, { headers: { authorization: `Bearer ${scene.token}` } });
    assert.match(found.text, /found_credential/);
    await receiver.arrived(1);
    const news = receiver.got.map(({ body: text }) => text).find((text) => text.includes("found_credential")) ?? "";
    const { type, data } = JSON.parse(news) as { type: string; data: Record<string, unknown> };
    assert.equal(type, "found_credential.standing");
    assert.deepEqual([data["provider"], data["environment"], data["count"]], ["railway", "production", 1]);
    assert(!news.includes(scene.token) && !news.includes("authorization"), news);
    const [standing] = scene.approvals.gateway.status().foundCredentials ?? [];
    assert.deepEqual([standing?.provider, standing?.count], ["railway", 1]);
    await page.reload();
    const warning = page.getByRole("alert").getByText("a credential that it was not given");
    await warning.waitFor();
    assert.match((await warning.textContent()) ?? "", /railway, in the header authorization, once: refused/);
    await shot("found");
    ada.assertQuiet();
  });

  test("no file of the console knows HTTP, a provider or GraphQL", () => {
    const root = join(import.meta.dirname, "../../console");
    const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (name) => /\.tsx?$/.test(name) && !name.startsWith("api"),
    );
    const told = files.filter((name) => /graphql|railway|api_|http_|volumeDelete/i.test(readFileSync(join(root, name), "utf8")));
    assert.deepEqual(told, []);
  });
});
