/**
 * Runs the cases on one version of the server: one database for each, because what is provisioned is what is there at that moment.
 * It holds no case itself.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ServerVersion } from "../support/servers.ts";
import { journalCases } from "./cases.ts";
import { assertComplete, openJournalScene } from "./scene.ts";

export function imagesAreComplete(version: ServerVersion): void {
  describe(`images of rows on PostgreSQL ${version} give the former rows back`, () => {
    for (const { name, setup, later, act, rows, since = 14 } of journalCases) {
      if (since > version) continue;
      test(name, async () => {
        const scene = await openJournalScene(version, setup);
        try {
          if (later !== undefined) await scene.owner.query(later);
          const { gone, came } = await assertComplete(scene, async () => {
            for (const sql of act) await scene.acting.query(sql);
          });
          if (rows !== undefined) assert.deepEqual([gone, came], rows);
          else assert(gone + came > 0, "something was changed");
        } finally {
          await scene.stop();
        }
      });
    }
  });
}
