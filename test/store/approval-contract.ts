/**
 * What every control store must fulfil of approvals: each change finds the one before it or changes nothing, whoever else is writing.
 * `contract.ts` joins it to the rest; it knows no store.
 */
import assert from "node:assert/strict";
import type { ApprovalId } from "../../src/base/ids.ts";
import type { Approval } from "../../src/model/approval.ts";
import { sampleApproval } from "./approval-samples.ts";
import type { Check } from "./contract.ts";

/** Large enough that it cannot pass by on room that is left. */
const wide = "x".repeat(1 << 20);
const id = (text: string): ApprovalId => text as ApprovalId;

export const approvalContract: Readonly<Record<string, Check>> = {
  "an approval comes back as it was put, over a restart and in order": async ({ open }) => {
    const store = await open();
    const second: Approval = {
      ...sampleApproval("q_1"),
      revision: 1,
      state: "running",
      answers: [{ person: "ben", answer: "approve", atMs: 5, channel: "command", reason: "", tookMs: null, evidence: { kind: "login" } }],
      use: { attempt: "t1", gateway: "g1", atMs: 6, transaction: "771" },
    };
    assert.equal(await store.changeApproval(sampleApproval("q_2")), true);
    assert.equal(await store.changeApproval(sampleApproval("q_1")), true);
    assert.equal(await store.changeApproval(second), true);
    await store.close();
    const again = await open();
    assert.deepEqual(await again.approvals(), [sampleApproval("q_2"), second]);
    assert.deepEqual(await again.approval(id("q_1")), second);
    assert.equal(await again.approval(id("q_none")), undefined);
    await again.close();
  },
  "of two who change the same revision of an approval one is first, and the other changes nothing": async ({ open }) => {
    const store = await open();
    await store.changeApproval(sampleApproval("q_1"));
    const approved: Approval = { ...sampleApproval("q_1"), revision: 1, state: "approved" };
    const denied: Approval = { ...sampleApproval("q_1"), revision: 1, state: "denied", because: "no" };
    const won = await Promise.all([store.changeApproval(approved), store.changeApproval(denied)]);
    assert.deepEqual([...won].sort(), [false, true]);
    assert.deepEqual(await store.approval(id("q_1")), won[0] ? approved : denied);
    await store.close();
  },
  "an approval is put for the first time once, and never changed past a revision": async ({ open }) => {
    const store = await open();
    assert.equal(await store.changeApproval({ ...sampleApproval("q_1"), revision: 1 }), false, "there is none to change");
    assert.equal(await store.changeApproval(sampleApproval("q_1")), true);
    assert.equal(await store.changeApproval({ ...sampleApproval("q_1"), state: "used" }), false, "it is there");
    assert.equal(await store.changeApproval({ ...sampleApproval("q_1"), revision: 2, state: "used" }), false, "it skips one");
    assert.deepEqual(await store.approvals(), [sampleApproval("q_1")]);
    await store.close();
  },
  "a change of an approval that fails leaves the old one or the new, whole": async ({ open, failWrites }) => {
    const store = await open();
    await store.changeApproval(sampleApproval("q_1"));
    const end = await failWrites(store);
    const changed: Approval = { ...sampleApproval("q_1"), revision: 1, state: "denied", because: wide };
    const fresh: Approval = { ...sampleApproval("q_2"), because: wide };
    await assert.rejects(store.changeApproval(changed), { name: "StoreUnavailable" });
    await assert.rejects(store.changeApproval(fresh), { name: "StoreUnavailable" });
    await end();
    const seen = await store.approval(id("q_1"));
    assert(seen !== undefined && [0, 1].includes(seen.revision));
    assert.deepEqual(seen, seen.revision === 0 ? sampleApproval("q_1") : changed);
    const other = await store.approval(id("q_2"));
    if (other !== undefined) assert.deepEqual(other, fresh);
    // Whoever looks again can go on from what is there.
    assert.equal(await store.changeApproval({ ...seen, revision: seen.revision + 1, state: "expired" }), true);
    await store.close();
    const again = await open();
    assert.equal((await again.approval(id("q_1")))?.state, "expired");
    await again.close();
  },
  "tells of a change after it is durable, until that is ended": async ({ open }) => {
    const store = await open();
    const told: string[] = [];
    let heard: () => void = () => {};
    const end = store.onApproval((changed) => {
      told.push(changed);
      heard();
    });
    const next = new Promise<void>((resolve) => {
      heard = resolve;
    });
    await store.changeApproval(sampleApproval("q_1"));
    await next;
    assert.equal(told[0], "q_1");
    const count = told.length;
    end();
    await store.changeApproval({ ...sampleApproval("q_1"), revision: 1, state: "denied" });
    await store.approval(id("q_1"));
    assert.equal(told.length, count);
    await store.close();
  },
};
