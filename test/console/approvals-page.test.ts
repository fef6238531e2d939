import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { logIn, type OpenBrowser, openBrowser } from "./browser.ts";
import { openStandIn, passphrase, type StandIn } from "./stand-in-gateway.ts";
import { standInApproval } from "./stand-in-approval.ts";

describe("pending approvals, in a browser", () => {
  let browser: OpenBrowser;
  let gateway: StandIn;

  before(async () => {
    browser = await openBrowser();
    gateway = await openStandIn({ assets: browser.assets, approvals: [] });
  });
  after(async () => {
    await gateway?.close();
    await browser?.close();
  });

  test("no data before a login, and a wrong passphrase is told", async () => {
    const { page, context, assertQuiet } = await browser.open(gateway.server.site.origin);
    try {
      await page.goto("/");
      await page.getByLabel("Person").fill("ada");
      await page.getByLabel("Passphrase").fill("a wrong one");
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByRole("alert").getByText("the name or the passphrase is wrong").waitFor();
      assert.equal(await page.getByRole("navigation").count(), 0);
      assertQuiet();
    } finally {
      await context.close();
    }
  });

  test("a card comes by itself, shows what would happen, and is denied with a reason", async () => {
    const { page, context, assertQuiet } = await browser.open(gateway.server.site.origin);
    try {
      await logIn(page, "ada", passphrase);
      await page.getByText("Nobody waits for you.").waitFor();
      let loads = 0;
      page.on("framenavigated", () => loads++);
      const view = standInApproval();
      gateway.put(view);
      const card = page.locator(`[data-approval="${view.id}"]`);
      await card.waitFor();
      const heading = await card.getByRole("heading").textContent();
      assert.equal(
        heading,
        "Delete 41,203 of 41,210 rows (all but 7) of public.orders, and 164,812 rows of public.order_lines deleted with it",
      );
      assert.match((await card.textContent()) ?? "", /production/);
      await page.getByText(/New question, production: Delete 41,203/).waitFor({ state: "attached" });
      await card.getByRole("button", { name: "Deny…" }).click();
      await page.keyboard.type("this is the live shop");
      await page.keyboard.press("Enter");
      await card.getByText("Denied by ada").waitFor();
      assert.equal(loads, 0, "it came and went without a reload");
      assert.deepEqual(
        gateway.answers.map(({ answer }) => [answer.person, answer.answer, answer.reason, answer.evidence.kind]),
        [["ada", "deny", "this is the live shop", "login"]],
      );
      assertQuiet();
    } finally {
      await context.close();
    }
  });
});
