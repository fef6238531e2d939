/**
 * Debian's Chromium with the console in it: one browser a test file, one context a test. Whatever the page's policy stopped, whatever it
 * threw and whatever it asked of another origin is kept, and `assertQuiet` demands that there was nothing.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { buildConsole } from "../../scripts/build-console.ts";
import { home } from "../../scripts/files.ts";
import { tool } from "../support/tools.ts";

export interface OpenBrowser {
  /** The folder with the built console, for the server. */
  readonly assets: string;
  readonly open: (origin: string, options?: BrowserContextOptions) => Promise<OpenPage>;
  readonly close: () => Promise<void>;
}

export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong in the browser, in words. */
  readonly complaints: string[];
  readonly assertQuiet: () => void;
}

/** Waits of a machine that does other things as well. */
const PATIENCE_MS = 30_000;

export async function openBrowser(): Promise<OpenBrowser> {
  const executablePath = await tool("chromium");
  // Where a gateway run from source finds them; what is built from the same sources is written once.
  const { folder: assets } = await buildConsole(join(home, "dist", "console"));
  // Chromium has no sandbox of its own for root; what it loads here is our own page.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
  const browser = await chromium.launch({ executablePath, args, headless: true });
  return {
    assets,
    open: (origin, options = {}) => openPage(browser, origin, options),
    close: () => browser.close(),
  };
}

async function openPage(browser: Browser, origin: string, options: BrowserContextOptions): Promise<OpenPage> {
  const context = await browser.newContext({ baseURL: origin, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    // A refusal by the server is logged by the browser too; the page shows it, and the tests look there.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(`logged: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) complaints.push(`asked of another origin: ${url.origin}`);
  });
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await context.exposeFunction("tellViolation", (text: string) => complaints.push(`stopped by the policy: ${text}`));
  // As text, for this file is not compiled for a browser.
  await context.addInitScript({
    content: `document.addEventListener("securitypolicyviolation", (event) =>
      tellViolation(event.violatedDirective + " " + event.blockedURI + " " + event.sample));`,
  });
  return { page, context, complaints, assertQuiet: () => assert.deepEqual(complaints, []) };
}

/** Logs in through the page as a person would, and waits until the pages stand. */
export async function logIn(page: Page, person: string, passphrase: string): Promise<void> {
  await page.goto("/");
  await page.getByLabel("Person").fill(person);
  await page.getByLabel("Passphrase").fill(passphrase);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}
