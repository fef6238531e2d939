/**
 * What every control store must fulfil, as checks that any of them can be run through; `sqlite-store.test.ts` does.
 * It knows no store: one is opened, killed and made to fail by what the caller hands in.
 */
import assert from "node:assert/strict";
import type { ActionId, AskId, GrantId, RunId } from "../../src/base/ids.ts";
import type { Disarm } from "../../src/model/disarm.ts";
import type { Ask, Grant } from "../../src/model/grant.ts";
import { noBudget, nothingUsed, type Run } from "../../src/model/run.ts";
import type { ControlStore } from "../../src/store/port.ts";
import { approvalContract } from "./approval-contract.ts";

export interface StoreUnderTest {
  /** Opens the store of one place; again after it was closed. */
  readonly open: () => Promise<ControlStore>;
  /** From now on every write of the store that is open fails; returns how to end that. */
  readonly failWrites: (store: ControlStore) => Promise<() => Promise<void>>;
}

export function sampleRun(id: string): Run {
  return {
    id: id as RunId,
    kind: "program",
    principal: "run_claude_k3",
    principalKind: "ai_agent",
    target: "shop",
    environment: "staging",
    program: "claude",
    programVersion: "2.1",
    actsFor: "ada",
    purpose: "find why orders are late",
    budget: { ...noBudget, rowsChanged: 10 },
    startedAtMs: 1,
    state: "open",
    used: nothingUsed,
  };
}

export function sampleAsk(id: string): Ask {
  return {
    id: id as AskId,
    run: "r_1" as RunId,
    principal: "run_claude_k3",
    target: "shop",
    tables: ["public.orders"],
    operations: ["delete"],
    purpose: "remove the duplicates of order 7",
    askedAtMs: 2,
    state: "open",
  };
}

export function sampleGrant(id: string): Grant {
  return {
    id: id as GrantId,
    run: "r_1" as RunId,
    principal: "run_claude_k3",
    target: "shop",
    tables: ["public.orders"],
    operations: ["delete"],
    sequences: [],
    by: "ada",
    reason: "duplicates",
    givenAtMs: 3,
    untilMs: 4,
    usesMax: 5,
    rowsMax: 6,
    uses: 0,
    rows: 0,
    state: "open",
  };
}

export function sampleDisarm(id: string): Disarm {
  return { id: id as ActionId, principal: "run_claude_k3", things: ["aws:db-1"], atMs: 7, undone: false };
}

export type Check = (subject: StoreUnderTest) => Promise<void>;

export const storeContract: Readonly<Record<string, Check>> = {
  "keeps what was put, in the order in which it was first put, over a restart": async ({ open }) => {
    const store = await open();
    await store.putRun(sampleRun("r_2"));
    await store.putRun(sampleRun("r_1"));
    const ended: Run = { ...sampleRun("r_2"), state: "ended", because: "the program ended", used: { ...nothingUsed, rowsRead: 7 } };
    await store.putRun(ended);
    await store.putAsk(sampleAsk("a_1"));
    await store.putGrant(sampleGrant("g_1"));
    await store.putDisarm(sampleDisarm("s_1.1"));
    await store.close();
    const again = await open();
    assert.deepEqual(await again.runs(), [ended, sampleRun("r_1")]);
    assert.deepEqual(await again.asks(), [sampleAsk("a_1")]);
    assert.deepEqual(await again.grants(), [sampleGrant("g_1")]);
    assert.deepEqual(await again.disarms(), [sampleDisarm("s_1.1")]);
    await again.close();
  },
  "a put may be repeated": async ({ open }) => {
    const store = await open();
    for (let time = 0; time < 3; time++) await store.putGrant({ ...sampleGrant("g_1"), uses: time });
    assert.deepEqual(
      (await store.grants()).map(({ uses }) => uses),
      [2],
    );
    await store.close();
  },
  "a write that fails rejects, harms nothing before it, and leaves nothing in part": async ({ open, failWrites }) => {
    const store = await open();
    await store.putGrant(sampleGrant("g_1"));
    const end = await failWrites(store);
    // Large enough that it cannot pass by on room that is left.
    const wide = { ...sampleGrant("g_2"), reason: "x".repeat(1 << 20) };
    await assert.rejects(store.putGrant(wide), { name: "StoreUnavailable" });
    const seen = await store.grants();
    assert.deepEqual(seen[0], sampleGrant("g_1"));
    for (const other of seen.slice(1)) assert.deepEqual(other, wide, "whole or not at all");
    await end();
    await store.putGrant(sampleGrant("g_3"));
    await store.close();
    const again = await open();
    const ids = (await again.grants()).map(({ id }) => id as string);
    assert.deepEqual(
      ids.filter((id) => id !== "g_2"),
      ["g_1", "g_3"],
    );
    await again.close();
  },
  "texts come back as they were, whatever they hold": async ({ open }) => {
    const store = await open();
    const odd = { ...sampleAsk("a_1"), purpose: `'); DROP TABLE asks; -- " \\ \u0000 \u{1F4A5} ${"é".repeat(5_000)}` };
    await store.putAsk(odd);
    assert.deepEqual(await store.asks(), [odd]);
    await store.close();
  },
  ...approvalContract,
  "nothing can be put after close": async ({ open }) => {
    const store = await open();
    await store.close();
    await store.close();
    await assert.rejects(store.putRun(sampleRun("r_1")), { name: "StoreUnavailable" });
  },
};
