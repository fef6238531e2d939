/** What gateways on one store share beside approvals: accounts of runs, under cuts too, and who closes after a dead gateway. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RunId } from "../../src/base/ids.ts";
import type { RunAccount } from "../../src/model/run-account.ts";
import { Accounts } from "../../src/sessions/accounts.ts";
import type { SharedStore } from "../../src/store/shared-port.ts";
import { testServer } from "../support/servers.ts";
import { sampleAsk, sampleGrant, sampleRun } from "./contract.ts";
import { cuttingProxy } from "./cutting-proxy.ts";
import { storePlace } from "./postgres-place.ts";

const accountOf = (id: string, kind: "login" | "program" = "login"): RunAccount => ({
  id: id as RunId,
  revision: 0,
  run: { ...sampleRun(id), kind },
  shares: [],
});
const next = (account: RunAccount, more: Partial<RunAccount["run"]> = {}): RunAccount => ({
  ...account,
  revision: account.revision + 1,
  run: { ...account.run, ...more },
});
const quiet = { warn: (message: string) => assert.fail(message), changed: () => undefined };

describe("accounts of runs", () => {
  test("a login has one that is open, whoever opens it at the same moment; a program has its own", async () => {
    const place = await storePlace(await testServer());
    const stores = await Promise.all(["gw_a", "gw_b", "gw_c"].map((id) => place.open({ gateway: { id } })));
    const [a] = stores as [SharedStore];
    const won = await Promise.all(stores.map((store, n) => store.changeAccount(accountOf(`r_${n}`))));
    assert.equal(won.filter(Boolean).length, 1);
    const [open] = await a.accounts();
    assert(open !== undefined);
    assert.equal(await a.changeAccount(accountOf("r_9", "program")), true);
    assert.equal(await a.changeAccount(next(open, { state: "ended" })), true);
    assert.deepEqual(
      (await a.accounts()).map(({ id }) => id as string),
      ["r_9"],
    );
    assert.equal(await a.changeAccount(accountOf("r_10")), true, "after its end there may be another");
    await Promise.all(stores.map((store) => store.close()));
    await place.database.drop();
  });

  test("many who change one at once each get on, and no change is lost", async () => {
    const place = await storePlace(await testServer());
    const stores = await Promise.all(["gw_a", "gw_b", "gw_c"].map((id) => place.open({ gateway: { id } })));
    const all = stores.map((store) => new Accounts({ ...quiet, store }));
    for (const accounts of all) await accounts.start();
    const id = "r_1" as RunId;
    assert.equal(await all[0]?.create(accountOf("r_1")), true);
    const more = (account: RunAccount): RunAccount => next(account, { purpose: `${account.run.purpose}x` });
    await Promise.all(all.flatMap((accounts) => Array.from({ length: 10 }, () => accounts.change(id, more))));
    const kept = await stores[0]?.account(id);
    assert.equal(kept?.revision, 30);
    assert.equal(kept.run.purpose.length - sampleRun("r_1").purpose.length, 30);
    for (const accounts of all) accounts.stop();
    await Promise.all(stores.map((store) => store.close()));
    await place.database.drop();
  });

  for (const [moment, persisted] of [["before", false] as const, ["after", true] as const])
    test(`a change whose connection is cut ${moment} the server committed is told apart, and made once`, async () => {
      const place = await storePlace(await testServer());
      const proxy = await cuttingProxy(place.server);
      const store = await place.open({ port: proxy.port });
      const accounts = new Accounts({ ...quiet, store });
      try {
        await accounts.start();
        const id = "r_1" as RunId;
        proxy.cut(moment, "INSERT INTO holdfast_control.accounts");
        const created = await accounts.create(accountOf("r_1")).catch((error: Error) => error.name);
        assert.equal(created, persisted ? true : "StoreUnavailable");
        if (!persisted) assert.equal(await accounts.create(accountOf("r_1")), true);
        proxy.cut(moment, "UPDATE holdfast_control.accounts");
        const changed = await accounts.change(id, (account) => next(account, { because: "a" })).catch((error: Error) => error.name);
        if (persisted) assert(typeof changed === "object" && changed.ours);
        else assert.equal(changed, "StoreUnavailable");
        assert.equal((await store.account(id))?.revision, persisted ? 1 : 0);
        assert.equal(proxy.cuts(), 2);
      } finally {
        accounts.stop();
        await store.close();
        await proxy.close();
      }
      await place.database.drop();
    });
});

describe("gateways on one store", () => {
  test("a dead one is closed after by one of the living, by another when that one dies too, and by nobody once it is back", async () => {
    const place = await storePlace(await testServer());
    const ids = ["gw_a", "gw_b", "gw_c", "gw_d"];
    const stores = await Promise.all(ids.map((id) => place.open({ gateway: { id } })));
    const [a, ...living] = stores as [SharedStore, ...SharedStore[]];
    try {
      await Promise.all(stores.map((store, n) => store.enlist(`${n}`)));
      const silentMs = 600_000;
      const dies = (id: string): Promise<unknown> =>
        place.server.asSuperuser(
          `UPDATE holdfast_control.gateways SET beat_at = beat_at - interval '1 hour' WHERE id = '${id}'`,
          place.database.name,
        );
      assert.deepEqual(await a.takeOver(silentMs), []);
      await dies("gw_a");
      const taken = await Promise.all(living.map((store) => store.takeOver(silentMs)));
      assert.deepEqual(
        taken.flat().map(({ id }) => id),
        ["gw_a"],
      );
      const closer = taken.findIndex((each) => each.length > 0);
      const others = living.filter((_, n) => n !== closer);
      assert.equal((await living[closer]?.takeOver(silentMs))?.length, 1, "whoever has it to do is told until it is done");
      assert.deepEqual(await others[0]?.takeOver(silentMs), [], "and nobody else");
      await dies(ids[closer + 1] ?? "");
      const second = (await Promise.all(others.map((store) => store.takeOver(silentMs)))).flat();
      assert.deepEqual(second.map(({ id }) => id).sort(), ["gw_a", ids[closer + 1]].sort(), "the dead closer, and what it had to close");
      assert.equal(await a.beat(), false, "it was taken for dead");
      await a.enlist("again");
      assert.equal(await a.beat(), true);
      for (const store of others) await store.closed({ id: "gw_a", incarnation: "0" });
      assert.equal((await a.gateways()).find(({ id }) => id === "gw_a")?.state, "alive");
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
    await place.database.drop();
  });

  test("what one left open is told by incarnation: what it opens now is not among it", async () => {
    const place = await storePlace(await testServer());
    const [a, b] = [await place.open({ gateway: { id: "gw_a" } }), await place.open({ gateway: { id: "gw_b" } })];
    await a.enlist("1");
    await b.enlist("1");
    await a.putGrant(sampleGrant("g_1"));
    await a.putAsk(sampleAsk("a_1"));
    await b.putGrant(sampleGrant("g_2"));
    assert.deepEqual(await b.leftOpen("gw_a"), { asks: [], grants: [] }, "it lives");
    await a.enlist("2");
    await a.putGrant(sampleGrant("g_3"));
    assert.deepEqual(await a.leftOpen("gw_a"), { asks: ["a_1"], grants: ["g_1"] });
    await b.putGrant({ ...sampleGrant("g_1"), state: "lapsed" });
    assert.deepEqual(await a.leftOpen("gw_a"), { asks: ["a_1"], grants: [] });
    await a.leave();
    assert.deepEqual((await b.leftOpen("gw_a")).grants, ["g_3"]);
    await Promise.all([a.close(), b.close()]);
    await place.database.drop();
  });
});
