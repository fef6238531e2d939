/** What ends a question while a person looks at it: its time, a restart, another policy. Each is shown, and nothing is carried out. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadConfig } from "../../src/config/load-config.ts";
import { freePort } from "../../src/cli/demo/free-port.ts";
import { testServer } from "../support/servers.ts";
import { logIn, openBrowser, type OpenPage } from "./browser.ts";
import { type ConsoleScene, type ConsoleSceneOptions, openConsoleScene, passphrase } from "./real-scene.ts";

/** `ada` at the plan of the one statement that is held; all of it is stopped afterwards. */
async function held(options: ConsoleSceneOptions, run: (ada: OpenPage, scene: ConsoleScene) => Promise<void>): Promise<void> {
  const browser = await openBrowser();
  try {
    const scene = await openConsoleScene(await testServer(18), options);
    const ada = await browser.open(scene.origin);
    try {
      await logIn(ada.page, "ada", passphrase);
      const agent = scene.psql("DELETE FROM parcels WHERE id <= 9");
      try {
        await ada.page.getByRole("link", { name: "Open the plan" }).click();
        await run(ada, scene);
        assert.equal(await scene.count("SELECT count(*) FROM parcels"), 1_000);
        ada.assertQuiet();
      } finally {
        agent.kill();
        await agent.done;
      }
    } finally {
      await ada.context.close();
      await scene.stop();
    }
  } finally {
    await browser.close();
  }
}

describe("a question that ends under somebody's eyes", () => {
  test("by its time: the form is taken away and the page says that it means no", () =>
    held({ approvals: ["cool_off: 0s", "passkey: never", "life: 5s"] }, async ({ page }) => {
      await page.getByRole("button", { name: "Approve…" }).click();
      await page.getByLabel("Your passphrase").fill(passphrase);
      await page.locator(".notice-title").getByText("Expired").waitFor();
      assert.equal(await page.getByRole("button", { name: "Approve", exact: true }).count(), 0);
    }));

  test("by another policy: what was asked under the old one is closed", () =>
    held({}, async ({ page }, scene) => {
      await page.getByRole("button", { name: "Approve…" }).click();
      const path = join(scene.folder, "holdfast.yaml");
      writeFileSync(path, readFileSync(path, "utf8").replace("policy: guarded-writes", "policy: read-only"));
      const loaded = loadConfig({ path });
      assert("config" in loaded, JSON.stringify(loaded));
      scene.gateway.reload(loaded.config);
      await page.locator(".notice-title").getByText("Stale").waitFor();
      assert.equal(await page.getByRole("button", { name: "Approve", exact: true }).count(), 0);
    }));
});

describe("a restart while a question stands", () => {
  test("loses the line in sight of everybody, ends the login, and the question stands there again", async () => {
    const port = await freePort();
    await held({ port }, async ({ page }, scene) => {
      await page.getByRole("button", { name: "Deny…" }).waitFor();
      const [asked] = await scene.events("approval_asked");
      await scene.stop();
      await page.getByRole("alert").getByText("Connection lost.").waitFor();
      assert.equal(await page.getByRole("button", { name: "Deny…" }).count(), 0);
      const again = await openConsoleScene(scene.shop.server, { port, folder: scene.folder, shop: scene.shop });
      try {
        await page.getByText(/log in again to go on/).waitFor();
        await logIn(page, "ada", passphrase);
        await page.goto(`/#/approvals/${asked?.approval}`);
        await page.getByRole("button", { name: "Deny…" }).click();
        await page.getByLabel("Why not").fill("not after a restart");
        await page.getByRole("button", { name: "Deny", exact: true }).click();
        await page.locator(".notice-title").getByText("Denied by ada").waitFor();
      } finally {
        await again.stop();
      }
    });
  });
});
