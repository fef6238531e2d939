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
report(`open ${recovered.size}`);

/** At once, whole or not at all. A pipe that is full for the moment leaves the act unreported, which claims less than is true. */
function report(line: string): void {
  try {
    writeSync(1, `${line}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
  }
}

async function caller(name: number): Promise<never> {
  for (let i = 0; ; i += 1) {
    const action = `s_${run}x${name}.${i}` as ActionId;
    log.append({ kind: "intent", action, judgement: "j_1", decision: "allow", code: "permitted" });
    await log.seal();
    report(`sealed ${action}`);
    if (Math.random() < 0.9) log.append({ kind: "outcome", action, outcome: { status: "succeeded", measured: { elapsedMs: 1 } } });
    if (Math.random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
}
await Promise.all([1, 2, 3, 4].map(caller));
