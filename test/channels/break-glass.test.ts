/** Break-glass on a real server: what would be held passes for one session, what is forbidden does not, loud, never for long. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { callControl, Refused } from "../../src/control/client.ts";
import type { BreakGlass } from "../../src/model/break-glass.ts";
import { type ApprovalScene, openApprovalScene, refusal } from "../approvals/scene.ts";
import { holdfast } from "../cli/holdfast.ts";
import { until } from "../grants/scene.ts";
import { agentPassword } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";
import { openReceiver, type ReceiverStandIn } from "./receiver-stand-in.ts";

const everything = "DELETE FROM orders WHERE true";
const refused = (code: string, message: RegExp) => (error: unknown) => {
  assert(error instanceof Refused, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

async function clerkOf(scene: ApprovalScene): Promise<pg.Client> {
  const [host, port] = (scene.gateway.status().targets[0]?.listen ?? "").split(":");
  const client = new pg.Client({ host, port: Number(port), user: "clerk", password: agentPassword, database: scene.shop.database });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

function runOf(scene: ApprovalScene): string {
  return scene.gateway.status().runs?.find(({ principal }) => principal === "clerk")?.id ?? "";
}

function want(scene: ApprovalScene, more: object = {}, person = "ada"): Promise<BreakGlass> {
  const terms = { session: runOf(scene), target: scene.shop.target, untilMs: Date.now() + 600_000, reason: "an outage", ...more };
  return scene.signed("POST", "/v1/break-glass", terms, person) as Promise<BreakGlass>;
}

describe("break-glass where sessions share the upstream's role", () => {
  let scene: ApprovalScene;
  let clerk: pg.Client;
  let receiver: ReceiverStandIn;
  before(async () => {
    receiver = await openReceiver();
    const url = `${receiver.url}/hook`;
    const channels = `channels: { books: { kind: webhook, url: "${url}", secret: { env: HOLDFAST_TEST_AGENT } } }`;
    scene = await openApprovalScene(await testServer(18), {
      more: `approvals: { hold: 0s, cool_off: 0s, life: 5min, ${channels} }`,
      shared: true,
    });
    clerk = await clerkOf(scene);
  });
  after(async () => {
    await clerk.end();
    await scene.stop();
    await receiver.close();
  });

  test("takes a person who may, a reason, the session's own target, and an hour at most", async () => {
    await refusal(clerk, everything);
    const call = { method: "POST" as const, path: "/v1/break-glass" };
    await assert.rejects(callControl(scene.socket, { ...call, body: {} }), refused("person_needed", /./));
    for (const [more, code, message] of [
      [{ untilMs: Date.now() + 2 * 3_600_000 }, "bad_request", /up to 60 minutes/],
      [{ untilMs: 1 }, "bad_request", /not into the past/],
      [{ target: "another" }, "bad_request", /is one of target/],
      [{ session: "r_nobody" }, "not_found", /no open session/],
      [{ reason: "" }, "bad_request", /`reason`/],
    ] as const)
      await assert.rejects(want(scene, more), refused(code, message));
    await assert.rejects(want(scene, {}, "mallory"), refused("person_needed", /./));
    assert.deepEqual(await scene.events("break_glass_opened"), []);
  });

  test("what would be held passes for that session alone, named among its rules and counted; what is forbidden stays so", async () => {
    const agent = await scene.agent();
    const glass = await want(scene);
    assert.equal(glass.state, "open");
    assert.equal((await clerk.query(everything)).rowCount, 10);
    assert.equal((await refusal(agent, everything)).code, "42501");
    assert.match((await refusal(clerk, "SELECT rolpassword FROM pg_authid")).message, /./);
    assert.equal((await refusal(clerk, "SELECT rolpassword FROM pg_authid")).code, "42501");
    await agent.end();
    const [used, ...more] = await scene.events("break_glass_used");
    assert.deepEqual([used?.breakGlass, used?.uses, more], [glass.id, 1, []]);
    const intents = await scene.events("intent");
    const judgement = intents.find(({ action }) => action === used?.action)?.judgement;
    const rules = (await scene.events("judgement")).find((each) => each.judgement === judgement)?.rules ?? [];
    assert.deepEqual(
      rules.filter((id) => id.startsWith("break-glass:")),
      [`break-glass:${glass.id}`],
    );
    assert.ok(rules.includes("ask-unbounded"), "and with it the rule that would have asked");
    assert.ok(scene.warnings.some((line) => line.startsWith(`BREAK-GLASS ${glass.id} is open at`)));
    const status = scene.gateway.status().breakGlass ?? [];
    assert.deepEqual([status.length, status[0]?.id, status[0]?.uses], [1, glass.id, 1]);
    await until("every channel was told", () =>
      receiver.got.some(({ body }) => body.includes('"break_glass.open"') && body.includes(glass.id)),
    );
    assert.ok(!receiver.got.some(({ body }) => body.includes("an outage")));
    await assert.rejects(want(scene), refused("conflict", /is open already/));
  });

  test("the command shows and ends it; what rests on it and is not committed is rolled back, and the next is held again", async () => {
    await scene.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 10)", scene.shop.database);
    await clerk.query("BEGIN");
    await clerk.query(everything);
    const id = scene.gateway.status().breakGlass?.[0]?.id ?? "";
    const at = ["--socket", scene.socket];
    const { out: shown } = await holdfast(["break-glass", "list", ...at]);
    assert.match(shown, new RegExp(`${id} +open +\\S+ +clerk +ada +2 `));
    const status = await holdfast(["status", ...at]);
    assert.match(status.out, new RegExp(`BREAK-GLASS ${id} IS OPEN for clerk`));
    const how = { input: "a passphrase that nobody would guess 7\n" };
    const closed = await holdfast(["break-glass", "close", id, ...at, "--as", "ben", "--passphrase-fd", "0"], how);
    assert.equal(closed.code, 0, closed.err);
    assert.match(closed.out, new RegExp(`closed ${id}; 2 acts passed because of it`));
    await assert.rejects(clerk.query("COMMIT"));
    assert.equal(await scene.orders(), 10);
    clerk = await clerkOf(scene);
    assert.equal((await refusal(clerk, everything)).code, "42501");
    await until("its end is on record", async () => (await scene.events("break_glass_closed")).length > 0);
    const [event] = await scene.events("break_glass_closed");
    assert.deepEqual([event?.because, event?.uses, event?.person], ["ben ended it", 2, "ben"]);
    await until("the end was told", () => receiver.got.some(({ body }) => body.includes('"break_glass.closed"') && body.includes(id)));
  });

  test("the command opens it with terms that are shown and signed", async () => {
    const words = ["break-glass", "open", "--socket", scene.socket, "--target", scene.shop.target, "--session", "clerk", "--until", "2min"];
    const how = { input: "a passphrase that nobody would guess 7\n" };
    const asked = await holdfast([...words, "--as", "ada", "--passphrase-fd", "0"], how);
    assert.equal(asked.code, 2, "a reason is needed");
    const opened = await holdfast([...words, "--reason", "an outage", "--as", "ada", "--passphrase-fd", "0", "--json"], how);
    assert.equal(opened.code, 0, opened.err);
    assert.match(opened.err, /BREAK-GLASS at \S+ for session clerk\nuntil .*: what would be held for a person passes without one/);
    const glass = JSON.parse(opened.out) as BreakGlass;
    assert.deepEqual([glass.state, glass.persons, glass.reason], ["open", ["ada"], "an outage"]);
    await scene.signed("DELETE", `/v1/sessions/${glass.run}`, { because: "" });
    await until("it ended with its session", async () =>
      (await scene.events("break_glass_closed")).some(({ breakGlass }) => breakGlass === glass.id),
    );
    assert.deepEqual(scene.gateway.status().breakGlass, []);
  });
});

describe("break-glass that takes two, with rights that the session has not, and a restart", () => {
  test("one person opens nothing, the second does, and a new process finds none open", async () => {
    const more = "approvals: { hold: 0s, cool_off: 0s, life: 5min, break_glass: { persons: 2, time_max: 20min } }";
    const scene = await openApprovalScene(await testServer(18), { more });
    let clerk = await clerkOf(scene);
    try {
      await assert.rejects(want(scene, { untilMs: Date.now() + 1_500_000 }), refused("bad_request", /up to 20 minutes/));
      const { id, state, run, target, untilMs } = await want(scene);
      assert.equal(state, "wanted");
      await refusal(clerk, everything);
      for (const { id: asked } of await scene.approvals()) await scene.answer(asked, "cleo", { answer: "deny", reason: "no" });
      const agree = (person: string, more_ = {}) =>
        scene.signed("POST", `/v1/break-glass/${id}`, { run, target, untilMs, ...more_ }, person);
      await assert.rejects(agree("ada"), refused("conflict", /another person/));
      await assert.rejects(agree("ben", { untilMs: untilMs + 1 }), refused("conflict", /is not what was shown/));
      assert.equal(((await agree("ben")) as BreakGlass).state, "open");
      assert.equal((await clerk.query(everything)).rowCount, 10);
      await clerk.query("TRUNCATE orders");
      assert.equal((await refusal(clerk, "SELECT rolpassword FROM pg_authid")).code, "42501");
      assert.equal((await scene.events("approval_asked")).length, 1, "nobody was asked since");
      const used = await scene.events("break_glass_used");
      assert.deepEqual(
        used.map(({ uses, transaction }) => [uses, typeof transaction]),
        [
          [1, "string"],
          [2, "string"],
        ],
      );
      const rules = (await scene.events("judgement")).flatMap((each) => (each.decision === "allow" ? each.rules : []));
      assert.ok(rules.includes(`approval:${id}`), "named among the rules of what was carried out");
      const [opened] = await scene.events("break_glass_opened");
      assert.deepEqual(opened?.persons, ["ada", "ben"]);
      const attempts = await scene.events("person_attempt");
      for (const nonce of opened?.nonces ?? []) assert.ok(attempts.some((each) => each.nonce === nonce && each.accepted));
    } finally {
      await clerk.end().catch(() => undefined);
      await scene.stop();
    }
    const { shop, folder } = scene;
    await shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 10)", shop.database);
    const again = await openApprovalScene(await testServer(18), { more, folder, shop });
    try {
      clerk = await clerkOf(again);
      assert.equal((await refusal(clerk, everything)).code, "42501");
      assert.deepEqual(again.gateway.status().breakGlass, []);
    } finally {
      await clerk.end().catch(() => undefined);
      await again.stop();
    }
  });
});
