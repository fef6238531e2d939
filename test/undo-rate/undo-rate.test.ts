/**
 * The undo rate: of the studied cases C09 to C28, the share that one command takes back whole. Each is sent by an agent through a real
 * gateway, under a policy that asks nobody; the database before and after is read past it, object by object and row by row.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { shopSql } from "../../src/cli/demo/shop.sql.ts";
import { binStatements, binVersion } from "../../src/recovery/bin/install.ts";
import { holdfast } from "../cli/holdfast.ts";
import { databaseState } from "../compat/tools/database-state.ts";
import { login, openScene, personPassphrase, type Scene, until } from "../grants/scene.ts";
import { openShop, provisionShop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";
import { notCounted, type RateCase, rateCases } from "./cases.ts";

/** Undo and the bin carry all of it: nobody is asked, and nothing is let through that neither takes back. */
const policy = `policies:
  everyday:
    extends: migrations
    without: [ask-unbounded, ask-follow-up-deletes]
    rules:
      - id: any-rows
        title: Changes of rows, however many and however reached
        why: They can be undone.
        answer: permit
        match: { operation: [update, delete], detail: [update, delete, set_null] }
        examples: { matches: [DELETE FROM public.orders], misses: [DROP TABLE public.orders] }`;

describe("the undo rate over the cases C09 to C28", () => {
  let scene: Scene;
  let judge: pg.Client;
  const failed: string[] = [];
  before(async () => {
    const shop = await openShop(await testServer(15));
    const { server, database, owner, admin } = shop;
    await server.asSuperuser(`GRANT ${owner.user} TO ${admin.user} WITH ADMIN OPTION`);
    await server.asSuperuser(`SET ROLE ${owner.user}; DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${shopSql}`, database);
    const writers = [{ name: "orders", schemas: ["public"], tables: [] }];
    const bin = { statements: binStatements, version: binVersion };
    await provisionShop(shop, { hide: [], writers, undo: { logins: [], exclude: [] }, bin });
    scene = await openScene(server, { shop, policy: "everyday", environment: "staging", approves: ["staging"], more: policy });
    judge = await server.connect(database);
  });
  after(async () => {
    await judge?.end();
    await scene?.stop();
  });

  /** Sends the case in a session of its own, and gives the session's id. */
  async function sent({ sql }: RateCase): Promise<string> {
    const known = (await scene.events("session_opened")).length;
    const client = await login(scene);
    try {
      // The case before was taken back past the wire, and the gateway's catalogue has to hear of it.
      const everything = "SELECT FROM customers, orders, order_items, order_history, open_orders LIMIT 0";
      await until("every table is known", () =>
        client.query(everything).then(
          () => true,
          () => false,
        ),
      );
      for (const text of sql) await client.query(text);
    } finally {
      await client.end();
    }
    await until("the session is in the log", async () => (await scene.events("session_opened")).length > known);
    const opened = (await scene.events("session_opened")).filter(({ principal }) => principal === "clerk");
    return opened.at(-1)?.session ?? "";
  }

  /** The one command; what it said where it failed. */
  async function back({ by }: RateCase, session: string): Promise<string> {
    const what = by === "undo" ? ["undo", session, "--yes"] : ["bin", "restore", session];
    const words = [...what, "--as", "ada", "--passphrase-fd", "0", "--socket", scene.socket];
    const { code, out, err } = await holdfast(words, { input: personPassphrase() });
    return code === 0 ? "" : out + err;
  }

  for (const each of rateCases) {
    test(`${each.id}: ${each.was}, back by holdfast ${each.by}`, async (t) => {
      const state = await databaseState(judge);
      const session = await sent(each);
      assert.notDeepEqual(await databaseState(judge), state, "it did harm");
      const problem = await back(each, session);
      const now = await databaseState(judge);
      const whole = problem === "" && JSON.stringify(now) === JSON.stringify(state);
      if (whole) return;
      failed.push(each.id);
      const differ = [...now.filter((line) => !state.includes(line)), ...state.filter((line) => !now.includes(line))];
      t.diagnostic(`${each.id} was not taken back whole: ${problem}${differ.slice(0, 8).join("\n")}`);
      await rebuilt();
    });
  }

  /** A case that did not come back must not stand in the way of the next. */
  async function rebuilt(): Promise<void> {
    const { shop } = scene;
    await shop.server.asSuperuser(
      `SET ROLE ${shop.owner.user}; DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public; ${shopSql}`,
      shop.database,
    );
    const writers = [{ name: "orders", schemas: ["public"], tables: [] }];
    const bin = { statements: binStatements, version: binVersion };
    await provisionShop(shop, { hide: [], writers, undo: { logins: [], exclude: [] }, bin });
  }

  test("every case of the range is counted or named, and all that are counted come back", (t) => {
    const ids = Array.from({ length: 20 }, (_, i) => `C${String(i + 9).padStart(2, "0")}`);
    assert.deepEqual([...rateCases.map(({ id }) => id), ...notCounted.map(({ id }) => id)].sort(), ids);
    t.diagnostic(
      `undo rate: ${rateCases.length - failed.length} of ${rateCases.length} SQL cases; not counted: ${notCounted.map(({ id }) => id).join()}`,
    );
    assert.deepEqual(failed, []);
  });
});
