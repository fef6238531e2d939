/** Must be seen 1 of issue 4: an agent's DELETE held in psql, the card pushed to a person's browser, and each way it can end. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { testServer } from "../support/servers.ts";
import type { ApprovalView, ConsoleLists } from "../../src/control/contract.ts";
import type { Page } from "playwright-core";
import { logIn, type OpenBrowser, openBrowser, type OpenPage } from "./browser.ts";
import { type Agent, type ConsoleScene, openConsoleScene, passphrase } from "./real-scene.ts";

describe("an agent in psql, a person in a browser", () => {
  let browser: OpenBrowser;
  let scene: ConsoleScene;
  let ada: OpenPage;
  const agents: Agent[] = [];

  before(async () => {
    browser = await openBrowser();
    scene = await openConsoleScene(await testServer(18));
    ada = await browser.open(scene.origin);
    await logIn(ada.page, "ada", passphrase);
    await ada.page.getByText("Nobody waits for you.").waitFor();
  });
  after(async () => {
    await browser?.close();
    await scene?.stop();
  });

  test("the card comes by push with the measured counts, and a denial reaches psql with its reason", async () => {
    const { page } = ada;
    let loads = 0;
    page.on("framenavigated", () => loads++);
    const agent = psql("DELETE FROM parcels WHERE id <= 20");
    const card = page.locator("[data-approval]").last();
    await card.waitFor();
    const { askedAtMs } = await viewOf(ada);
    console.log(`the card stood ${Date.now() - askedAtMs} ms after it was asked`);
    assert.equal(
      await card.getByRole("heading").textContent(),
      "Delete 20 of 1,000 rows (2.0 %) of public.parcels, and 80 rows of public.parcel_items deleted with it",
    );
    const text = (await card.textContent()) ?? "";
    assert.match(text, /production/);
    assert.match(text, /tidy up the north region/);
    await card.getByRole("button", { name: "Deny…" }).click();
    await page.keyboard.type("these are the live parcels");
    await page.keyboard.press("Enter");
    await card.getByText("Denied by ada").waitFor();
    const { code, stderr } = await agent.done;
    assert.equal(loads, 0, "by push, without a reload");
    assert.notEqual(code, 0);
    assert.match(stderr, /these are the live parcels/);
    assert.deepEqual(await left(), [1_000, 4_000]);
    ada.assertQuiet();
  });

  test("by keyboard alone: opened, agreed to with the passphrase, and carried out once while psql waits", async () => {
    const { page } = ada;
    await page.goto("/#/decided");
    await page.goto("/#/approvals");
    const agent = psql("DELETE FROM parcels WHERE id BETWEEN 21 AND 30 RETURNING id");
    await page.locator("[data-approval] [data-deny]").waitFor();
    const keys = new Keyboard(page);
    await keys.press("j", "Enter");
    await page.getByRole("button", { name: "Approve…" }).waitFor();
    await keys.focusedOn("Deny…");
    await keys.press("Tab");
    await keys.focusedOn("Approve…");
    await keys.press("Enter");
    await keys.focusedOn("Deny instead…");
    const { confirm } = await viewOf(ada);
    await keys.press("Tab", "Tab");
    if (confirm !== undefined) await keys.type(confirm, "Tab");
    await keys.type("duplicates, I looked", "Tab");
    await keys.type(passphrase, "Enter");
    await page.locator(".notice-title").getByText("Carried out").waitFor();
    const { code, stdout, stderr } = await agent.done;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /DELETE 10/);
    assert.deepEqual(await left(), [990, 3_960]);
    assert.equal((await viewOf(ada)).state, "used");
    ada.assertQuiet();
  });

  test("two who agree at the same moment: it is carried out once, and both are shown that", async () => {
    const bob = await browser.open(scene.origin);
    try {
      await logIn(bob.page, "bob", passphrase);
      const agent = psql("DELETE FROM parcels WHERE id BETWEEN 31 AND 41");
      const pages = [ada.page, bob.page];
      await Promise.all(pages.map((page) => openPlan(page, 11)));
      await Promise.all(pages.map((page) => fillApproval(page, ada)));
      await Promise.all(pages.map((page) => page.getByRole("button", { name: "Approve", exact: true }).click()));
      const { code, stderr } = await agent.done;
      assert.equal(code, 0, stderr);
      await Promise.all(pages.map((page) => page.locator(".notice-title").getByText("Carried out").waitFor()));
      assert.deepEqual(await left(), [979, 3_916]);
      const { id } = await viewOf(ada);
      assert.equal((await scene.events("approval_used")).filter(({ approval }) => approval === id).length, 1);
      bob.assertQuiet();
      ada.assertQuiet();
    } finally {
      await bob.context.close();
    }
  });

  test("rows changed since it was measured: nothing of it stays, and the page says stale", async () => {
    const agent = psql("DELETE FROM parcels WHERE id BETWEEN 42 AND 53");
    await openPlan(ada.page, 12);
    await fillApproval(ada.page, ada);
    await scene.shop.server.asSuperuser("DELETE FROM parcel_items WHERE parcel_id = 42", scene.shop.database);
    const before = await left();
    await ada.page.getByRole("button", { name: "Approve", exact: true }).click();
    await ada.page.locator(".notice-title").getByText("Stale").waitFor();
    const { code } = await agent.done;
    assert.notEqual(code, 0);
    assert.deepEqual(await left(), before);
    ada.assertQuiet();
  });

  test("an agent that leaves while somebody reads: the question closes under their eyes", async () => {
    const agent = psql("DELETE FROM parcels WHERE id BETWEEN 61 AND 73");
    await openPlan(ada.page, 13);
    await ada.page.getByRole("button", { name: "Approve…" }).click();
    const before = await left();
    agent.kill();
    await ada.page.locator(".notice-title").getByText("Abandoned").waitFor();
    assert.equal(await ada.page.getByRole("button", { name: "Approve", exact: true }).count(), 0);
    await agent.done;
    assert.deepEqual(await left(), before);
    ada.assertQuiet();
  });

  afterEach(() => agents.splice(0).forEach((agent) => agent.kill()));

  function psql(sql: string): Agent {
    const agent = scene.psql(sql);
    agents.push(agent);
    return agent;
  }

  async function left(): Promise<readonly number[]> {
    return [await scene.count("SELECT count(*) FROM parcels"), await scene.count("SELECT count(*) FROM parcel_items")];
  }
});

/** The question asked last, as the browser gets it. */
async function viewOf({ page }: OpenPage): Promise<ApprovalView> {
  const lists = (await page.evaluate("fetch('/api/approvals').then((answer) => answer.json())")) as Pick<ConsoleLists, "approvals">;
  const last = lists.approvals.toSorted((a, b) => a.askedAtMs - b.askedAtMs).at(-1);
  assert.ok(last);
  return last;
}

/** The plan that would delete so many parcels: each test has a number of its own. */
async function openPlan(page: Page, parcels: number): Promise<void> {
  await page.goto("/#/approvals");
  const card = page.locator("[data-approval]:has([data-deny])").filter({ hasText: `Delete ${parcels} of ` });
  await card.getByRole("link", { name: "Open the plan" }).click();
}

async function fillApproval(page: Page, asked: OpenPage): Promise<void> {
  await page.getByRole("button", { name: "Approve…" }).click();
  const { confirm } = await viewOf(asked);
  if (confirm !== undefined) await page.locator("input[name=confirm]").fill(confirm);
  await page.getByLabel("Your passphrase").fill(passphrase);
}

class Keyboard {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key);
  }

  async type(text: string, ...keys: readonly string[]): Promise<void> {
    await this.#page.keyboard.type(text);
    await this.press(...keys);
  }

  /** Waits until the focus stands on what has this text. */
  async focusedOn(text: string): Promise<void> {
    await this.#page
      .locator(":focus")
      .getByText(text, { exact: true })
      .or(this.#page.locator(`:focus:text-is("${text}")`))
      .first()
      .waitFor();
  }
}
