/**
 * What the audit log costs: append, group commit under 1, 8 and 32 callers, and opening a long log again.
 * Run: node bench/audit.ts [records for the reopen test, 1000000 unless given]. It measures this machine's disk under its own load.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signerOf } from "../src/audit/keys.ts";
import type { AuditLog } from "../src/audit/log.ts";
import { verifierKeyText } from "../src/audit/note.ts";
import { openAuditLog } from "../src/audit/open.ts";
import { verifyLog } from "../src/audit/verify.ts";
import { systemClock } from "../src/base/clock.ts";
import type { ActionId } from "../src/base/ids.ts";
import { systemRandom } from "../src/base/ids.ts";

const signer = signerOf(generateKeyPairSync("ed25519").privateKey, "holdfast-bench");
const directory = await mkdtemp(join(process.argv[3] ?? tmpdir(), "holdfast-bench-"));
const options = { directory, origin: "holdfast.example/bench", clock: systemClock, random: systemRandom, signer };
const records = Number(process.argv[2] ?? 1_000_000);

function act(log: AuditLog, n: number): void {
  const action = `s_0123456789abcdef.${n}` as ActionId;
  log.append({ kind: "intent", action, judgement: "j_0123456789", decision: "allow", code: "permitted" });
  log.append({
    kind: "outcome",
    action,
    outcome: { status: "succeeded", measured: { rowsReturned: 1, bytesReturned: 120, elapsedMs: 0.31 } },
  });
}

let acts = 0;
const { log } = await openAuditLog(options);
let inAppendMs = 0;
const cpuBefore = process.cpuUsage();
const wallBefore = performance.now();
while (log.size < records) {
  const before = performance.now();
  for (let i = 0; i < 500; i += 1) act(log, acts++);
  inAppendMs += performance.now() - before;
  await new Promise((resolve) => setImmediate(resolve));
  if (acts % 50_000 === 0) await log.seal();
}
await log.seal();
const cpu = process.cpuUsage(cpuBefore);
console.log(`append                 ${((inAppendMs * 1000) / log.size).toFixed(2)} us an event on the caller's path`);
console.log(
  `whole cost             ${((cpu.user + cpu.system) / log.size).toFixed(2)} us of processor an event, ${Math.round(
    log.size / (performance.now() - wallBefore),
  )}k events/s written and synced (hashing goes on in its thread)`,
);

for (const callers of [1, 8, 32]) {
  const waits: number[] = [];
  const until = performance.now() + 2000;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < until) {
        const before = performance.now();
        act(log, acts++);
        await log.seal();
        waits.push(performance.now() - before);
      }
    }),
  );
  waits.sort((a, b) => a - b);
  const at = (share: number): string => ((waits[Math.floor(waits.length * share)] ?? 0) * 1000).toFixed(0);
  const rate = Math.round((waits.length * 1000) / (performance.now() - start));
  console.log(`seal, ${String(callers).padStart(2)} callers       ${rate}/s, p50 ${at(0.5)} us, p99 ${at(0.99)} us`);
}

const size = log.size;
await log.close();
let before = performance.now();
const again = await openAuditLog(options);
console.log(
  `open, ${size} records  ${(performance.now() - before).toFixed(1)} ms with the frontier (${again.recovered.replayed} records read again)`,
);
await again.log.close();
await rm(join(directory, "frontier"));
before = performance.now();
const slow = await openAuditLog(options);
console.log(`open, no frontier      ${(performance.now() - before).toFixed(0)} ms (${slow.recovered.replayed} records read again)`);
await slow.log.close();
before = performance.now();
const report = await verifyLog({ directory, publicKey: verifierKeyText(signer.keyName, signer.publicKey) });
console.log(`verify                 ${(performance.now() - before).toFixed(0)} ms, ok: ${report.ok}, ${report.records} records`);
await rm(directory, { recursive: true });
