/** What a real agent asked three times and a person approved unchanged, as a rule that the next session needs nobody for. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { type ApprovalScene, openApprovalScene, refusal } from "../approvals/scene.ts";
import { holdfast } from "../cli/holdfast.ts";
import { until } from "../grants/scene.ts";
import { testServer } from "../support/servers.ts";

const everything = "DELETE FROM orders WHERE true";

describe("a proposal from a real log", () => {
  let scene: ApprovalScene;
  let agent: pg.Client;
  const refill = (rows: number) =>
    scene.shop.server.asSuperuser(`INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, ${rows})`, scene.shop.database);
  before(async () => {
    scene = await openApprovalScene(await testServer(18), { environment: "staging", approves: ["staging"], shared: true });
    agent = await scene.agent();
  });
  after(async () => {
    await agent.end();
    await scene.stop();
  });

  test("three approvals are a rule up to the largest number of rows, and the configuration takes it", async () => {
    const known: string[] = [];
    for (const rows of [10, 4, 7]) {
      await refusal(agent, everything);
      const { id } = await scene.asked(known);
      known.push(id);
      await scene.answer(id, "ben");
      await agent.query(everything);
      await until("it is settled", async () => (await scene.approvals()).find((each) => each.id === id)?.state === "used");
      await refill(rows);
    }
    await until("it is on record", async () => (await scene.events("approval_settled")).length === 3);
    const path = join(scene.folder, "holdfast.yaml");
    const { out, err, code } = await holdfast(["approvals", "proposals", "--config", path, "--json"]);
    assert.equal(code, 0, err);
    const { proposals } = JSON.parse(out) as { proposals: { policy: string; yaml: string; dropped?: string; wrongExamples?: string[] }[] };
    assert.equal(proposals.length, 1, out);
    const [{ policy, yaml, dropped, wrongExamples }] = proposals as [(typeof proposals)[0]];
    assert.deepEqual([dropped, wrongExamples], [undefined, []]);
    assert.match(yaml, /rows_changed: 10\n/);
    const stats = await holdfast(["approvals", "stats", "--config", path, "--json"]);
    const figures = JSON.parse(stats.out) as { questions: number; approvedUnchanged: object };
    assert.deepEqual([figures.questions, figures.approvedUnchanged], [3, { count: 3, of: 3 }]);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, `${text.replace("policy: guarded-writes", `policy: ${policy}`)}policies:\n${yaml.replace(/^(?=.)/gm, "  ")}`);
    const checked = await holdfast(["policy", "check", "--config", path]);
    assert.equal(checked.code, 0, checked.err);
  });
});
