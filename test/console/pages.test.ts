/** The pages on their own, behind a stand-in of the gateway: logins that end, lines that break, text that wants to be markup, keys. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { ApprovalView, SessionView } from "../../src/control/contract.ts";
import { logIn, type OpenBrowser, type OpenPage, openBrowser } from "./browser.ts";
import { standInApproval } from "./stand-in-approval.ts";
import { openStandIn, passphrase, type StandIn, type StandInOptions } from "./stand-in-gateway.ts";

/** What an agent or a database might be called to become a part of the page, or to be read as something else. */
const hostile = `<img src=x onerror="document.title='owned'"><script>alert(1)</script>{{7*7}}\u202e\u200b\u0007&amp;"'`;
const shownHostile = `<img src=x onerror="document.title='owned'"><script>alert(1)</script>{{7*7}}U+202EU+200BU+0007&amp;"'`;

let browser: OpenBrowser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** Logged in as `ada`; both ended afterwards, whatever happened. */
async function at(options: StandInOptions, run: (ada: OpenPage, gateway: StandIn) => Promise<void>): Promise<void> {
  const gateway = await openStandIn({ assets: browser.assets, ...options });
  try {
    const ada = await browser.open(gateway.server.site.origin);
    try {
      await logIn(ada.page, "ada", passphrase);
      await run(ada, gateway);
      ada.assertQuiet();
    } finally {
      await ada.context.close();
    }
  } finally {
    await gateway.close();
  }
}

describe("a login", () => {
  test("ends by hand: the data is gone from the page, and the cookie opens nothing", () =>
    at({}, async ({ page }) => {
      await page.locator("[data-approval]").waitFor();
      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByText("you have logged out").waitFor();
      assert.equal(await page.locator("[data-approval]").count(), 0);
      const status = await page.evaluate("fetch('/api/approvals').then(({ status }) => status)");
      assert.equal(status, 401);
    }));

  test("ends when nobody does anything: the page says so by itself", async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    await at({ clock }, async ({ page }) => {
      await page.locator("[data-approval]").waitFor();
      ahead = 16 * 60_000;
      await page.getByText(/log in again to go on/).waitFor();
      assert.equal(await page.locator("[data-approval]").count(), 0);
    });
  });

  test("ends when the person is no more", () =>
    at({}, async ({ page }, gateway) => {
      await page.locator("[data-approval]").waitFor();
      gateway.persons.splice(0);
      await page.getByText(/log in again to go on/).waitFor();
    }));
});

describe("a line that breaks", () => {
  test("is said, makes the page look old, takes the buttons away; and everything is asked for anew when it is back", () =>
    at({}, async ({ page, context }, gateway) => {
      const [first] = await gateway.parts.approvals.list();
      await page.goto(`/#/approvals/${first?.id}`);
      await page.getByRole("button", { name: "Approve…" }).click();
      await context.setOffline(true);
      await page.getByRole("alert").getByText("Connection lost.").waitFor();
      assert.equal(await page.locator("main.stale").count(), 1);
      assert.equal(await page.getByRole("button", { name: "Approve", exact: true }).count(), 0);
      assert.equal(await page.getByRole("button", { name: "Deny…" }).count(), 0);
      const missed = standInApproval();
      gateway.put(missed);
      await context.setOffline(false);
      await page.getByRole("button", { name: "Deny…" }).waitFor();
      assert.equal(await page.locator("main.stale").count(), 0);
      await page.getByRole("link", { name: "Pending approvals" }).click();
      await page.locator(`[data-approval="${missed.id}"]`).waitFor();
    }));
});

describe("text that wants to be more", () => {
  test("stays text in every field of a plan, with what cannot be seen made visible", () =>
    at({ approvals: [hostileApproval()] }, async ({ page }, gateway) => {
      const [view] = await gateway.parts.approvals.list();
      for (const address of ["/#/approvals", `/#/approvals/${view?.id}`]) {
        await page.goto(address);
        await page.getByText("production").first().waitFor();
        const text = (await page.locator("main").textContent()) ?? "";
        assert.ok(text.includes(shownHostile), address);
        assert.equal(await page.locator("main img, main script").count(), 0);
        assert.notEqual(await page.title(), "owned");
      }
      const statement = await page.getByRole("region", { name: "The whole statement" }).textContent();
      assert.equal(statement, `DELETE FROM t -- ${shownHostile}\n/* ${"long ".repeat(2_000)}*/`);
    }));

  test("stays text in sessions and in what was decided", () =>
    at({ approvals: [{ ...hostileApproval(), state: "denied", because: hostile }], sessions: [hostileSession()] }, async ({ page }) => {
      for (const address of ["/#/decided", "/#/sessions"]) {
        await page.goto(address);
        await page.locator("main [data-card]").waitFor();
        assert.ok(((await page.locator("main").textContent()) ?? "").includes(shownHostile), address);
        assert.equal(await page.locator("main img, main script").count(), 0);
      }
    }));
});

describe("an answer", () => {
  test("needs the name typed as it stands, and a proof; neither is sent without the other", () =>
    at({}, async ({ page }, gateway) => {
      await page.getByRole("link", { name: "Open the plan" }).click();
      await page.getByRole("button", { name: "Approve…" }).click();
      const approve = page.getByRole("button", { name: "Approve", exact: true });
      await approve.click();
      await page.getByText("this is not the name").waitFor();
      await page.locator("input[name=confirm]").fill("public.order");
      await page.getByLabel("Your passphrase").fill(passphrase);
      await approve.click();
      await page.getByText("this is not the name").waitFor();
      assert.equal(gateway.answers.length, 0);
      await page.locator("input[name=confirm]").fill("public.orders");
      await page.getByLabel("Your passphrase").fill("not this one");
      await approve.click();
      await page.getByText("the name or the passphrase is wrong").waitFor();
      assert.equal(gateway.answers.length, 0);
      await page.getByLabel("Your passphrase").fill(passphrase);
      await approve.click();
      await page.locator(".notice-title").getByText("Approved").waitFor();
      assert.deepEqual(
        gateway.answers.map(({ answer, evidence }) => [answer.person, answer.answer, evidence.kind]),
        [["ada", "approve", "signature"]],
      );
    }));

  test("begun on a plan that changes is gone, and the new one has to be read first", () =>
    at({}, async ({ page }, gateway) => {
      const [view] = await gateway.parts.approvals.list();
      assert.ok(view);
      await page.goto(`/#/approvals/${view.id}`);
      await page.getByRole("button", { name: "Approve…" }).click();
      await page.getByLabel("Your passphrase").fill(passphrase);
      gateway.put({ ...view, revision: 7, plan: { ...view.plan, digest: "another" } });
      await page.getByText("The plan has changed while you looked").waitFor();
      assert.equal(await page.getByLabel("Your passphrase").count(), 0);
      await page.getByRole("button", { name: "I am reading it again" }).click();
      await page.getByRole("button", { name: "Deny…" }).waitFor();
    }));

  test("is not offered for an environment that is not the person's, nor where a passkey is missing", () => {
    const one = standInApproval({ strength: "passkey" });
    const other = standInApproval();
    const foreign = { ...other, plan: { ...other.plan, target: { ...other.plan.target, environment: "development" as const } } };
    return at({ approvals: [one, foreign] }, async ({ page }) => {
      await page.goto(`/#/approvals/${one.id}`);
      await page.getByText(/register one under Passkeys/).waitFor();
      assert.equal(await page.getByRole("button", { name: "Approve…" }).count(), 0);
      await page.goto(`/#/approvals/${foreign.id}`);
      await page.getByText("You may not approve for development.").waitFor();
      assert.equal(await page.getByRole("button", { name: "Approve…" }).count(), 0);
    });
  });
});

describe("the keyboard", () => {
  test("moves, opens, goes to Deny, shows its help; no key alone answers", () =>
    at({ approvals: [standInApproval({ askedAtMs: 1 }), standInApproval({ askedAtMs: 2 })] }, async ({ page }, gateway) => {
      const cards = page.locator("[data-approval]");
      await cards.nth(1).waitFor();
      const press = (...keys: readonly string[]) =>
        keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
      await press("j", "j", "j");
      await page.locator("[data-approval]:focus").and(cards.nth(1)).waitFor();
      await press("k", "d");
      await cards.nth(0).locator("[data-deny]:focus").waitFor();
      await press("?");
      await page.getByRole("dialog").getByText("put the focus on Deny").waitFor();
      await press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      for (const key of "abcdefghiklmnopqrstuvwxyz0123456789") await press(key);
      assert.equal(gateway.answers.length, 0);
      assert.equal(gateway.asked.length, 0);
    }));
});

describe("stopping", () => {
  test("everything takes a reason and the login alone, and reaches each session", () =>
    at(
      { sessions: [session("r_one", "agent-a"), session("r_two", "agent-a"), session("r_three", "agent-b")] },
      async ({ page }, gateway) => {
        await page.goto("/#/sessions");
        await page.getByRole("button", { name: "Stop all 2 of this agent…" }).first().click();
        await page.getByRole("dialog").getByText("This reaches 2 sessions").waitFor();
        await page.getByRole("button", { name: "Leave them running" }).click();
        await page.getByRole("button", { name: "Stop everything…" }).click();
        await page.getByRole("button", { name: "Suspend now" }).click();
        await page.getByText(/say why/).waitFor();
        assert.equal(gateway.asked.length, 0);
        await page.getByLabel("Why").fill("it drops tables");
        await page.getByRole("button", { name: "Suspend now" }).click();
        await page.getByRole("dialog").waitFor({ state: "detached" });
        assert.deepEqual(gateway.asked.toSorted(), [
          "ada suspended r_one: it drops tables",
          "ada suspended r_three: it drops tables",
          "ada suspended r_two: it drops tables",
        ]);
      },
    ));
});

function hostileApproval(): ApprovalView {
  const { plan, ...view } = standInApproval();
  const before = { [hostile]: hostile, id: "1" };
  const table = {
    direct: { inserted: 0, updated: 1, deleted: 0 },
    following: { inserted: 0, updated: 0, deleted: 0 },
    rowsBefore: 9,
    bytes: 1,
  };
  return {
    ...view,
    confirm: hostile,
    plan: {
      ...plan,
      target: { ...plan.target, name: hostile, database: hostile, identity: hostile },
      asked: { principal: hostile, purpose: hostile, actsFor: hostile },
      act: { digest: "d", shown: `DELETE FROM t -- ${hostile}\n/* ${"long ".repeat(2_000)}*/`, parts: 1 },
      measured: {
        tables: [{ table: hostile, ...table, samples: [{ before, after: { ...before, id: hostile } }] }],
        objects: [{ type: hostile, name: hostile, change: "dropped" }],
        locks: [{ relation: hostile, mode: hostile, heldMs: 1 }],
        parts: [1],
        elapsedMs: 1,
        on: "target",
      },
      unmeasured: [hostile],
      undo: [hostile],
      policy: { digest: hostile, rules: [hostile] },
      preconditions: [{ name: hostile, value: hostile }],
    },
  };
}

function session(id: string, principal: string, more: Partial<SessionView> = {}): SessionView {
  const nothing = { statements: 0, refused: 0, rowsRead: 0, rowsChanged: 0, bytes: 0, held: 0 };
  return {
    id: id as SessionView["id"],
    kind: "program",
    principal,
    principalKind: "ai_agent",
    target: "shop",
    environment: "production",
    program: "",
    programVersion: "",
    actsFor: "",
    purpose: "",
    budget: { statements: 10, rowsRead: null, rowsChanged: null, bytes: null, held: null, wallMs: null },
    startedAtMs: Date.now(),
    state: "open",
    used: nothing,
    connections: 1,
    grants: 0,
    ...more,
  };
}

function hostileSession(): SessionView {
  return session("r_hostile", hostile, {
    target: hostile,
    program: hostile,
    actsFor: hostile,
    purpose: hostile,
    because: hostile,
    state: "suspended",
  });
}
