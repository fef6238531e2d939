/**
 * The process that `audit-crash.test.ts` kills: appends acts at random, seals at random, and reports what is sealed on stdout.
 * Arguments: directory, private key (PEM file), run number.
 */
import { createPrivateKey } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/ids.ts";
import type { ActionId } from "../../src/base/ids.ts";
import { signerOf } from "../../src/audit/keys.ts";
import { openAuditLog } from "../../src/audit/open.ts";

const [directory = "", keyFile = "", run = ""] = process.argv.slice(2);
const signer = signerOf(createPrivateKey(readFileSync(keyFile)), "holdfast-crash");
const { log, recovered } = await openAuditLog({
  directory,
  origin: "holdfast.example/crash",
  clock: systemClock,
  random: systemRandom,
  signer,
  segmentBytesMax: 20_000,
  checkpointMs: 7,
  checkpointRecords: 100,
});
writeSync(1, `open ${recovered.size}\n`);

async function caller(name: number): Promise<never> {
  for (let i = 0; ; i += 1) {
    const action = `s_${run}x${name}.${i}` as ActionId;
    log.append({ kind: "intent", action, judgement: "j_1", decision: "allow", code: "permitted" });
    await log.seal();
    writeSync(1, `sealed ${action}\n`);
    if (Math.random() < 0.9) log.append({ kind: "outcome", action, outcome: { status: "succeeded", measured: { elapsedMs: 1 } } });
    if (Math.random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
}
await Promise.all([1, 2, 3, 4].map(caller));
