import { test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { act, sampleLog } from "../../../test/audit/sample-log.ts";
import type { ActionId, ApprovalId, PlanId, SessionId } from "../../base/ids.ts";
import type { ApprovalEvent } from "../../model/event.ts";
import { readEvents } from "../events.ts";
import type { ReadRecord } from "../events.ts";
import { segmentName } from "../lines.ts";
import { exportFormats } from "./index.ts";

const about = { origin: "holdfast.example/sample", version: "0.1.0" };

async function story(): Promise<{ records: ReadRecord[]; text: string }> {
  const sample = await sampleLog();
  const { log } = await sample.open();
  const session = "s_sample" as SessionId;
  log.append({ kind: "started", version: "0.1.0", policyDigest: "d" });
  log.append({
    kind: "session_opened",
    session,
    principal: "agent|one",
    target: "shop",
    environment: "production",
    database: "shop",
    client: "psql",
    peer: "127.0.0.1:5000",
  });
  log.append({
    kind: "judgement",
    judgement: "j_1",
    textDigest: "x",
    text: "DELETE FROM orders WHERE note = $1\nAND a = $2",
    cut: false,
    decision: "allow",
    code: "permitted",
    rules: ["r"],
    policyDigest: "p",
    role: "app",
    searchPath: ["public"],
    catalogueVersion: 1,
    effects: [
      {
        operation: "read",
        resource: { type: "table", name: "public.orders" },
        extent: { kind: "unknown" },
        reversibility: "reversible",
        cause: "direct",
        detail: "select",
      },
      {
        operation: "delete",
        resource: { type: "table", name: "public.orders" },
        extent: { kind: "unknown" },
        reversibility: "irreversible",
        cause: "direct",
        detail: "delete",
      },
    ],
  });
  act(log, "1");
  log.append({ kind: "intent", action: "s_sample.2" as ActionId, judgement: "j_1", decision: "deny", code: "destructive" });
  log.append({ kind: "limit_reached", session, action: null, code: "rate_limit", figure: 61, allowed: 60 });
  log.append({ kind: "session_closed", session, because: "client left" });
  await log.close();
  const records: ReadRecord[] = [];
  for await (const record of readEvents({ directory: sample.directory })) records.push(record);
  const text = await readFile(join(sample.directory, segmentName(0)), "utf8");
  await sample.remove();
  return { records, text };
}

test("jsonl is the stored lines, byte for byte", async () => {
  const { records, text } = await story();
  assert.equal(
    records
      .map(exportFormats.jsonl.start())
      .map((line) => `${line}\n`)
      .join(""),
    text,
  );
});

test("ocsf: acts carry the gravest effect, the agent, the decision and their place in the log", async () => {
  const { records } = await story();
  const lines = records.map(exportFormats.ocsf.start(about)).filter((line) => line !== null);
  assert.equal(lines.length, records.length - 1, "a judgement is no event of its own");
  const events = lines.map((line) => JSON.parse(line) as Record<string, never>);
  for (const event of events) assert.equal(event["type_uid"], Number(event["class_uid"]) * 100 + Number(event["activity_id"]));
  const [, opened, intent, outcome, denied] = events as [unknown, ...Record<string, unknown>[]];
  assert.deepEqual([opened?.["class_uid"], opened?.["activity_id"], opened?.["src_endpoint"]], [3002, 1, { ip: "127.0.0.1", port: 5000 }]);
  assert.deepEqual([intent?.["class_uid"], intent?.["activity_id"], intent?.["action_id"]], [6005, 7, 1]);
  assert.deepEqual(intent?.["table"], { name: "public.orders" });
  assert.deepEqual(intent?.["ai_operation"], { ai_agent: { uid: "agent|one", instance_uid: "s_sample", name: "psql" } });
  assert.deepEqual([outcome?.["status_id"], outcome?.["count"]], [1, 2]);
  assert.deepEqual([denied?.["action_id"], denied?.["disposition_id"], denied?.["status_detail"]], [2, 2, "destructive"]);
});

test("cef: one line each, with bars, equals signs and line breaks escaped", async () => {
  const { records } = await story();
  const lines = records.map(exportFormats.cef.start({ ...about, version: "0|1" }));
  for (const line of lines) assert.match(line, /^CEF:0\|Holdfast\|Holdfast\|0\\\|1\|[a-z_]+\|[a-z ]+\|\d\|rt=\d+ externalId=\d+ [^\n]*$/);
  const denied = lines.find((line) => line.includes("|act denied|")) ?? "";
  assert.match(denied, /suser=agent\|one .*act=deny reason=destructive .*msg=DELETE FROM orders WHERE note \\= \$1\\nAND a \\= \$2$/);
});

test("questions to persons are told in every format: who, what was said, and what became of it", async () => {
  const approval = "q_1" as ApprovalId;
  const digest = "d".repeat(64);
  const events: readonly ApprovalEvent[] = [
    {
      kind: "approval_asked",
      approval,
      plan: "p_1" as PlanId,
      planDigest: digest,
      actDigest: digest,
      principal: "agent",
      target: "shop",
      environment: "production",
      tables: [{ table: "public.orders", inserted: 0, updated: 0, deleted: 41, truncated: 0 }],
      unmeasured: [],
      policyDigest: "p",
      rules: ["r"],
      nonce: "n",
      strength: "signature",
      quorum: 1,
      expiresAtMs: 9,
    },
    {
      kind: "approval_answered",
      approval,
      planDigest: digest,
      person: "ben",
      answer: "deny",
      atMs: 5,
      channel: "command",
      reason: "not those",
      tookMs: null,
      evidence: { kind: "login" },
    },
    { kind: "approval_closed", approval, state: "denied", because: "ben said no" },
    { kind: "approval_used", approval, planDigest: digest, attempt: "a", transaction: "771" },
    { kind: "approval_settled", approval, attempt: "a", how: "unknown", because: "the server was lost" },
  ];
  const sample = await sampleLog();
  const { log } = await sample.open();
  for (const event of events) log.append(event);
  await log.close();
  const records: ReadRecord[] = [];
  for await (const record of readEvents({ directory: sample.directory }))
    if (record.event.kind.startsWith("approval_")) records.push(record);
  await sample.remove();
  const ocsf = records.map(exportFormats.ocsf.start(about)).map((line) => JSON.parse(line ?? "{}") as Record<string, unknown>);
  assert.deepEqual(
    ocsf.map(({ status_id, severity_id }) => [status_id, severity_id]),
    [
      [0, 3],
      [2, 2],
      [2, 2],
      [1, 4],
      [0, 5],
    ],
  );
  assert.deepEqual(ocsf[0]?.["resources"], [{ name: "public.orders", type: "table" }]);
  assert.deepEqual([ocsf[1]?.["actor"], ocsf[1]?.["status_detail"]], [{ user: { name: "ben" } }, "not those"]);
  const cef = records.map(exportFormats.cef.start(about));
  for (const line of cef) assert.match(line, /cs4Label=approval cs4=q_1/);
  assert.match(cef[1] ?? "", /\|approval answered\|3\|.*suser=ben act=deny reason=not those app=command$/);
  assert.match(cef[4] ?? "", /\|approval settled\|8\|.*outcome=unknown reason=the server was lost$/);
});
