/** Held statements of the extended protocol: drivers, parameters, pipelines, and what must never reach the session's server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import postgres from "postgres";
import { serverVersions, testServer } from "../../support/servers.ts";
import { Wire } from "../postgres-session/wire.ts";
import { type HeldScene, openHeldScene } from "./scene.ts";

const ask = "DELETE FROM plain WHERE id = $1 OR true";

for (const version of serverVersions) {
  describe(`held in the extended protocol, PostgreSQL ${version}`, () => {
    let scene: HeldScene;
    before(async () => {
      scene = await openHeldScene(await testServer(version));
    });
    after(() => scene.stop());
    const count = (table = "plain") => scene.direct(`SELECT count(*) FROM ${table}`);
    const refill = () =>
      scene.server.asSuperuser("INSERT INTO plain SELECT n, 'n' FROM generate_series(1, 10) n ON CONFLICT DO NOTHING", scene.database);

    test("node-postgres with parameters, in text and named", async () => {
      const client = await scene.connect();
      try {
        for (const name of [undefined, "wipe"]) {
          await refill();
          const answered = client.query({ ...(name === undefined ? {} : { name }), text: `${ask} RETURNING id`, values: [3] });
          const { plan } = await scene.pending();
          assert.match(plan.act.shown, /\$1 = '3'$/);
          assert.equal(await count(), "10");
          await scene.answer("approve");
          const { rows, rowCount } = await answered;
          assert.deepEqual([rowCount, rows.length, typeof rows[0].id], [10, 10, "number"]);
          assert.equal(await count(), "0");
          // The same statement of the session again is another act, and asked about by itself.
          await refill();
          const again = client.query({ ...(name === undefined ? {} : { name }), text: `${ask} RETURNING id`, values: [3] });
          await scene.answer("approve");
          assert.equal((await again).rowCount, 10);
        }
        assert.equal((await client.query("SELECT $1::int AS n", [5])).rows[0].n, 5);
      } finally {
        await client.end();
      }
    });

    test("postgres.js, prepared and simple", async () => {
      const sql = postgres(scene.url(), { max: 1, onnotice: () => undefined });
      try {
        await refill();
        const answered = sql`DELETE FROM plain WHERE id = ${4} OR true RETURNING id`.execute();
        await scene.answer("approve");
        assert.equal((await answered).length, 10);
        await refill();
        const simple = sql`DELETE FROM plain`.simple().execute();
        await scene.answer("approve");
        assert.equal((await simple).count, 10);
        const denied = sql`DELETE FROM orders WHERE id > ${0} OR true`.execute();
        denied.catch(() => undefined);
        await scene.answer("deny", { reason: "keep them" });
        await assert.rejects(denied, /keep them/);
        assert.equal((await sql`SELECT 1 AS one`)[0]?.["one"], 1);
        assert.equal(await count("orders"), "20");
      } finally {
        await sql.end();
      }
    });

    test("no lock is held at the server while a person thinks, though Parse named the table", async () => {
      const wire = await Wire.connect(scene.url());
      try {
        await refill();
        wire.send("P |DELETE FROM plain", "B |", "DP ", "E ", "S");
        await scene.pending();
        const locks = await scene.direct(
          "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'plain' AND l.pid <> pg_backend_pid()",
        );
        assert.equal(locks, "0");
        await scene.answer("approve");
        assert.equal(await wire.until("Z"), "1 2 n C:DELETE_10 Z:I");
        assert.equal(await count(), "0");
      } finally {
        wire.close();
      }
    });

    test("what is held stands under no name at the server, and EXECUTE does not run it", async () => {
      const wire = await Wire.connect(scene.url());
      try {
        await refill();
        wire.send("P p|DELETE FROM plain", "DS p", "S");
        assert.equal(await wire.until("Z"), "1 t n Z:I");
        wire.send("Q EXECUTE p");
        assert.equal(await wire.until("Z"), "E:25001 Z:I");
        wire.send("Q SELECT count(*) FROM pg_prepared_statements WHERE name = 'p' HAVING count(*) > 0");
        assert.equal(await wire.until("Z"), "T C:SELECT_0 Z:I");
        assert.equal(await count(), "10");
      } finally {
        wire.close();
      }
    });

    test("behind a write of its batch it is refused, and the batch is rolled back", async () => {
      const wire = await Wire.connect(scene.url());
      try {
        await refill();
        wire.send("P |INSERT INTO plain VALUES (99, 'x')", "B |", "E ", "P |DELETE FROM plain", "B |", "E ", "S");
        assert.equal(await wire.until("Z"), "1 2 C:INSERT_0_1 1 2 E:25001 Z:I");
        assert.equal(await count(), "10");
      } finally {
        wire.close();
      }
    });

    test("nothing behind it runs before it is answered", async () => {
      const wire = await Wire.connect(scene.url());
      try {
        await refill();
        wire.send("P |UPDATE plain SET note = 'never'", "B |", "E ", "S", "Q INSERT INTO plain VALUES (98, 'x')");
        await scene.pending();
        assert.equal(await count(), "10");
        await scene.answer("deny");
        assert.equal(await wire.until("Z", 2), "1 2 E:42501 Z:I C:INSERT_0_1 Z:I");
        assert.equal(await count(), "11");
        assert.equal(await scene.direct("SELECT count(*) FROM plain WHERE note = 'never'"), "0");
        await scene.server.asSuperuser("DELETE FROM plain WHERE id = 98", scene.database);
      } finally {
        wire.close();
      }
    });

    test("in a block it is refused at Execute, and the block fails", async () => {
      const wire = await Wire.connect(scene.url());
      try {
        wire.send("Q begin", "P |DELETE FROM items", "B |", "E ", "S", "Q commit");
        assert.equal(await wire.until("Z", 3), "C:BEGIN Z:T 1 2 E:25001 Z:E C:ROLLBACK Z:I");
        assert.equal(await count("items"), "40");
      } finally {
        wire.close();
      }
    });

    test("a table that is changed between plan and answer makes the plan stale: persons are asked anew", async () => {
      const client = await scene.connect();
      try {
        const answered = client.query("UPDATE items SET order_id = $1 WHERE id = id", [2]);
        answered.catch(() => undefined);
        const first = await scene.pending();
        await scene.server.asSuperuser("ALTER TABLE items ADD CHECK (order_id <> 2 OR id < 0) NOT VALID", scene.database);
        await scene.answer("approve");
        // The trial of the new plan meets the constraint: what the server says is said to the client or to the persons.
        const error = await Promise.race([
          answered.then(
            () => undefined,
            (reason: unknown) => reason as { code: string },
          ),
          scene.pending({ text: /items/ }),
        ]);
        assert.ok(error !== undefined && ("id" in error ? error.id !== first.id : true));
        const closed = (await scene.approvals()).find(({ id }) => id === first.id);
        assert.equal(closed?.state, "stale");
        assert.equal(await scene.direct("SELECT count(*) FROM items WHERE order_id = 2"), "2");
      } finally {
        await client.end();
        await scene.server.asSuperuser("ALTER TABLE items DROP CONSTRAINT items_check", scene.database);
      }
    });

    test("rows that change between plan and answer make it stale: rolled back, and asked anew with the new figures", async () => {
      const client = await scene.connect();
      try {
        await refill();
        const answered = client.query("DELETE FROM plain WHERE id = id RETURNING id", []);
        const first = await scene.pending();
        await scene.server.asSuperuser("DELETE FROM plain WHERE id = 1", scene.database);
        await scene.answer("approve");
        const second = await scene.pending();
        assert.notEqual(second.id, first.id);
        assert.equal(second.plan.measured?.tables[0]?.direct.deleted, 9);
        assert.equal(await count(), "9");
        await scene.answer("approve");
        assert.equal((await answered).rowCount, 9);
        assert.equal(await count(), "0");
      } finally {
        await client.end();
      }
    });

    test("what the trial meets at the server is told, and asks nobody", async () => {
      const client = await scene.connect();
      try {
        await refill();
        const before = (await scene.approvals()).length;
        await assert.rejects(client.query("UPDATE plain SET id = $1 WHERE true", [7]), /duplicate key value violates unique constraint/);
        assert.equal((await scene.approvals()).length, before);
        assert.equal(await count(), "10");
      } finally {
        await client.end();
      }
    });
  });
}
