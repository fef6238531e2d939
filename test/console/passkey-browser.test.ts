/** Must be seen 2 of issue 4: what a passkey in a real browser signed verifies from the exported log alone; one changed byte does not. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { testServer } from "../support/servers.ts";
import { logIn, type OpenBrowser, openBrowser } from "./browser.ts";
import { type ConsoleScene, openConsoleScene, passphrase } from "./real-scene.ts";

describe("a passkey in Chromium", () => {
  let browser: OpenBrowser;
  let scene: ConsoleScene;
  const folder = mkdtempSync(join(tmpdir(), "holdfast-exported-"));

  before(async () => {
    browser = await openBrowser();
    scene = await openConsoleScene(await testServer(18), { approvals: ["cool_off: 0s", "passkey: when_registered"] });
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await browser?.close();
    await scene?.stop();
  });

  test("is registered with the passphrase, signs one plan, and stays as the last one", async () => {
    const { page, context, assertQuiet } = await browser.open(scene.origin);
    try {
      await withAuthenticator(page);
      await logIn(page, "ada", passphrase);
      await register(page);
      const agent = scene.psql("TRUNCATE parcel_items");
      await page.getByRole("link", { name: /^Pending/ }).click();
      await page.getByRole("link", { name: "Open the plan" }).click();
      await page.getByText("a passkey's signature over the plan").waitFor();
      await page.getByRole("button", { name: "Approve…" }).click();
      await page.locator("input[name=confirm]").fill("public.parcel_items");
      assert.equal(await page.getByLabel("Your passphrase").count(), 0, "the passphrase is not asked for");
      await page.getByRole("button", { name: "Approve with passkey" }).click();
      await page.locator(".notice-title").getByText("Carried out").waitFor();
      const { code, stderr } = await agent.done;
      assert.equal(code, 0, stderr);
      assert.equal(await scene.count("SELECT count(*) FROM parcel_items"), 0);
      await keepsTheLast(page);
      assertQuiet();
    } finally {
      await context.close();
    }
  });

  test("what it signed verifies from the exported log alone, and not with one byte changed", async () => {
    const exported = await holdfast("audit", "export", "--directory", join(scene.folder, ".holdfast", "audit"));
    assert.equal(exported.code, 0, exported.stderr);
    const records = exported.stdout.split("\n");
    const at = records.findIndex((line) => line.includes('"approval_answered"'));
    const answered = records[at] ?? "";
    assert.match(answered, /"passkey"/);
    const whole = join(folder, "whole.jsonl");
    writeFileSync(whole, exported.stdout);
    const good = await holdfast("audit", "verify", "--export", whole);
    assert.equal(good.code, 0, `${good.stdout}${good.stderr}`);
    console.log(good.stdout.trim());
    for (const field of ["signature", "clientData", "authenticatorData", "planDigest"]) {
      const changed = answered.replace(
        new RegExp(`("${field}":")(.)`),
        (_, name: string, first: string) => `${name}${first === "a" ? "b" : "a"}`,
      );
      assert.notEqual(changed, answered, field);
      const forged = join(folder, `${field}.jsonl`);
      writeFileSync(forged, records.with(at, changed).join("\n"));
      const bad = await holdfast("audit", "verify", "--export", forged);
      assert.equal(bad.code, 1, `${field}: ${bad.stdout}`);
    }
  });
});

/** The command as it is, run from source in a folder of its own: it knows no configuration. */
async function holdfast(...words: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
  const child = spawn(process.execPath, [program, ...words], { cwd: tmpdir(), stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].on("data", (chunk: Buffer) => (text[name] += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...text };
}

/** Chromium's own virtual authenticator, which holds its keys and verifies its person. */
async function withAuthenticator(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

async function register(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Passkeys" }).click();
  await page.getByLabel("What you call it").fill("a virtual <key>");
  await page.getByLabel("Your passphrase").fill("a wrong one");
  await page.getByRole("button", { name: "Register a passkey" }).click();
  await page.getByText("the name or the passphrase is wrong").waitFor();
  await page.getByLabel("Your passphrase").fill(passphrase);
  await page.getByRole("button", { name: "Register a passkey" }).click();
  await page.getByText("It is registered.").waitFor();
  await page.locator(".entry").getByText("a virtual <key>").waitFor();
}

/** With none left a passphrase alone could make a new one. */
async function keepsTheLast(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Passkeys" }).click();
  await page.getByRole("button", { name: "Remove…" }).click();
  await page.getByRole("dialog").getByLabel("Your passphrase").fill(passphrase);
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByText("it is your last passkey").waitFor();
}
