/** What becomes of an approval: used once, given back, expired, of no use under another policy or without its persons, over restarts. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { type DeskScene, heldAct, newPerson, policyNow, ticketOf } from "../../test/approvals/desk-scene.ts";
import { asked, kinds, opened, reason } from "../../test/approvals/desk-steps.ts";

const scenes: DeskScene[] = [];
after(async () => {
  for (const scene of scenes) await scene.stop();
});

const fresh = (change?: (scene: DeskScene) => void) => opened(scenes, change);

describe("an approval", () => {
  test("is used once, whoever holds a ticket for it", async () => {
    const { scene, desk } = await fresh();
    const other = await scene.desk("gateway_2");
    const approval = await asked(desk);
    await other.answer(...scene.signed(approval, "ben"));
    const tickets = [
      ticketOf(await desk.present(heldAct())),
      ticketOf(await other.present(heldAct())),
      ticketOf(await desk.present(heldAct())),
    ];
    const begun = await Promise.allSettled(tickets.map((ticket) => ticket.begin("771")));
    assert.equal(begun.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal(kinds(scene).filter((kind) => kind === "used").length, 1);
    for (const [i, ticket] of tickets.entries()) {
      if (begun[i]?.status === "fulfilled") await ticket.end("used", "");
      await assert.rejects(ticket.begin("772"));
    }
    assert.equal((await desk.present(heldAct())).kind, "waiting", "the next time is a question of its own");
  });

  test("is given back when the server was not reached, and only then", async () => {
    const { scene, desk } = await fresh();
    const approval = await asked(desk);
    await desk.answer(...scene.signed(approval, "ben"));
    const first = ticketOf(await desk.present(heldAct()));
    await first.begin("771");
    const meanwhile = await desk.present(heldAct());
    assert.match(reason(meanwhile).message, /is being carried out now/);
    await first.end("not_reached", "the server refused the connection");
    const second = ticketOf(await desk.present(heldAct()));
    await second.begin("772");
    await second.end("stale", "42 rows instead of 41");
    assert.equal((await desk.one(approval.id))?.state, "stale");
    assert.equal((await desk.one(approval.id))?.because, "42 rows instead of 41");
  });

  test("expires into a no: by the clock, at the answer, at the use, and in a later process", async () => {
    const { scene, desk } = await fresh();
    const [late, unused, slept] = [
      await asked(desk),
      await asked(desk, { text: "DELETE FROM b" }),
      await asked(desk, { text: "DELETE FROM c" }),
    ];
    await desk.answer(...scene.signed(unused, "ben"));
    const ticket = ticketOf(await desk.present(heldAct({ text: "DELETE FROM b" })));
    scene.clock.advance(scene.rules.lifeMs);
    await assert.rejects(desk.answer(...scene.signed(late, "ben")), { code: "conflict", message: /expired/ });
    await assert.rejects(ticket.begin(null), /its time is over|it is expired/);
    const again = await scene.restart();
    assert.equal((await again.one(slept.id))?.state, "expired");
    assert.equal((await again.one(unused.id))?.state, "expired");
    assert.equal(scene.log.filter(({ kind }) => kind === "approval_closed").length, 3);
    assert.notEqual((await asked(again)).id, late.id);
  });

  test("stands over a restart while nobody has answered, and is answered after it", async () => {
    const { scene, desk } = await fresh();
    const approval = await asked(desk);
    const again = await scene.restart();
    assert.equal((await again.one(approval.id))?.state, "pending");
    await again.answer(...scene.signed(approval, "ben"));
    await ticketOf(await again.present(heldAct())).begin(null);
    assert.deepEqual(
      desk.list().map(({ state }) => state),
      ["pending"],
      "the desk that was closed knows nothing of it",
    );
  });

  test("is of no use under another policy than it was asked under", async () => {
    const { scene, desk } = await fresh();
    const [pending, approved] = [await asked(desk), await asked(desk, { text: "DELETE FROM b" })];
    await desk.answer(...scene.signed(approved, "ben"));
    const ticket = ticketOf(await desk.present(heldAct({ text: "DELETE FROM b" })));
    scene.policy = "b".repeat(64);
    await assert.rejects(ticket.begin(null), /the policy has changed/);
    await assert.rejects(desk.answer(...scene.signed(pending, "ben")), { code: "conflict", message: /stale/ });
    await desk.policyChanged();
    assert.deepEqual(
      desk.list().map(({ state }) => state),
      ["stale", "stale"],
    );
    scene.policy = undefined;
    const elsewhere = await asked(desk, { text: "DELETE FROM c", policyDigest: "c".repeat(64) });
    await desk.policyChanged();
    assert.equal((await desk.one(elsewhere.id))?.state, "pending", "its target is another gateway's");
    assert.equal((await desk.answer(...scene.signed(elsewhere, "ben"))).state, "approved", "and may be answered here all the same");
    const act = heldAct({ text: "DELETE FROM c", policyDigest: "c".repeat(64) });
    await assert.rejects(ticketOf(await desk.present(act)).begin(null), /the policy has changed/, "not used");
    scene.policy = "b".repeat(64);
    const later = await asked(desk, { policyDigest: "b".repeat(64) });
    assert.notEqual(later.id, pending.id);
    scene.policy = policyNow;
  });

  test("does not hold when its person was removed, or may answer for less, since", async () => {
    for (const change of [
      (scene: DeskScene) => scene.persons.splice(0, 1),
      (scene: DeskScene) => scene.persons.splice(0, 1, newPerson("ben")),
      (scene: DeskScene) => scene.persons.splice(0, 1, { ...(scene.persons[0] ?? newPerson("ben")), approves: ["staging"] }),
    ]) {
      const { scene, desk } = await fresh();
      const approval = await asked(desk);
      await desk.answer(...scene.signed(approval, "ben"));
      change(scene);
      await assert.rejects(ticketOf(await desk.present(heldAct())).begin(null), /may not answer|does not hold/);
      assert.equal(kinds(scene).includes("used"), false);
    }
  });

  test("is not used when the log cannot be written", async () => {
    const { scene, desk } = await fresh();
    const approval = await asked(desk);
    await desk.answer(...scene.signed(approval, "ben"));
    const ticket = ticketOf(await desk.present(heldAct()));
    scene.logBroken = true;
    await assert.rejects(ticket.begin(null), /cannot be written/);
    scene.logBroken = false;
    const again = await scene.restart();
    // The store had it as running, the log did not: nothing was sent, so it stands.
    assert.equal((await again.one(approval.id))?.state, "approved");
    await ticketOf(await again.present(heldAct())).begin(null);
  });

  test("whose use has no known end is for whoever asks the server, after a restart", async () => {
    const { scene, desk } = await fresh();
    const approval = await asked(desk);
    await desk.answer(...scene.signed(approval, "ben"));
    await ticketOf(await desk.present(heldAct())).begin("771");
    const again = await scene.restart();
    assert.deepEqual(
      again.running().map(({ id, use }) => [id, use?.transaction]),
      [[approval.id, "771"]],
    );
    assert.match(reason(await again.present(heldAct())).message, /is being carried out now/);
    await again.settle(approval.id, "used", "committed, as the server says");
    assert.equal((await again.one(approval.id))?.state, "used");
    assert.deepEqual(again.running(), []);
  });
});
