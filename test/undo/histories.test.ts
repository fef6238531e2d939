/**
 * Whatever an agent did to rows, undo brings every table back byte for byte, and never overwrites what others wrote since: 2,000
 * random histories on real servers. `UNDO_HISTORIES=50000 UNDO_SEED=7` before it plays more, or others.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { playHistories } from "./histories.ts";

const histories = Number(process.env["UNDO_HISTORIES"] ?? 2_000);
const seed = Number(process.env["UNDO_SEED"] ?? 20_261_122);

describe("histories of agents, taken back", { concurrency: 2 }, () => {
  for (const [version, replica] of [
    [15, true],
    [18, false],
  ] as const)
    test(`PostgreSQL ${version}, ${replica ? "triggers kept from firing" : "triggers switched off and foreign keys live"}`, async (t) => {
      const played = await playHistories({ version, replica, seed: seed + version, worlds: 20, histories: histories / 2 });
      t.diagnostic(JSON.stringify(played));
      assert(played.histories >= histories / 2);
      assert(played.undone > played.histories / 2, "most of them changed something");
      assert(played.conflicts > 0, "others were in the way at times");
    });

  test("images that are netted wrongly are found", async () => {
    // An update that forgets what a row became: the planted defect.
    const defect = (text: string) => text.replaceAll("SELECT j.text, sum(j.n) AS n", "SELECT j.text, max(j.n) AS n");
    await assert.rejects(playHistories({ version: 15, replica: true, seed, worlds: 4, histories: 200, defect }), /history \d+ in w/);
  });
});
