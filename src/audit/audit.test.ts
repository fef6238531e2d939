import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync } from "node:crypto";
import { openAuditLog } from "./open.ts";
import { verifyLog } from "./verify.ts";
import { signerOf } from "./keys.ts";
import { verifierKeyText } from "./note.ts";
import { manualClock } from "../base/clock.ts";
import { systemRandom } from "../base/ids.ts";
import type { ActionId } from "../base/ids.ts";

test("a log written, closed and opened again verifies", async () => {
  const directory = await mkdtemp(join(tmpdir(), "audit-"));
  const signer = signerOf(generateKeyPairSync("ed25519").privateKey, "holdfast-test");
  const options = { directory, origin: "holdfast.example/test", clock: manualClock(), random: systemRandom, signer };
  const publicKey = verifierKeyText(signer.keyName, signer.publicKey);
  try {
    for (let round = 0; round < 3; round += 1) {
      const { log, recovered } = await openAuditLog(options);
      assert.equal(recovered.unknownOutcomes.length, round === 0 ? 0 : 1);
      for (let i = 0; i < 10; i += 1) {
        const action = `s_x.${round}-${i}` as ActionId;
        log.append({ kind: "intent", action, judgement: "j_1", decision: "allow", code: "permitted" });
        if (i % 3 === 0) await log.seal();
        if (i !== 9) log.append({ kind: "outcome", action, outcome: { status: "succeeded", measured: { elapsedMs: 1.25, rowsChanged: 2 } } });
      }
      await log.close();
      const report = await verifyLog({ directory, publicKey });
      assert.deepEqual(report.problems, []);
      assert.equal(report.anchored, report.records);
      assert.equal(report.openActs.length, 1);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});
