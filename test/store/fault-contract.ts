/**
 * The fault matrix of every control store: each write failing, and failing though it persisted. After each the store is whole, and whoever
 * looks again knows which it was. It knows no store: how a write is made to fail is handed in.
 */
import assert from "node:assert/strict";
import type { ApprovalId } from "../../src/base/ids.ts";
import type { Approval } from "../../src/model/approval.ts";
import type { ControlStore } from "../../src/store/port.ts";
import { sampleApproval } from "./approval-samples.ts";
import { sampleAsk, sampleDisarm, sampleGrant, sampleRun } from "./contract.ts";

export type Written = "runs" | "asks" | "grants" | "disarms" | "approvals";

export interface Fault {
  readonly name: string;
  /** Whether what was put is there although the put rejected. */
  readonly persists: boolean;
  /** The next write of that kind fails so; returns how to end that. */
  readonly arm: (what: Written) => Promise<() => Promise<void>>;
}

/** Large enough that it cannot pass by on room that is left. */
const wide = "x".repeat(1 << 20);

type Everything = Readonly<Record<Written, readonly { readonly id: string }[]>>;

/** One write: what it puts, over what was there. */
interface Write {
  readonly what: Written;
  readonly put: (store: ControlStore) => Promise<unknown>;
  /** What is there when it persisted. */
  readonly result: (before: Everything) => Everything;
  /** Doing it again after it rejected: what is answered when it had persisted, and when it had not. */
  readonly again: readonly [persisted: unknown, not: unknown];
}

const added = (what: Written, entry: { readonly id: string }) => (before: Everything) => ({ ...before, [what]: [...before[what], entry] });
const replaced = (what: Written, entry: { readonly id: string }) => (before: Everything) => ({
  ...before,
  [what]: before[what].map((each) => (each.id === entry.id ? entry : each)),
});

const run = { ...sampleRun("r_9"), purpose: wide };
const ask = { ...sampleAsk("a_9"), purpose: wide };
const grant = { ...sampleGrant("g_9"), reason: wide };
const changedGrant = { ...sampleGrant("g_1"), state: "lapsed" as const, because: wide };
const disarm = { ...sampleDisarm("s_9.1"), things: [wide] };
const approval: Approval = { ...sampleApproval("q_9"), because: wide };
const running: Approval = {
  ...sampleApproval("q_1"),
  revision: 1,
  state: "running",
  because: wide,
  use: { attempt: "t1", gateway: "g1", atMs: 6, transaction: "771" },
};

const writes: Readonly<Record<string, Write>> = {
  "a run": { what: "runs", put: (store) => store.putRun(run), result: added("runs", run), again: [undefined, undefined] },
  "an ask": { what: "asks", put: (store) => store.putAsk(ask), result: added("asks", ask), again: [undefined, undefined] },
  "a grant": { what: "grants", put: (store) => store.putGrant(grant), result: added("grants", grant), again: [undefined, undefined] },
  "a grant that is there": {
    what: "grants",
    put: (store) => store.putGrant(changedGrant),
    result: replaced("grants", changedGrant),
    again: [undefined, undefined],
  },
  "a safeguard taken away": {
    what: "disarms",
    put: (store) => store.putDisarm(disarm),
    result: added("disarms", disarm),
    again: [undefined, undefined],
  },
  "an approval": {
    what: "approvals",
    put: (store) => store.changeApproval(approval),
    result: added("approvals", approval),
    again: [false, true],
  },
  "an approval's use": {
    what: "approvals",
    put: (store) => store.changeApproval(running),
    result: replaced("approvals", running),
    again: [false, true],
  },
};

async function everything(store: ControlStore): Promise<Everything> {
  const [runs, asks, grants] = [await store.runs(), await store.asks(), await store.grants()];
  return { runs, asks, grants, disarms: await store.disarms(), approvals: await store.approvals() };
}

export const faultMatrix: Readonly<Record<string, (open: () => Promise<ControlStore>, fault: Fault) => Promise<void>>> = Object.fromEntries(
  Object.entries(writes).map(([name, write]) => [name, (open, fault) => fails(open, fault, write)]),
);

async function fails(open: () => Promise<ControlStore>, fault: Fault, write: Write): Promise<void> {
  const store = await open();
  await store.putRun(sampleRun("r_1"));
  await store.putAsk(sampleAsk("a_1"));
  await store.putGrant(sampleGrant("g_1"));
  await store.changeApproval(sampleApproval("q_1"));
  const before = await everything(store);
  const expected = fault.persists ? write.result(before) : before;
  const end = await fault.arm(write.what);
  await assert.rejects(write.put(store), { name: "StoreUnavailable" });
  await end();
  assert.deepEqual(await everything(store), expected, "looking again tells which it was");
  const [persisted, not] = write.again;
  assert.equal(await write.put(store), fault.persists ? persisted : not, "doing it again is no second time");
  const whole = write.result(before);
  assert.deepEqual(await everything(store), whole);
  if (write.what === "approvals") assert.equal((await store.approval("q_1" as ApprovalId))?.id, "q_1");
  await store.close();
  const again = await open();
  assert.deepEqual(await everything(again), whole, "and so does the next process");
  await again.close();
}
