/** What holds across two gateways on one control store: a login's run, its budget, suspensions, what people see, a gateway's end. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { testServer } from "../../support/servers.ts";
import { login, until } from "../../grants/scene.ts";
import { openPair, type Pair } from "./pair.ts";

const refusal = (message: RegExp) => (error: { message?: string }) => {
  assert.match(error.message ?? "", message);
  return true;
};

/** Statements that pass until one is refused. */
async function passing(client: pg.Client, sql: string, most: number): Promise<number> {
  for (let n = 0; n < most; n++) {
    const failed = await client.query(sql).then(
      () => undefined,
      (error: { message?: string }) => error.message ?? "",
    );
    if (failed !== undefined) {
      assert.match(failed, /budget/);
      return n;
    }
  }
  return most;
}

describe("two gateways on one store", () => {
  let pair: Pair;
  const clients: pg.Client[] = [];
  const at = async (gateway: "a" | "b", user = "clerk"): Promise<pg.Client> => {
    const client = await login(pair[gateway], user);
    clients.push(client);
    return client;
  };
  before(async () => {
    pair = await openPair(await testServer(18), { target: "budget: { statements: 40, rows_changed: 12 }" });
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    await pair.stop();
  });

  test("a login's run is one and the same at both, and people see it at both", async () => {
    const [a, b] = [await at("a"), await at("b")];
    await a.query("SELECT 1");
    await b.query("SELECT 1");
    const views = [pair.a, pair.b].map(({ gateway }) => (gateway.status().runs ?? []).filter(({ principal }) => principal === "clerk"));
    assert.deepEqual(
      views.map((runs) => runs.map(({ id }) => id)),
      [[views[0]?.[0]?.id], [views[0]?.[0]?.id]],
    );
    assert.deepEqual(
      views.map((runs) => runs[0]?.connections),
      [1, 1],
    );
    await until("both are known at both", () =>
      [pair.a, pair.b].every(
        ({ gateway }) => gateway.status().runs?.find(({ principal }) => principal === "clerk")?.gateways?.length === 2,
      ),
    );
    const held = await pair.a.program({ purpose: "to be seen elsewhere" });
    await until("a program's run is seen at the other", () =>
      (pair.b.gateway.status().runs ?? []).some(({ id, purpose }) => id === held.opened.session && purpose === "to be seen elsewhere"),
    );
    await assert.rejects(pair.b.grant(held.opened.session), refusal(/is another gateway's/));
    held.letGo();
    await until("and its end", () => !(pair.b.gateway.status().runs ?? []).some(({ id }) => id === held.opened.session));
  });

  test("a budget's statements are never more than the whole, and the last of them go to whoever asks", async () => {
    const [a, b] = [await at("a", "agent"), await at("b", "agent")];
    let passed = 0;
    // Each in turn until neither gets on: what one gives back the other may use.
    for (let round = 0, idle = 0; idle < 4 && round < 200; round++) {
      const more = (await passing(a, "SELECT 1", 3)) + (await passing(b, "SELECT 1", 3));
      passed += more;
      idle = more === 0 ? idle + 1 : 0;
      if (more === 0) await new Promise((resolve) => setTimeout(resolve, 300));
    }
    assert.equal(passed, 40);
    await assert.rejects(a.query("SELECT 1"), refusal(/the session's budget is used up: \d+ statements of 40/));
    await assert.rejects(b.query("SELECT 1"), refusal(/the session's budget is used up: \d+ statements of 40/));
  });

  test("rows changed through both at once stay within the budget, by the server's own count", async () => {
    const before = await pair.a.count("SELECT count(*) FROM orders");
    await pair.shop.server.asSuperuser("INSERT INTO orders SELECT n, 1, 'more' FROM generate_series(1001, 1100) n", pair.shop.database);
    const writers = await Promise.all([at("a"), at("b"), at("a"), at("b")]);
    await Promise.all(
      writers.map(async (client, n) => {
        for (let id = 1001 + n * 20; id < 1021 + n * 20; id += 2)
          await client.query(`DELETE FROM orders WHERE id IN (${id}, ${id + 1})`).catch(() => undefined);
      }),
    );
    const gone = before + 100 - (await pair.a.count("SELECT count(*) FROM orders"));
    assert(gone > 0 && gone <= 12, `${gone} rows of 12 are gone`);
  });

  test("a run that a person suspends at one gateway stops at the other, and is lifted at each", async () => {
    const run = pair.a.gateway.status().runs?.find(({ principal, state }) => principal === "clerk" && state === "open");
    assert(run !== undefined);
    const b = await at("b");
    const ended = new Promise<void>((resolve) => b.once("end", resolve));
    await pair.a.signed("POST", "/v1/suspensions", { session: run.id, because: "it deletes too much" });
    await ended;
    await assert.rejects(login(pair.b), refusal(/the session is suspended: it deletes too much/));
    await assert.rejects(login(pair.a), refusal(/the session is suspended: it deletes too much/));
    await until("it is on record at the other", async () => (await pair.b.events("run_suspended")).length > 0);
    const told = await pair.b.events("run_suspended");
    assert.deepEqual(
      told.map(({ run: id, person, because }) => [id, person, because]),
      [[run.id, "ada", "it deletes too much"]],
    );
    // Whoever writes the store lifts nothing.
    await pair.shop.server.asSuperuser(
      "UPDATE holdfast_control.accounts SET revision = revision + 1, body = replace(replace(body, '\"suspended\"', '\"open\"'), '\"revision\":', '\"revision\":1')",
      pair.store.database.name,
    );
    await assert.rejects(login(pair.b), refusal(/suspended/));
  });

  test("status names both gateways, and one that stops is gone at once", async () => {
    const pairOf = await openPair(await testServer(18), { shop: pair.shop });
    const alive = () => pairOf.a.gateway.status().store?.shared?.gateways.filter(({ state }) => state === "alive").length;
    try {
      await until("both are alive", () => alive() === 2);
      assert.equal(pairOf.a.gateway.status().store?.kind, "postgres");
      const client = await login(pairOf.b);
      await client.query("SELECT 1");
      await client.end();
      await pairOf.b.stop();
      await until("one is gone", () => alive() === 1);
    } finally {
      await pairOf.stop();
    }
  });
});
