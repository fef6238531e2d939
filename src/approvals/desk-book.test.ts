import assert from "node:assert/strict";
import { test } from "node:test";
import { DeskScene, heldAct, past, ticketOf } from "../../test/approvals/desk-scene.ts";
import type { Approval } from "../model/approval.ts";
import { Desk } from "./desk.ts";

test("what a gateway has heard to be used is over for it, whatever the store says later, though its own log has no use of it", async () => {
  const scene = new DeskScene();
  const one = await scene.desk("gateway_1");
  const store = scene.store;
  assert(store !== undefined);
  const two = await Desk.open(scene.parts(store, "gateway_2", []), past([]));
  try {
    const waiting = await one.present(heldAct());
    assert(waiting.kind === "waiting");
    const asked = await one.one(waiting.approval);
    assert(asked !== undefined);
    await one.answer(...scene.signed(asked, "ben"));
    const ticket = ticketOf(await one.present(heldAct()));
    const heard = new Promise<Approval>((resolve) => two.onChange((approval) => approval.state === "used" && resolve(approval)));
    await ticket.begin(null);
    await ticket.end("used", "");
    const { use: _, ...used } = await heard;
    assert.equal(await store.changeApproval({ ...used, revision: used.revision + 1, state: "approved" }), true);
    assert.equal(await two.ticket(used.id), undefined);
    assert.equal((await two.present(heldAct())).kind, "waiting", "it is asked anew");
    assert(scene.warnings.some((warning) => /is over, and is `approved` again in the store/.test(warning)));
  } finally {
    two.close();
    await scene.stop();
  }
});
