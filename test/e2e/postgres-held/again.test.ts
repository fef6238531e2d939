/** Clients that do not wait: told to come back, and what a later attempt is when it is the same act, and when it is not. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { serverVersions, testServer } from "../../support/servers.ts";
import { Wire } from "../postgres-session/wire.ts";
import { failing, type HeldScene, openHeldScene, type ServerError } from "./scene.ts";

for (const version of serverVersions) {
  describe(`sent again after an answer, PostgreSQL ${version}`, () => {
    let scene: HeldScene;
    const clients: pg.Client[] = [];
    const connect = async (user?: string): Promise<pg.Client> => {
      const client = await scene.connect(user);
      clients.push(client);
      return client;
    };
    const required = async (promise: Promise<unknown>): Promise<ServerError> => {
      const error = await failing(promise);
      assert.equal(error.code, "42501");
      assert.match(error.detail, /^code: approval_required/, JSON.stringify(error));
      return error;
    };
    before(async () => {
      scene = await openHeldScene(await testServer(version), { hold: "0s" });
    });
    after(async () => {
      await Promise.all(clients.map((client) => client.end()));
      await scene.stop();
    });

    test("nobody has answered: id, figures and what to do, and after the answer a new connection gets it done", async () => {
      const text = "DELETE FROM orders WHERE id < 4";
      const first = await connect();
      const error = await required(first.query(text));
      const { id } = await scene.pending();
      assert.ok(error.message.includes(id), error.message);
      assert.match(error.message, /3 .*public\.orders/);
      assert.match(error.message, /public\.items/);
      assert.match(error.hint, /send the same statement again/);
      await first.end();
      clients.splice(clients.indexOf(first), 1);
      await scene.answer("approve");
      assert.equal(await scene.direct("SELECT count(*) FROM orders"), "20", "an answer runs nothing by itself");
      const second = await connect();
      assert.equal((await second.query(text)).rowCount, 3);
      assert.equal(await scene.direct("SELECT count(*) FROM orders"), "17");
      const third = await failing(second.query(text));
      assert.match(third.detail, /approval_required|approval_unavailable/, "an answer is used once");
    });

    test("another principal, text, parameter, search_path or setting is another act", async () => {
      const [client, other] = [await connect(), await connect("other")];
      const text = "UPDATE plain SET note = $1 WHERE true";
      await required(client.query(text, ["a"]));
      const asked = await scene.pending({ text: /'a'/ });
      await scene.answer("approve", { text: /'a'/ });
      await required(other.query(text, ["a"]));
      await required(client.query(text, ["b"]));
      await required(client.query(`${text} `, ["a"]));
      await client.query("SET TimeZone = 'Asia/Tokyo'");
      await required(client.query(text, ["a"]));
      await client.query("RESET TimeZone");
      await client.query("SET search_path = public, pg_catalog");
      await required(client.query(text, ["a"]));
      await client.query("RESET search_path");
      assert.equal(await scene.direct("SELECT count(*) FROM plain WHERE note = 'a'"), "0");
      const now = await scene.approvals();
      assert.equal(now.find(({ id }) => id === asked.id)?.state, "approved", "none of them has used it");
      assert.equal((await client.query(text, ["a"])).rowCount, 10);
      assert.equal(await scene.direct("SELECT count(*) FROM plain WHERE note = 'a'"), "10");
    });

    test("two connections at the same time: done once", async () => {
      const text = "UPDATE plain SET note = note || '+'";
      const pair = [await connect(), await connect()] as const;
      await required(pair[0].query(text));
      await scene.answer("approve", { text: /\|\| '\+'/ });
      const results = await Promise.allSettled(pair.map((client) => client.query(text)));
      const done = results.filter(({ status }) => status === "fulfilled");
      assert.equal(done.length, 1, JSON.stringify(results));
      assert.equal(await scene.direct("SELECT count(*) FROM plain WHERE note = 'a+'"), "10");
    });

    test("a policy that changes between answer and attempt: asked anew", async () => {
      const client = await connect();
      const text = "DELETE FROM plain WHERE id = id";
      await required(client.query(text));
      const { id } = await scene.answer("approve", { text: /id = id/ });
      scene.policy("migrations");
      try {
        await required(client.query(text));
        assert.equal(await scene.direct("SELECT count(*) FROM plain"), "10");
        const later = await scene.pending({ text: /id = id/ });
        assert.notEqual(later.id, id);
      } finally {
        scene.policy("guarded-writes");
      }
    });

    test("what no transaction can hold: approved without figures, and run by itself", async () => {
      const client = await connect();
      await scene.server.asSuperuser("CREATE INDEX plain_note ON plain (note)", scene.database);
      await scene.server.asSuperuser(`ALTER TABLE plain OWNER TO owner_${scene.database}`, scene.database);
      const text = "DROP INDEX CONCURRENTLY plain_note";
      await required(client.query(text));
      const { plan } = await scene.pending({ text: /CONCURRENTLY/ });
      assert.equal(plan.measured, null);
      assert.ok(plan.unmeasured.length > 0);
      await scene.answer("approve", { text: /CONCURRENTLY/ });
      await client.query(text);
      assert.equal(await scene.direct("SELECT to_regclass('plain_note') IS NULL"), "true");
      assert.ok((await scene.events("approval_used")).some(({ transaction }) => transaction === null));
    });

    test("what was approved is known to the next statement: a dropped table is gone", async () => {
      const client = await connect();
      await scene.server.asSuperuser(`SET ROLE owner_${scene.database}; CREATE TABLE doomed (id int)`, scene.database);
      await required(client.query("DROP TABLE doomed"));
      await scene.answer("approve", { text: /doomed/ });
      await client.query("DROP TABLE doomed");
      assert.equal((await failing(client.query("SELECT * FROM doomed"))).code, "42P01");
    });

    test("what cannot be carried out in the session's place is refused with what to do, and asks nobody", async () => {
      const client = await connect();
      const before = (await scene.approvals()).length;
      const cases: readonly (readonly [string, RegExp])[] = [
        ["BEGIN; DELETE FROM plain; COMMIT", /without BEGIN, COMMIT or ROLLBACK/],
        ["PREPARE p AS DELETE FROM plain", /send the statement itself/],
        ["COPY (DELETE FROM plain RETURNING *) TO STDOUT", /use SELECT/],
        ["SET TimeZone = 'UTC'; DELETE FROM plain", /without it/],
        ["DROP INDEX CONCURRENTLY plain_pkey; DELETE FROM plain", /in a text of its own/],
      ];
      for (const [text, next] of cases) {
        const error = await failing(client.query(text));
        assert.equal(error.code, "25001", text);
        assert.match(error.hint, next);
      }
      const wire = await Wire.connect(scene.url());
      // setval(regclass, bigint) by its OID.
      wire.send("F 1576");
      assert.equal(await wire.until("Z"), "E:25001 Z:I");
      wire.close();
      await client.query("CREATE TEMP TABLE mine (id int)");
      const hidden = await failing(client.query("DELETE FROM plain"));
      assert.equal(hidden.code, "25001");
      assert.match(hidden.hint, /on a new connection/);
      assert.equal((await scene.approvals()).length, before);
      assert.equal(await scene.direct("SELECT count(*) FROM plain"), "10");
    });
  });
}

describe("a session's budget and what is approved", () => {
  test("questions are counted once each, and an act beyond what the session may change is not carried out", async () => {
    const scene = await openHeldScene(await testServer(18), { hold: "0s", target: "budget: { held: 2, rows_changed: 12 }" });
    const client = await scene.connect();
    try {
      await failing(client.query("DELETE FROM plain"));
      await scene.answer("approve", { text: /plain/ });
      await failing(client.query("DELETE FROM orders"));
      await scene.answer("approve", { text: /orders/ });
      const third = await failing(client.query("TRUNCATE items"));
      assert.match(third.detail, /^code: budget_exhausted/);
      assert.match(third.message, /2 acts held for a person of 2/);
      assert.equal((await client.query("DELETE FROM plain")).rowCount, 10, "the same act is not another question");
      const over = await failing(client.query("DELETE FROM orders"));
      assert.match(over.detail, /^code: budget_exhausted/);
      assert.match(over.message, /60 rows would be changed .* leaves 2/);
      assert.equal(await scene.direct("SELECT count(*) FROM orders"), "20");
    } finally {
      await client.end();
      await scene.stop();
    }
  });
});
