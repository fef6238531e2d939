/** The histories of `histories.test.ts` with other seeds, more of them, and each way of putting rows back on both versions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { playHistories } from "./histories.ts";

const histories = Number(process.env["UNDO_HISTORIES"] ?? 2_000);
const seed = Number(process.env["UNDO_SEED"] ?? 4_711);

for (const version of [15, 18] as const)
  for (const replica of [true, false])
    test(`${histories} histories on PostgreSQL ${version}, ${replica ? "triggers kept from firing" : "foreign keys live"}`, async (t) => {
      const played = await playHistories({ version, replica, seed: seed + version, worlds: 40, histories });
      t.diagnostic(JSON.stringify(played));
      assert(played.histories >= histories);
    });
