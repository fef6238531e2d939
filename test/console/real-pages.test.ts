/** Every page of the console on a real gateway at work: in light and dark, wide and narrow, without a barrier that axe finds. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { testServer } from "../support/servers.ts";
import { logIn, type OpenBrowser, openBrowser, type OpenPage } from "./browser.ts";
import { type Agent, type ConsoleScene, openConsoleScene, passphrase } from "./real-scene.ts";

const forms = [
  { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { colorScheme: "dark", viewport: { width: 360, height: 740 } },
  { colorScheme: "light", viewport: { width: 360, height: 740 } },
  { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
] as const;

describe("the pages of a gateway at work", () => {
  let browser: OpenBrowser;
  let scene: ConsoleScene;
  let waiting: Agent;
  let pending = "";

  before(async () => {
    browser = await openBrowser();
    scene = await openConsoleScene(await testServer(18), { approvals: ["cool_off: 0s", "passkey: never", "hold: 5min"] });
    await denied(await browser.open(scene.origin), scene);
    await scene.grant(scene.held.opened.session, { tables: ["public.parcels"], reason: "a <b>test</b>" });
    waiting = scene.psql("DELETE FROM parcels WHERE id <= 20");
    const { page, context } = await browser.open(scene.origin);
    await logIn(page, "ada", passphrase);
    pending = (await page.locator("[data-approval]:has([data-deny])").getAttribute("data-approval")) ?? "";
    await context.close();
  });
  after(async () => {
    waiting?.kill();
    await browser?.close();
    await scene?.stop();
  });

  for (const form of forms)
    test(`${form.colorScheme}, ${form.viewport.width} wide`, async () => {
      const { page, context, assertQuiet } = await browser.open(scene.origin, form);
      try {
        await page.goto("/");
        await page.getByLabel("Passphrase").waitFor();
        await assertUsable(page, "login");
        await logIn(page, "ada", passphrase);
        for (const { address, shows } of pages(pending, scene.held.opened.session)) {
          await page.goto(address);
          await page.getByText(shows).first().waitFor();
          await assertUsable(page, address);
        }
        await page.goto(`/#/approvals/${pending}`);
        await page.getByRole("button", { name: "Approve…" }).click();
        await assertUsable(page, "the form to approve");
        await page.getByRole("button", { name: "Deny instead…" }).click();
        await assertUsable(page, "the form to deny");
        await page.goto("/#/sessions");
        await page.getByRole("button", { name: "Stop everything…" }).click();
        await assertUsable(page, "the dialog that stops");
        assertQuiet();
      } finally {
        await context.close();
      }
    });

  test("the policy page tells its rules with their examples' results, and explains a text", async () => {
    const { page, context, assertQuiet } = await browser.open(scene.origin);
    try {
      await logIn(page, "ada", passphrase);
      await page.goto("/#/policy");
      await page.getByText(/all \d+ examples hold/).waitFor();
      await page.getByLabel("The text").fill("DROP TABLE parcels");
      await page.getByRole("button", { name: "Explain" }).click();
      await page.getByText("A person would be asked").waitFor();
      await page.getByText("table:public.parcels").waitFor();
      assertQuiet();
    } finally {
      await context.close();
    }
  });

  test("a session's timeline tells what was intended, decided and done, and is searched", async () => {
    const client = await scene.connect(scene.held);
    await client.query("SELECT count(*) FROM parcels WHERE region = 'a secret place'");
    await client.end();
    const { page, context, assertQuiet } = await browser.open(scene.origin);
    try {
      await logIn(page, "ada", passphrase);
      await page.goto(`/#/sessions/${scene.held.opened.session}`);
      const act = page.locator(".moment-allow").filter({ hasText: "count(*)" });
      await act.getByText("let through").waitFor();
      await act.getByText("→ 1 row returned").waitFor();
      assert.equal(((await page.locator("main").textContent()) ?? "").includes("a secret place"), false);
      await page.locator(".moment-hold").first().waitFor();
      await page.getByLabel("Search in this session").fill("nothing holds this");
      await page.keyboard.press("Enter");
      await page.getByText("Nothing of it holds this text.").waitFor();
      assertQuiet();
    } finally {
      await context.close();
    }
  });
});

function pages(approval: string, session: string): readonly { readonly address: string; readonly shows: string | RegExp }[] {
  return [
    { address: "/#/approvals", shows: /left to answer/ },
    { address: `/#/approvals/${approval}`, shows: "What it rests on" },
    { address: "/#/decided", shows: "not these" },
    { address: "/#/sessions", shows: "statements" },
    { address: `/#/sessions/${session}`, shows: "held" },
    { address: "/#/audit", shows: "✓ Verified" },
    { address: "/#/grants", shows: "a <b>test</b>" },
    { address: "/#/policy", shows: /examples hold/ },
    { address: "/#/attention", shows: "answered in under 2 s" },
    { address: "/#/recovery", shows: "The log tells of no backup" },
    { address: "/#/passkeys", shows: "Register one" },
  ];
}

async function denied({ page, context }: OpenPage, scene: ConsoleScene): Promise<void> {
  const agent = scene.psql("DELETE FROM parcels WHERE id <= 5");
  await logIn(page, "ada", passphrase);
  await page.getByRole("button", { name: "Deny…" }).click();
  await page.getByLabel("Why not").fill("not these");
  await page.getByRole("button", { name: "Deny", exact: true }).click();
  await agent.done;
  await context.close();
}

/** No barrier that axe knows of, and nothing that makes the whole page scroll sideways. */
async function assertUsable(page: Page, what: string): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate("axe.run()")) as axe.AxeResults;
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${what}: ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`),
    [],
  );
  const beyond = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
  assert.ok(beyond <= 0, `${what} is ${beyond} pixels wider than the window`);
}
