import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Approval } from "../model/approval.ts";
import { NotMeasurable } from "../pipeline/approvals-port.ts";
import { type DeskScene, heldAct, measurement, newPerson, ticketOf } from "../../test/approvals/desk-scene.ts";
import { asked, kinds, opened, reason } from "../../test/approvals/desk-steps.ts";
import type { Desk } from "./desk.ts";

const scenes: DeskScene[] = [];
after(async () => {
  for (const scene of scenes) await scene.stop();
});

const fresh = (change?: (scene: DeskScene) => void) => opened(scenes, change);

describe("an act that is presented", () => {
  test("is measured, asked about once, and waited for as long as a connection may be held", async () => {
    const { scene, desk } = await fresh();
    const presented = await desk.present(heldAct());
    assert(presented.kind === "waiting");
    assert.equal(presented.reason.code, "approval_required");
    assert.match(presented.reason.message, /measured: 41 rows deleted in public.orders of 100; nothing was changed/);
    assert.match(presented.reason.next ?? "", /send the same statement again, unchanged, within 15 min; .* holdfast approve q_/);
    assert.doesNotMatch(JSON.stringify(presented.reason), /a_rule_that_agents/);
    assert.deepEqual(kinds(scene), ["asked"]);
  });

  test("again, from any of the principal's connections, is the same question with one more", async () => {
    const { desk } = await fresh();
    const first = await asked(desk);
    const second = await asked(desk);
    assert.equal(second.id, first.id);
    assert.equal(second.count, 2);
    assert.notEqual((await asked(desk, { principal: "agent_2" })).id, first.id);
    assert.notEqual((await asked(desk, { searchPath: "evil, public" })).id, first.id);
    assert.notEqual((await asked(desk, { text: "DELETE FROM orders WHERE year < 2021" })).id, first.id);
  });

  test("while it is being measured joins too", async () => {
    const { scene, desk } = await fresh();
    const all = await Promise.all([1, 2, 3, 4].map(() => desk.present(heldAct())));
    assert.equal(new Set(all.map((each) => (each.kind === "waiting" ? each.approval : each.kind))).size, 1);
    assert.equal(desk.list()[0]?.count, 4);
    assert.deepEqual(kinds(scene), ["asked"]);
  });

  test("is answered while the connection waits", async () => {
    const { scene, desk } = await fresh((each) => {
      each.rules = { ...each.rules, holdMs: 60_000 };
    });
    const waiting = desk.present(heldAct());
    const approval = await firstAsked(desk);
    await desk.answer(...scene.signed(approval, "ben"));
    const ticket = ticketOf(await waiting);
    await ticket.begin("771");
    await ticket.end("used", "");
    assert.equal((await desk.one(approval.id))?.state, "used");
    assert.deepEqual(kinds(scene), ["asked", "answered", "used", "settled"]);
  });

  test("by whoever has gone is abandoned, unless others wait for it too", async () => {
    const { desk } = await fresh((each) => {
      each.rules = { ...each.rules, holdMs: 60_000 };
    });
    const leaves = [new AbortController(), new AbortController()] as const;
    const waiting = leaves.map(({ signal }) => desk.present(heldAct({ gone: signal })));
    const { id } = await firstAsked(desk);
    while ((await desk.one(id))?.count !== 2) await new Promise((resolve) => setImmediate(resolve));
    leaves[0].abort();
    assert.equal((await waiting[0])?.kind, "waiting");
    assert.equal((await desk.one(id))?.state, "pending");
    leaves[1].abort();
    assert.equal((await waiting[1])?.kind, "denied");
    assert.equal((await desk.one(id))?.state, "abandoned");
  });

  test("by whoever goes while it is being measured leaves no question behind", async () => {
    const { desk } = await fresh((each) => {
      each.rules = { ...each.rules, holdMs: 60_000 };
    });
    const leaves = new AbortController();
    const measure = () => {
      leaves.abort();
      return Promise.resolve({ measurement: measurement(1), unmeasured: [], identity: "i" });
    };
    assert.equal((await desk.present(heldAct({ gone: leaves.signal, measure }))).kind, "denied");
    assert.deepEqual(
      desk.list().map(({ state }) => state),
      ["abandoned"],
    );
  });

  test("that must not be asked about, or that nobody may answer for, is denied at once", async () => {
    const { scene, desk } = await fresh();
    const refuse = () => Promise.reject(new NotMeasurable("it reaches another server", "i", true));
    const one = await desk.present(heldAct({ measure: refuse }));
    assert.deepEqual([one.kind, reason(one).code], ["denied", "approval_unavailable"]);
    assert.match(reason(one).message, /it reaches another server/);
    const unmeasured = await asked(desk, { text: "VACUUM", measure: () => Promise.reject(new NotMeasurable("no transaction", "i")) });
    assert.deepEqual([unmeasured.plan.measured, unmeasured.plan.unmeasured], [null, ["no transaction"]]);
    scene.persons = [newPerson("dev", { approves: ["development"] })];
    const two = await desk.present(heldAct({ text: "DELETE FROM a" }));
    assert.match(reason(two).message, /nobody is registered who may answer for production/);
    scene.persons = [newPerson("ben"), newPerson("agent_1")];
    scene.rules = { ...scene.rules, quorum: { ...scene.rules.quorum, production: 2 } };
    const three = await desk.present(heldAct({ text: "DELETE FROM a" }));
    assert.match(reason(three).message, /1 of 2 persons are registered who may answer for production/);
    assert.equal(scene.log.length, 1);
  });

  test("with too many others of its principal open is denied", async () => {
    const { desk } = await fresh();
    for (let n = 0; n < 20; n++) await asked(desk, { text: `DELETE FROM t${n}` });
    assert.match(reason(await desk.present(heldAct({ text: "DELETE FROM more" }))).message, /20 questions are open already/);
    await asked(desk, { text: "DELETE FROM more", principal: "agent_2" });
  });

  test("is denied when store or log cannot be written, and nothing stands approved", async () => {
    const { scene, desk } = await fresh();
    scene.logBroken = true;
    const presented = await desk.present(heldAct());
    assert.deepEqual([presented.kind, reason(presented).code], ["denied", "approval_unavailable"]);
    await scene.store?.close();
    assert.equal((await desk.present(heldAct({ text: "DELETE FROM a" }))).kind, "denied");
  });
});

describe("a person's answer", () => {
  test("is refused from whoever asks, from whom nobody knows, and for environments that are not the person's", async () => {
    const { scene, desk } = await fresh((each) => {
      each.persons = [newPerson("ben"), newPerson("ada"), newPerson("agent_1"), newPerson("stag", { approves: ["staging"] })];
    });
    const approval = await asked(desk, { onBehalfOf: "ada" });
    await assert.rejects(desk.answer(...scene.signed(approval, "ada")), { code: "not_allowed", message: /is the one who asks/ });
    await assert.rejects(desk.answer(...scene.signed(approval, "agent_1")), { code: "not_allowed", message: /is the one who asks/ });
    await assert.rejects(desk.answer(...scene.signed(approval, "stag")), { code: "not_allowed", message: /may decide about staging/ });
    await assert.rejects(desk.answer(...scene.signed(approval, "mallory")), { code: "not_allowed", message: /is not registered/ });
  });

  test("must be to this plan, with what is to be typed, and proven", async () => {
    const { scene, desk } = await fresh();
    const approval = await asked(desk);
    const refused = async (more: object, code: string, message: RegExp) =>
      assert.rejects(desk.answer(...scene.signed(approval, "ben", more)), { code, message });
    await refused({ planDigest: "0".repeat(64) }, "conflict", /another plan/);
    await refused({ confirm: "orders" }, "bad_request", /not the name of what would be lost/);
    await refused({ answer: "deny" }, "bad_request", /takes a reason/);
    await refused({ approval: "q_000000000000" }, "not_found", /no approval is named/);
    await refused({ approval: "'; DROP" }, "not_found", /no approval is named/);
    const [given, by] = scene.signed(approval, "ben");
    await assert.rejects(desk.answer(given, { ...by, evidence: { kind: "login" } }), { code: "not_allowed", message: /proof of its own/ });
    const [, others] = scene.signed(approval, "cleo");
    await assert.rejects(desk.answer(given, { ...by, evidence: others.evidence }), { code: "not_allowed", message: /not proven/ });
    const [denied] = scene.signed(approval, "ben", { answer: "deny", reason: "no" });
    await assert.rejects(
      desk.answer({ ...denied, answer: "approve", confirm: "public.orders" }, scene.signed(approval, "ben", { reason: "x" })[1]),
      {
        code: "not_allowed",
      },
    );
    assert.equal((await desk.one(approval.id))?.answers.length, 0);
  });

  test("counts once a person, and as many persons as are demanded must agree", async () => {
    const { scene, desk } = await fresh((each) => {
      each.rules = { ...each.rules, quorum: { ...each.rules.quorum, production: 2 } };
    });
    const approval = await asked(desk);
    assert.equal((await desk.answer(...scene.signed(approval, "ben"))).state, "pending");
    await assert.rejects(desk.answer(...scene.signed(approval, "ben")), { code: "conflict", message: /answered already/ });
    assert.equal((await desk.present(heldAct())).kind, "waiting");
    assert.equal((await desk.answer(...scene.signed(approval, "cleo"))).state, "approved");
    await ticketOf(await desk.present(heldAct())).begin(null);
  });

  test("that says no closes it with its reason, for all who agreed before and for every later try of the same act", async () => {
    const { scene, desk } = await fresh((each) => {
      each.rules = { ...each.rules, quorum: { ...each.rules.quorum, production: 2 } };
    });
    const approval = await asked(desk);
    await desk.answer(...scene.signed(approval, "ben"));
    await desk.answer(...scene.signed(approval, "cleo", { answer: "deny", reason: "those are the orders of the audit" }));
    await assert.rejects(desk.answer(...scene.signed(approval, "ben")), { code: "conflict", message: /denied already: cleo said no/ });
    const again = await desk.present(heldAct());
    assert.equal(reason(again).code, "approval_denied");
    assert.match(reason(again).message, /cleo said no to it .*: those are the orders of the audit; measured: 41 rows/);
    assert.match(reason(again).next ?? "", /restrict the WHERE/);
    assert.doesNotMatch(JSON.stringify(again), /a_rule_that_agents/);
    scene.clock.advance(2 * scene.rules.rememberMs);
    assert.equal((await desk.present(heldAct())).kind, "denied", "in the same run for good");
    scene.run = undefined;
    assert.equal((await desk.present(heldAct())).kind, "waiting", "in another it may be asked again after a while");
    assert.deepEqual(kinds(scene).slice(0, 4), ["asked", "answered", "answered", "closed"]);
  });

  test("that says no holds for another text that would empty the same table, and not for one that takes other rows", async () => {
    const { scene, desk } = await fresh();
    const all = () => Promise.resolve({ measurement: measurement(100), unmeasured: [], identity: "i" });
    const approval = await asked(desk, { text: "TRUNCATE orders", measure: all });
    await desk.answer(...scene.signed(approval, "ben", { answer: "deny", reason: "never all of them" }));
    const again = await desk.present(heldAct({ text: "DELETE FROM orders WHERE id = id", measure: all }));
    assert.equal(again.kind, "denied");
    assert.match(reason(again).message, /ben said no to it .*: never all of them; measured: 100 rows deleted/);
    await asked(desk, { text: "DELETE FROM orders WHERE year < 2020" });
    await asked(desk, { text: "DELETE FROM orders", principal: "agent_2", measure: all });
  });

  test("of two who answer at once the first counts, and the other is told", async () => {
    const { scene, desk } = await fresh();
    const approval = await asked(desk);
    const results = await Promise.allSettled([
      desk.answer(...scene.signed(approval, "ben")),
      desk.answer(...scene.signed(approval, "cleo", { answer: "deny", reason: "no" })),
      desk.answer(...scene.signed(approval, "cleo")),
    ]);
    const now = await desk.one(approval.id);
    assert.equal(now?.state, "denied", "a no is taken until it is used");
    assert.equal(results[2]?.status, "rejected");
  });

  test("that says no after an agreement takes it back until it is used", async () => {
    const { scene, desk } = await fresh();
    const approval = await asked(desk);
    await desk.answer(...scene.signed(approval, "ben"));
    const ticket = ticketOf(await desk.present(heldAct()));
    await desk.answer(...scene.signed(approval, "ben", { answer: "deny", reason: "wrong year" }));
    await assert.rejects(ticket.begin(null), /not to be used: it is denied: ben said no: wrong year/);
  });

  test("is by passkey where one is registered and the act cannot be taken back", async () => {
    const { scene, desk } = await fresh((each) => {
      each.persons = [newPerson("ben"), newPerson("cleo", { passkey: true })];
    });
    const lasting = await asked(desk);
    assert.equal(lasting.strength, "passkey");
    await assert.rejects(desk.answer(...scene.signed(lasting, "ben")), { code: "not_allowed", message: /takes a passkey/ });
    await desk.answer(...scene.signed(lasting, "ben", { answer: "deny", reason: "a no takes none" }));
    scene.rules = { ...scene.rules, passkey: "never" };
    const other = await asked(desk, { text: "DELETE FROM b" });
    assert.equal((await desk.answer(...scene.signed(other, "ben"))).state, "approved");
    scene.rules = { ...scene.rules, passkey: "always" };
    await assert.rejects(ticketOf(await desk.present(heldAct({ text: "DELETE FROM b" }))).begin(null), /not by passkey/);
  });

  test("of the one who asks is taken where the installation says so, and waits", async () => {
    const { scene, desk } = await fresh((each) => {
      each.persons = [newPerson("ada")];
      each.rules = { ...each.rules, solo: true, coolOffMs: 60_000 };
    });
    const act = { onBehalfOf: "ada", principal: "agent_1" };
    const approval = await asked(desk, act);
    assert.equal((await desk.answer(...scene.signed(approval, "ada"))).state, "approved");
    const cooling = await desk.present(heldAct(act));
    assert.match(reason(cooling).message, /is not carried out for 60 s yet/);
    scene.clock.advance(60_000);
    await ticketOf(await desk.present(heldAct(act))).begin(null);
    scene.rules = { ...scene.rules, solo: false };
    assert.match(reason(await desk.present(heldAct({ ...act, text: "DELETE FROM b" }))).message, /nobody is registered/);
  });
});

async function firstAsked(desk: Desk): Promise<Approval> {
  for (;;) {
    const [approval] = desk.list();
    if (approval !== undefined) return approval;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
