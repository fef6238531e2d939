import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { manualClock } from "../base/clock.ts";
import { type ApprovalId, systemRandom } from "../base/ids.ts";
import type { ApprovalEvent } from "../model/event.ts";
import { approvalRecords } from "./approval-records.ts";
import { loadOrCreateSigner } from "./keys.ts";
import { openAuditLog } from "./open.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-approval-records-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const used = (n: number): ApprovalEvent => ({
  kind: "approval_used",
  approval: `q_${n}` as ApprovalId,
  planDigest: "d".repeat(64),
  attempt: `a${n}`,
  transaction: null,
});

async function recordsSince(directory: string, sinceMs: number): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const event of approvalRecords(directory, sinceMs)) found.push(event.approval);
  return found;
}

describe("the log's records of approvals", () => {
  test("are read back in order over segments, from the last that begins before the time, and none is left out", async () => {
    const directory = join(folder, "audit");
    const clock = manualClock();
    const signer = await loadOrCreateSigner(join(folder, "keys"), "test");
    const { log } = await openAuditLog({
      directory,
      origin: "test",
      clock,
      random: systemRandom,
      signer,
      segmentBytesMax: 400,
      hashing: "here",
    });
    const start = clock.now();
    for (let n = 0; n < 10; n++) {
      log.append({ kind: "login_refused", user: `"kind":"approval_used" ${n}`, peer: "", because: "no" });
      log.append(used(n));
      await log.seal();
      clock.advance(1_000);
    }
    await log.close();
    const all = Array.from({ length: 10 }, (_, n) => `q_${n}`);
    assert.deepEqual(await recordsSince(directory, start - 1), all);
    const late = await recordsSince(directory, start + 7_000);
    assert.deepEqual(late, all.slice(-late.length));
    assert(late.length >= 3 && late.length < 10, `${late.length} read`);
    assert.deepEqual(await recordsSince(join(folder, "empty"), 0), []);
  });
});
