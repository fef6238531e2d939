/** The page of recovery behind a stand-in of the gateway: what the log tells is shown, hostile names are text, news is seen at once. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newBackupId, newBinEntryId, newDrillId, newUndoId } from "../../src/base/ids.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { logIn, type OpenBrowser, openBrowser } from "./browser.ts";
import { openStandIn, passphrase } from "./stand-in-gateway.ts";

const hostile = `orders"><img src=x onerror="document.title='owned'">\u202e`;
const shownHostile = `orders"><img src=x onerror="document.title='owned'">U+202E`;

const backup = newBackupId();
const undo = newUndoId();
const target = "shop";
const checks = [
  { name: "manifest", passed: true, because: "214 files" },
  { name: "wal", passed: false, because: "segment 000000010000000000000007 is missing" },
];
const records: readonly AuditEvent[] = [
  { kind: "backup_started", backup, target, method: "basebackup" },
  { kind: "backup_done", backup, target, method: "basebackup", bytes: 48_000_000, manifest: "ab" },
  { kind: "drill_done", drill: newDrillId(), target, backup, passed: false, checks, recoveryMs: 4_200, lostMs: null, tables: [] },
  { kind: "recovery_alarm", target, about: "drill_failed", because: "a segment of WAL is missing" },
  {
    kind: "bin_put",
    entry: newBinEntryId(),
    target,
    database: "shop",
    tag: "DROP TABLE",
    names: [hostile],
    objects: 4,
    bytes: 81_920,
  },
  {
    kind: "undo_started",
    undo,
    target,
    database: "shop",
    transactions: ["771"],
    planDigest: "aa",
    skipConflicts: false,
    person: "ada",
    nonce: "n",
  },
];
const done: AuditEvent = {
  kind: "undo_done",
  undo,
  how: "done",
  tables: [{ table: "public.orders", inserted: 41, updated: 0, deleted: 0, truncated: 0 }],
  skipped: 2,
  transaction: "790",
  because: "",
};

let browser: OpenBrowser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

describe("the page of recovery", () => {
  test("shows alarms, the drill with what failed, backups, the bin and what was undone", async () => {
    const gateway = await openStandIn({ assets: browser.assets });
    gateway.events.push(...records);
    const ada = await browser.open(gateway.server.site.origin);
    try {
      const { page } = ada;
      await logIn(page, "ada", passphrase);
      await page.getByRole("link", { name: "Recovery" }).click();
      const main = page.locator("main");
      await main.getByText("1 alarm").waitFor();
      const shown = async (): Promise<string> => ((await main.textContent()) ?? "").replaceAll(/\s+/g, " ");
      const text = await shown();
      for (const part of [
        "drill failed: a segment of WAL is missing",
        "FAILED, back in 4.2 s",
        "what would be lost is not known",
        "1 of 2 checks passed",
      ])
        assert.ok(text.includes(part), `${part} in ${text}`);
      for (const part of ["000000010000000000000007", "done (basebackup)", "48.0 MB", "DROP TABLE", shownHostile, "running"])
        assert.ok(text.includes(part), `${part} in ${text}`);
      assert.equal(await main.locator("img").count(), 0);
      gateway.events.push(done);
      gateway.tell([{ index: 8, atMs: Date.now(), line: "undone", event: done }]);
      await main.getByText("41 rows").waitFor();
      assert.ok((await shown()).includes("2 rows"));
      ada.assertQuiet();
    } finally {
      await ada.context.close();
      await gateway.close();
    }
  });
});
