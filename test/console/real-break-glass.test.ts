/** Break-glass in sight of everybody who has the console open, for as long as it is; and what it cost on the page of attention. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import type { BreakGlass } from "../../src/model/break-glass.ts";
import { testServer } from "../support/servers.ts";
import { logIn, type OpenBrowser, openBrowser } from "./browser.ts";
import { type ConsoleScene, openConsoleScene, orders, passphrase } from "./real-scene.ts";

let browser: OpenBrowser;
let scene: ConsoleScene;
before(async () => {
  browser = await openBrowser();
  scene = await openConsoleScene(await testServer(18));
});
after(async () => {
  await browser?.close();
  await scene?.stop();
});

test("break-glass stands on every page while it is open, with what passed, and is gone when it is ended", async () => {
  const { page, context, assertQuiet } = await browser.open(scene.origin);
  try {
    await logIn(page, "ada", passphrase);
    const notice = page.getByRole("region", { name: "Break-glass" });
    assert.equal(await notice.count(), 0);
    const { opened } = scene.held;
    const terms = { session: opened.session, target: opened.target, untilMs: Date.now() + 600_000, reason: "an <i>outage</i>" };
    const glass = (await scene.signed("POST", "/v1/break-glass", terms)) as BreakGlass;
    assert.equal(glass.state, "open");
    await notice.getByText("nobody is asked").waitFor();
    await notice.getByText("an <i>outage</i>").waitFor();
    await notice.getByText(`holdfast break-glass close ${glass.id}`).waitFor();

    const { stdout } = await scene.psql("DELETE FROM parcels WHERE id <= 10").done;
    assert.match(stdout, /DELETE 10/);
    assert.equal(await scene.count("SELECT count(*) FROM parcels"), orders - 10);
    await page.goto("/#/attention");
    await page.getByText("1 opened, 1 passed unasked").waitFor();
    await notice.getByText("1 act passed unasked").waitFor();
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate("axe.run()")) as axe.AxeResults;
    assert.deepEqual(
      violations.map(({ id }) => id),
      [],
    );

    await scene.signed("DELETE", `/v1/break-glass/${glass.id}`, { because: "it is over" });
    await notice.waitFor({ state: "detached" });
    assertQuiet();
  } finally {
    await context.close();
  }
});
