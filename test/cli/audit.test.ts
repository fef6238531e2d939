import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { loadOrCreateSigner } from "../../src/audit/keys.ts";
import { openAuditLog } from "../../src/audit/open.ts";
import { manualClock } from "../../src/base/clock.ts";
import { type SessionId, actionId, systemRandom } from "../../src/base/ids.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";

const folder = scratchFolder();
const log = join(folder, "audit");
const keys = join(folder, "keys");
const key = join(keys, "audit.pub");
const session = "s_0123456789abcdef" as SessionId;

const judgement: AuditEvent = {
  kind: "judgement",
  judgement: "j_aaaaaa.1",
  textDigest: "d".repeat(64),
  text: "DELETE FROM orders WHERE note = $1 \u001b[2J\u202e",
  cut: false,
  decision: "deny",
  code: "unbounded_change",
  rules: ["changes"],
  policyDigest: "e".repeat(64),
  effects: [
    {
      operation: "delete",
      resource: { type: "table", name: "public.orders" },
      extent: { kind: "unbounded" },
      reversibility: "restorable",
      cause: "direct",
      detail: "delete",
    },
  ],
  role: "app",
  searchPath: ["public"],
  catalogueVersion: 3,
};

async function writeLog(acts: number): Promise<void> {
  const signer = await loadOrCreateSigner(keys, "test");
  const opened = await openAuditLog({ directory: log, origin: "test.example/log", clock: manualClock(), random: systemRandom, signer });
  opened.log.append({ kind: "started", version: "1.2.3", policyDigest: "e".repeat(64) });
  opened.log.append({
    kind: "session_opened",
    session,
    principal: "agent",
    target: "shop",
    environment: "production",
    database: "shop",
    client: "psql",
    peer: "127.0.0.1:1",
  });
  opened.log.append(judgement);
  for (let n = 1; n <= acts; n++) {
    opened.log.append({
      kind: "intent",
      action: actionId(session, n),
      judgement: "j_aaaaaa.1",
      decision: "deny",
      code: "unbounded_change",
    });
    if (n % 10 === 0) await opened.log.seal();
  }
  opened.log.append({ kind: "session_closed", session, because: "the client said goodbye" });
  await opened.log.close();
}

describe("holdfast audit", () => {
  before(() => writeLog(500));

  test("tail shows the newest records with the text of their judgement, made visible", async () => {
    const { code, out } = await holdfast(["audit", "tail", "-d", log, "-n", "3"]);
    assert.equal(code, 0);
    const lines = out.trimEnd().split("\n");
    assert.equal(lines.length, 3);
    assert.match(lines[1] ?? "", /deny +s_0123456789abcdef\.500 +unbounded_change: DELETE FROM/);
    assert.match(lines[2] ?? "", /closed/);
    assert.ok(!out.includes("\u001b") && !out.includes("\u202e"));
    for (const line of lines) assert.ok(line.length <= 100, line);
  });

  test("tail --json prints the stored lines", async () => {
    const { out } = await holdfast(["audit", "tail", "-d", log, "-n", "2", "--json"]);
    assert.deepEqual(
      out
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as AuditEvent).kind),
      ["intent", "session_closed"],
    );
  });

  test("show explains an act with its effects and its rules", async () => {
    const { code, out } = await holdfast(["audit", "show", `${session}.7`, "-d", log]);
    assert.equal(code, 0);
    assert.match(out, /deny +s_0123456789abcdef\.7/);
    assert.match(out, /delete +table:public\.orders +unbounded/);
    assert.match(out, /rules +changes/);
    assert.ok(!out.includes(`${session}.70`));
  });

  test("show of a session lists all of it; of an unknown id nothing", async () => {
    assert.equal((await holdfast(["audit", "show", session, "-d", log, "--json"])).out.trimEnd().split("\n").length, 502);
    const none = await holdfast(["audit", "show", "s_nobody", "-d", log]);
    assert.equal(none.code, 1);
    assert.match(none.err, /nothing is recorded about `s_nobody`/);
  });

  test("verify: a whole log exits 0, a copy with one byte changed exits 1 and names the place", async () => {
    const whole = await holdfast(["audit", "verify", "-d", log, "-k", key]);
    assert.equal(whole.code, 0, whole.out);
    assert.match(whole.out, /the log verifies\n$/);
    const copy = join(folder, "copy");
    cpSync(log, copy, { recursive: true });
    const segment = join(copy, readdirSync(copy).find((name) => name.endsWith(".jsonl")) ?? "");
    const bytes = readFileSync(segment);
    const at = bytes.indexOf('"action":"s_0123456789abcdef.250"');
    bytes[at + 11] = 0x74;
    writeFileSync(segment, bytes);
    const changed = await holdfast(["audit", "verify", "-d", copy, "-k", key, "--json"]);
    assert.equal(changed.code, 1);
    const report = JSON.parse(changed.out) as { ok: boolean; chain: boolean; tree: boolean };
    assert.deepEqual([report.ok, report.chain, report.tree], [false, false, false]);
    assert.match((await holdfast(["audit", "verify", "-d", copy, "-k", key])).out, /BAD +chain/);
  });

  test("verify with another key does not verify", async () => {
    const others = join(folder, "others");
    await loadOrCreateSigner(others, "test");
    assert.equal((await holdfast(["audit", "verify", "-d", log, "-k", join(others, "audit.pub")])).code, 1);
  });

  test("a log that is not there is not made", async () => {
    const nowhere = join(folder, "nowhere");
    const { code, err } = await holdfast(["audit", "verify", "-d", nowhere, "-k", key]);
    assert.equal(code, 1);
    assert.match(err, /there is no audit log in/);
    assert.ok(!existsSync(nowhere));
  });

  test("export gives the stored lines, byte for byte, and other formats one line a record at most", async () => {
    const stored = readdirSync(log)
      .filter((name) => name.endsWith(".jsonl"))
      .sort()
      .map((name) => readFileSync(join(log, name), "utf8"))
      .join("");
    assert.equal((await holdfast(["audit", "export", "-d", log])).out, stored);
    const ocsf = (await holdfast(["audit", "export", "-d", log, "--format", "ocsf"])).out.trimEnd().split("\n");
    assert.ok(ocsf.length > 400 && ocsf.length <= stored.trimEnd().split("\n").length);
    for (const line of ocsf) JSON.parse(line);
    assert.match((await holdfast(["audit", "export", "-d", log, "--format", "cef"])).out, /^CEF:0\|/);
  });

  test("a reader that goes away ends the export quietly", async () => {
    const shell = spawn("bash", [
      "-c",
      'set -o pipefail; "$0" "$1" audit export -d "$2" | head -n 1; echo "code $PIPESTATUS"',
      process.execPath,
      join(import.meta.dirname, "../../src/cli/main.ts"),
      log,
    ]);
    let out = "";
    let err = "";
    shell.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    shell.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    await new Promise((resolve) => shell.once("close", resolve));
    assert.match(out, /^\{"n":0,.*\}\ncode 0\n$/);
    assert.equal(err, "");
  });

  test("tail --follow goes on as records come in, and ends at SIGINT", async () => {
    const child = start(["audit", "tail", "-d", log, "-n", "1", "--follow", "--json"]);
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    while (!out.includes("session_closed")) await delay(20);
    await writeLog(1);
    while (!out.includes('"action":"s_0123456789abcdef.1"')) await delay(20);
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGINT");
    assert.equal(await ended, 0);
  });
});
