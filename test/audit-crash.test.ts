import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEvents } from "../src/audit/events.ts";
import { signerOf } from "../src/audit/keys.ts";
import { verifierKeyText } from "../src/audit/note.ts";
import { openAuditLog } from "../src/audit/open.ts";
import { verifyLog } from "../src/audit/verify.ts";
import { systemClock } from "../src/base/clock.ts";
import { systemRandom } from "../src/base/ids.ts";

const child = new URL("./audit/crash-child.ts", import.meta.url).pathname;

/** Runs the child and kills it `delayMs` after its log is open; resolves to the acts it reported as sealed. */
function killedRun(directory: string, keyFile: string, run: number, delayMs: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const writer = spawn(process.execPath, [child, directory, keyFile, String(run)], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let errors = "";
    let opened = false;
    writer.stdout.on("data", (data: Buffer) => {
      out += data.toString();
      if (opened || !out.includes("open ")) return;
      opened = true;
      setTimeout(() => writer.kill("SIGKILL"), delayMs);
    });
    writer.stderr.on("data", (data: Buffer) => {
      errors += data.toString();
    });
    writer.on("error", reject);
    writer.on("close", (_, signal) => {
      if (signal !== "SIGKILL") reject(new Error(`the child ended by itself: ${errors}`));
      // The last line may be cut; a cut report is no report.
      else
        resolve(
          out
            .split("\n")
            .slice(0, -1)
            .filter((line) => line.startsWith("sealed "))
            .map((line) => line.slice(7)),
        );
    });
  });
}

test("kill -9 fifty times: every sealed act is in the log, the log verifies, lost outcomes are named", { timeout: 180_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-crash-"));
  const keyFile = join(directory, "key.pem");
  const { privateKey } = generateKeyPairSync("ed25519");
  await writeFile(keyFile, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  const signer = signerOf(privateKey, "holdfast-crash");
  const publicKey = verifierKeyText(signer.keyName, signer.publicKey);
  const log = join(directory, "log");
  const sealed = new Set<string>();
  for (let run = 0; run < 50; run += 1) {
    for (const action of await killedRun(log, keyFile, run, Math.random() * 40)) sealed.add(action);
    // Before anybody repairs anything the log already verifies.
    const raw = await verifyLog({ directory: log, publicKey });
    assert.deepEqual(raw.problems, [], `run ${run}`);
  }
  const opened = await openAuditLog({ directory: log, origin: "holdfast.example/crash", clock: systemClock, random: systemRandom, signer });
  await opened.log.close();
  const report = await verifyLog({ directory: log, publicKey });
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.openActs, []);
  assert.ok(report.unknownOutcomes > 0);
  assert.equal(report.anchored, report.records);
  const intents = new Set<string>();
  for await (const { event } of readEvents({ directory: log })) if (event.kind === "intent") intents.add(event.action);
  assert.ok(sealed.size > 50, `only ${sealed.size} acts were sealed`);
  assert.deepEqual(
    [...sealed].filter((action) => !intents.has(action)),
    [],
  );
  await rm(directory, { recursive: true });
});
