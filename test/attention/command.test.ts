/** `holdfast approvals stats` and `proposals` over a log that the real writer wrote, and what is proposed put into the file. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { signerOf } from "../../src/audit/keys.ts";
import type { AuditLog } from "../../src/audit/log.ts";
import { openAuditLog } from "../../src/audit/open.ts";
import { manualClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/ids.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { holdfast, scratchFolder } from "../cli/holdfast.ts";

const zeros = (bytes: number): string => Buffer.alloc(bytes).toString("base64");
const config = `version: 1
targets:
  shop:
    listen: 127.0.0.1:26800
    environment: staging
    policy: guarded-writes
    upstream: { host: 127.0.0.1, port: 26801, role: app, database: shop }
users:
  agent: { kind: ai_agent, password: { verifier: "SCRAM-SHA-256$4096:${zeros(16)}$${zeros(32)}:${zeros(32)}" }, targets: [shop] }
`;

const carts = (more: Partial<Effect> = {}): Effect => ({
  operation: "delete",
  resource: { type: "table", name: "public.carts" },
  extent: { kind: "unknown" },
  reversibility: "restorable",
  cause: "direct",
  detail: "delete",
  ...more,
});
const cascade = carts({ resource: { type: "table", name: "public.cart_items" }, cause: "cascade" });

interface Story {
  readonly text: string;
  readonly effects: readonly Effect[];
  readonly says: "approve" | "deny" | "nothing";
  readonly deleted: number;
}

/** One act that is held, asked about, answered and carried out. */
function tell(log: AuditLog, n: number, { text, effects, says, deleted }: Story, later: (ms: number) => void): void {
  const append = (event: object): void => log.append(event as AuditEvent);
  const [action, approval] = [`s_1.${n}`, `q_${n}`];
  const digests = { planDigest: "f".repeat(64), actDigest: "d".repeat(64), policyDigest: "e".repeat(64) };
  const place = { role: "app", searchPath: ["public"], catalogueVersion: 1, policyDigest: "e".repeat(64) };
  const held = { decision: "hold", code: "unbounded_change" };
  append({
    kind: "judgement",
    judgement: `j_${n}`,
    textDigest: `${n}`,
    text,
    cut: false,
    ...held,
    rules: ["ask-follow-up-deletes"],
    effects,
    ...place,
  });
  append({ kind: "intent", action, judgement: `j_${n}`, ...held });
  if (says === "nothing") return;
  const tables = [{ table: "public.carts", inserted: 0, updated: 0, deleted, truncated: 0 }];
  const who = { principal: "agent", run: "r_1", target: "shop", environment: "staging" };
  const asked = { approval, plan: `p_${n}`, ...digests, action, ...who, tables, unmeasured: [], rules: ["ask-follow-up-deletes"] };
  append({ kind: "approval_asked", ...asked, nonce: "n", strength: "signature", quorum: 1, expiresAtMs: 9e15 });
  later(n === 1 ? 1_000 : 30_000);
  const answer = { person: "ada", answer: says, atMs: 1, channel: "command", reason: "", tookMs: null, evidence: { kind: "login" } };
  append({ kind: "approval_answered", approval, planDigest: digests.planDigest, ...answer });
  if (says === "deny") return append({ kind: "approval_closed", approval, state: "denied", because: "no" });
  append({ kind: "approval_used", approval, planDigest: digests.planDigest, attempt: "a", transaction: "7" });
  append({ kind: "approval_settled", approval, attempt: "a", how: "used", because: "" });
}

async function project(stories: readonly Story[]): Promise<string> {
  const folder = scratchFolder();
  writeFileSync(join(folder, "holdfast.yaml"), config, { mode: 0o600 });
  const directory = join(folder, ".holdfast", "audit");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const signer = signerOf(generateKeyPairSync("ed25519").privateKey, "holdfast-sample");
  const clock = manualClock(Date.now() - 3_600_000);
  const { log } = await openAuditLog({
    directory,
    origin: "holdfast.example/sample",
    clock,
    random: systemRandom,
    signer,
    checkpointMs: 0,
    hashing: "here",
  });
  const place = { target: "shop", environment: "staging", database: "shop", client: "psql", peer: "127.0.0.1:1" };
  log.append({ kind: "session_opened", session: "s_1", principal: "agent", ...place, run: "r_1" } as unknown as AuditEvent);
  for (const [n, story] of stories.entries()) {
    tell(log, n + 1, story, (ms) => clock.advance(ms));
    await log.seal();
  }
  await log.close();
  return folder;
}

const one = (n: number, more: Partial<Story> = {}): Story => ({
  text: "DELETE FROM carts WHERE owner = ?",
  effects: [carts(), cascade],
  says: "approve",
  deleted: n,
  ...more,
});

describe("figures and proposals from a log", () => {
  let folder: string;
  const dropped = one(1, { text: "DROP TABLE carts", effects: [carts({ detail: "drop", reversibility: "irreversible" })], says: "deny" });
  before(async () => {
    folder = await project([
      one(3),
      one(17),
      one(8),
      dropped,
      one(1, { says: "nothing", effects: [carts({ extent: { kind: "unbounded" } })] }),
    ]);
  });

  test("stats: how many, how fast, how often yes", async () => {
    const { code, out, err } = await holdfast(["approvals", "stats", "--json"], { cwd: folder });
    assert.equal(code, 0, err);
    const figures = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual(
      [figures["acts"], figures["questions"], figures["became"], figures["under2s"], figures["approvedUnchanged"], figures["timeToAnswer"]],
      [
        5,
        4,
        { approved: 3, denied: 1, expired: 0, lapsed: 0, open: 0 },
        { count: 1, of: 4 },
        { count: 3, of: 4 },
        { medianMs: 30_000, p90Ms: 30_000 },
      ],
    );
    const { out: text } = await holdfast(["approvals", "stats"], { cwd: folder });
    for (const part of [/questions +4, 80 in 100 acts, 4 a session/, /ada +4 +3 +1/, /ask-follow-up-deletes +4/, /staging +4/])
      assert.match(text, part);
    const { out: none } = await holdfast(["approvals", "stats", "--since", "1min"], { cwd: folder });
    assert.match(none, /questions +0/);
  });

  test("proposals: the rule with its replay; put into the file it is a policy that holds its examples and changes just that", async () => {
    const { code, out, err } = await holdfast(["approvals", "proposals", "--json"], { cwd: folder });
    assert.equal(code, 0, err);
    const { proposals } = JSON.parse(out) as { proposals: { policy: string; yaml: string; replay: object; wrongExamples: string[] }[] };
    assert.equal(proposals.length, 1);
    const [{ policy, yaml, replay, wrongExamples }] = proposals as [(typeof proposals)[0]];
    assert.deepEqual(replay, { texts: 5, acts: 5, approvalsSaved: 3, passing: 3, stillHeld: 2, cut: 0 });
    assert.deepEqual(wrongExamples, []);
    const indented = yaml.replace(/^(?=.)/gm, "  ");
    const text = `${readFileSync(join(folder, "holdfast.yaml"), "utf8").replace("policy: guarded-writes", `policy: ${policy}`)}policies:\n${indented}`;
    const after = await project([]);
    writeFileSync(join(after, "holdfast.yaml"), text, { mode: 0o600 });
    const checked = await holdfast(["policy", "check"], { cwd: after });
    assert.equal(checked.code, 0, checked.err);
    assert.match(checked.out, new RegExp(`shop +staging +${policy}`));
    const tested = await holdfast(["policy", "test"], { cwd: after });
    assert.equal(tested.code, 0, tested.out + tested.err);
    assert.match(tested.out, /\d+ examples are as they should be/);
  });

  test("proposals as text say what they rest on, and that nothing is applied", async () => {
    const { out } = await holdfast(["approvals", "proposals"], { cwd: folder });
    assert.match(out, /3 approved unchanged: agent at shop \(staging\), DELETE FROM carts WHERE owner = \?/);
    assert.match(out, /3 questions would not\s+have been asked, 2 texts are held as before,\s+and nothing else passes/);
    assert.match(out, /rows_changed: 17/);
    const help = await holdfast(["approvals", "proposals", "--help"]);
    assert.match(help.out, /Nothing is applied/);
  });

  test("one denial of the shape, and nothing is proposed", async () => {
    const other = await project([one(3), one(17), one(8), one(2, { says: "deny" })]);
    const { out } = await holdfast(["approvals", "proposals", "--json"], { cwd: other });
    const { proposals } = JSON.parse(out) as { proposals: { dropped?: string; yaml?: string }[] };
    assert.deepEqual(
      proposals.map(({ dropped: because, yaml }) => [because, yaml]),
      [["it would let pass what a person denied", undefined]],
    );
  });

  test("wrong words are refused by name", async () => {
    for (const [words, message] of [
      [["--since", "soon"], /`soon` is no time/],
      [["--least", "0"], /--least takes a whole number from 1/],
      [["--target", "nowhere"], /no target is named `nowhere`/],
    ] as const) {
      const { code, err } = await holdfast(["approvals", "proposals", ...words], { cwd: folder });
      assert.notEqual(code, 0);
      assert.match(err, message);
    }
  });
});
