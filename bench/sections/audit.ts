/**
 * What the audit log costs: an event on the caller's path, its group commit under 1, 8 and 32 callers, and opening and verifying a
 * long log.
 * It measures this machine's disk under its own load.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signerOf } from "../../src/audit/keys.ts";
import type { AuditLog } from "../../src/audit/log.ts";
import { verifierKeyText } from "../../src/audit/note.ts";
import { openAuditLog } from "../../src/audit/open.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import { systemClock } from "../../src/base/clock.ts";
import { type ActionId, systemRandom } from "../../src/base/ids.ts";
import { percentile } from "../statistics.ts";
import type { Row, Run } from "./section.ts";

const row = (name: string, figures: Row["figures"]): Row => ({ section: "audit", name, figures });

export async function audit({ quick, note }: Run): Promise<readonly Row[]> {
  note("audit log");
  const directory = await mkdtemp(join(tmpdir(), "holdfast-bench-audit-"));
  const signer = signerOf(generateKeyPairSync("ed25519").privateKey, "holdfast-bench");
  const options = { directory, origin: "holdfast.example/bench", clock: systemClock, random: systemRandom, signer };
  try {
    const { log } = await openAuditLog(options);
    const rows = [await appending(log, quick ? 100_000 : 1_000_000)];
    for (const callers of [1, 8, 32]) rows.push(await sealing(log, callers));
    const { size } = log;
    await log.close();
    let before = performance.now();
    const again = await openAuditLog(options);
    rows.push(row("open again", { records: size, ms: performance.now() - before }));
    await again.log.close();
    before = performance.now();
    const report = await verifyLog({ directory, publicKey: verifierKeyText(signer.keyName, signer.publicKey) });
    if (!report.ok) throw new Error("the log that was written does not verify");
    rows.push(row("verify", { records: report.records, ms: performance.now() - before }));
    return rows;
  } finally {
    await rm(directory, { recursive: true });
  }
}

let acts = 0;

function act(log: AuditLog): void {
  const action = `s_0123456789abcdef.${++acts}` as ActionId;
  log.append({ kind: "intent", action, judgement: "j_0123456789", decision: "allow", code: "permitted" });
  const measured = { rowsReturned: 1, bytesReturned: 120, elapsedMs: 0.31 };
  log.append({ kind: "outcome", action, outcome: { status: "succeeded", measured } });
}

async function appending(log: AuditLog, records: number): Promise<Row> {
  let inAppendMs = 0;
  const cpuBefore = process.cpuUsage();
  while (log.size < records) {
    const before = performance.now();
    for (let i = 0; i < 500; i += 1) act(log);
    inAppendMs += performance.now() - before;
    await new Promise((resolve) => setImmediate(resolve));
    if (acts % 50_000 === 0) await log.seal();
  }
  await log.seal();
  const cpu = process.cpuUsage(cpuBefore);
  return row("append", { records, "us on path": (inAppendMs * 1000) / log.size, "us cpu": (cpu.user + cpu.system) / log.size });
}

async function sealing(log: AuditLog, callers: number): Promise<Row> {
  const waits: number[] = [];
  const start = performance.now();
  const until = start + 2000;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < until) {
        const before = performance.now();
        act(log);
        await log.seal();
        waits.push((performance.now() - before) * 1000);
      }
    }),
  );
  const rate = (waits.length * 1000) / (performance.now() - start);
  return row(`seal, ${callers} callers`, { "acts/s": rate, "p50 us": percentile(waits, 0.5), "p99 us": percentile(waits, 0.99) });
}
