/** Connections of the PostgreSQL store cut at each write, before and after the server has committed; the server away, stalled, killed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ApprovalId } from "../../src/base/ids.ts";
import { serverVersions, startServer, testServer } from "../support/servers.ts";
import { sampleApproval } from "./approval-samples.ts";
import { sampleGrant, sampleRun } from "./contract.ts";
import { cuttingProxy, type Moment } from "./cutting-proxy.ts";
import { type Fault, faultMatrix } from "./fault-contract.ts";
import { storePlace } from "./postgres-place.ts";

const faults: readonly { readonly name: string; readonly moment: Moment; readonly persists: boolean }[] = [
  { name: "fails", moment: "before", persists: false },
  { name: "fails though it persisted", moment: "after", persists: true },
];

for (const version of serverVersions) {
  describe(`each write to the PostgreSQL store, on PostgreSQL ${version}`, () => {
    for (const { name, moment, persists } of faults)
      for (const [what, check] of Object.entries(faultMatrix))
        test(`${what} ${name}: the store is whole, and looking again tells`, async () => {
          const place = await storePlace(await testServer(version));
          const proxy = await cuttingProxy(place.server);
          const fault: Fault = {
            name,
            persists,
            arm: async (table) => {
              const word = table === "approvals" ? "holdfast_control.approvals" : `INSERT INTO holdfast_control.${table}`;
              const before = proxy.cuts();
              proxy.cut(moment, word);
              return async () => assert.equal(proxy.cuts(), before + 1, "the connection was cut");
            },
          };
          try {
            await check(() => place.open({ port: proxy.port }), fault);
          } finally {
            await proxy.close();
          }
          await place.database.drop();
        });
  });
}

describe("the PostgreSQL store's server", () => {
  test("away: a put is refused and not kept for later; back: it goes on, and what was missed is told", async () => {
    const place = await storePlace(await testServer());
    const proxy = await cuttingProxy(place.server);
    const store = await place.open({ port: proxy.port });
    const other = await place.open({ gateway: { id: "gw_b" } });
    try {
      const told: string[] = [];
      const hearing: boolean[] = [];
      let heard: () => void = () => {};
      const until = (holds: () => boolean): Promise<void> =>
        new Promise((resolve) => {
          heard = () => (holds() ? resolve() : undefined);
          heard();
        });
      store.onApproval((id) => {
        told.push(id);
        heard();
      });
      store.onHearing((now) => hearing.push(now));
      await store.changeApproval(sampleApproval("q_1"));
      await until(() => told.length === 1);
      proxy.away();
      await assert.rejects(store.putRun(sampleRun("r_1")), { name: "StoreUnavailable" });
      await other.changeApproval(sampleApproval("q_2"));
      await other.changeApproval({ ...sampleApproval("q_1"), revision: 1, state: "denied" });
      proxy.back();
      await until(() => told.includes("q_2") && told.filter((id) => id === "q_1").length === 2);
      assert.deepEqual(hearing, [false, true]);
      assert.deepEqual(await store.runs(), [], "a put that was refused is not done later");
      await store.putRun(sampleRun("r_2"));
      assert.equal((await other.runs()).length, 1);
    } finally {
      await Promise.all([store.close(), other.close()]);
      await proxy.close();
    }
    await place.database.drop();
  });

  test("silent: a put rejects within its time, and what the server still does of it is over before anybody looks", async () => {
    const place = await storePlace(await testServer());
    const store = await place.open({ timeoutMs: 700 });
    const holder = await place.server.connect(place.database.name);
    try {
      await store.changeApproval(sampleApproval("q_1"));
      await holder.query("BEGIN");
      await holder.query("LOCK TABLE holdfast_control.approvals IN ACCESS EXCLUSIVE MODE");
      const denied = { ...sampleApproval("q_1"), revision: 1, state: "denied" as const };
      await assert.rejects(store.changeApproval(denied), { name: "StoreUnavailable", message: /in time|timeout/ });
      await holder.query("COMMIT");
      // The lock may have gone a moment before the server gave the statement up: it happened or it did not, and whoever looks sees which.
      const seen = (await store.approval("q_1" as ApprovalId))?.revision;
      assert.ok(seen === 0 || seen === 1, String(seen));
      const { rows } = await holder.query(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'",
        [place.login.user],
      );
      assert.equal((rows[0] as { n: number }).n, 0, "nothing of it waits any more");
      assert.equal((await store.approval("q_1" as ApprovalId))?.revision, seen);
      assert.equal(await store.changeApproval(denied), seen === 0);
    } finally {
      await holder.end();
      await store.close();
    }
    await place.database.drop();
  });

  test("still at it when the connection is lost: it is stopped before anybody looks, and never happens after", async () => {
    const place = await storePlace(await testServer());
    const proxy = await cuttingProxy(place.server);
    const store = await place.open({ port: proxy.port });
    const holder = await place.server.connect(place.database.name);
    try {
      await store.changeApproval(sampleApproval("q_1"));
      await holder.query("BEGIN");
      await holder.query("SELECT * FROM holdfast_control.approvals FOR UPDATE");
      proxy.cut("during", "UPDATE holdfast_control.approvals");
      const used = { ...sampleApproval("q_1"), revision: 1, state: "running" as const };
      await assert.rejects(store.changeApproval(used), { name: "StoreUnavailable" });
      assert.equal((await store.approval("q_1" as ApprovalId))?.revision, 0, "looked at while the lock is still held");
      await holder.query("COMMIT");
      const other = { ...sampleApproval("q_1"), revision: 1, state: "expired" as const };
      assert.equal(await store.changeApproval(other), true, "what was lost did not come in between");
      assert.equal((await store.approval("q_1" as ApprovalId))?.state, "expired");
    } finally {
      await holder.end();
      await store.close();
      await proxy.close();
    }
    await place.database.drop();
  });

  test("whose network swallows everything: puts reject, and go on when it does not", async () => {
    const place = await storePlace(await testServer());
    const proxy = await cuttingProxy(place.server);
    const store = await place.open({ port: proxy.port, timeoutMs: 500 });
    try {
      await store.putGrant(sampleGrant("g_1"));
      proxy.stall(true);
      await assert.rejects(store.putGrant(sampleGrant("g_2")), { name: "StoreUnavailable", message: /does not answer in time/ });
      proxy.stall(false);
      const ids = (await store.grants()).map(({ id }) => id as string);
      assert(ids[0] === "g_1" && (ids.length === 1 || ids[1] === "g_2"), ids.join());
      await store.putGrant(sampleGrant("g_3"));
    } finally {
      await store.close();
      await proxy.close();
    }
    await place.database.drop();
  });

  test("killed and started again: nothing that was acknowledged is lost", async () => {
    const server = await startServer({ version: 18, settings: { fsync: "on" } });
    const place = await storePlace(server);
    const store = await place.open({ timeoutMs: 3_000 });
    try {
      let acknowledged = 0;
      const writing = (async () => {
        for (let n = 0; n < 2_000; n++) {
          await store.putRun(sampleRun(`r_${n}`));
          acknowledged = n + 1;
          if (acknowledged === 40) void server.kill();
        }
      })();
      await assert.rejects(writing, { name: "StoreUnavailable" });
      await server.kill();
      await server.start();
      const kept = (await store.runs()).length;
      assert(acknowledged >= 40 && kept >= acknowledged && kept <= acknowledged + 1, `${kept} kept, ${acknowledged} acknowledged`);
    } finally {
      await store.close();
      await server.stop();
    }
  });
});
