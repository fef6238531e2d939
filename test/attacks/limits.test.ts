import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverVersions } from "../support/servers.ts";
import { type Fingerprint, differences } from "./fingerprint.ts";
import { Gate, type Preset } from "./gate.ts";
import { attackers, Scene } from "./scene.ts";
import { type Answer, errorsOf, rowsOf, WireClient } from "./wire/client.ts";
import { messages } from "./wire/frames.ts";

/** Caps far below what the texts ask for; small, so that a test needs no large tables. */
const limits =
  "{ statements_per_minute: none, statement_time: 2s, rows_returned: 50, bytes_returned: 8KiB, " +
  "rows_changed: 10, rows_changed_per_transaction: 15 }";

/** Each wants more rows or bytes than are permitted, by another path. */
const greedy: readonly string[] = [
  "SELECT * FROM generate_series(1, 1000)",
  "SELECT * FROM generate_series(1, 1000) LIMIT ALL",
  "SELECT * FROM generate_series(1, 1000) FETCH FIRST 900 ROWS ONLY",
  "SELECT * FROM (SELECT id FROM orders LIMIT 1) o, generate_series(1, 1000)",
  "SELECT json_agg(g) FROM generate_series(1, 20000) g",
  "SELECT string_agg(note, '') FROM orders, generate_series(1, 1000)",
  "SELECT array_agg(g) FROM generate_series(1, 20000) g",
  "SELECT repeat('x', 1000000)",
  "SELECT repeat('x', 1000) FROM generate_series(1, 40)",
  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
  "COPY (SELECT * FROM generate_series(1, 1000)) TO STDOUT",
  "COPY (SELECT repeat('x', 1000000)) TO STDOUT",
  "COPY (SELECT json_agg(g) FROM generate_series(1, 20000) g) TO STDOUT WITH (FORMAT csv)",
  "TABLE order_items",
  "VALUES (repeat('x', 100000))",
  "EXPLAIN (ANALYZE, VERBOSE) SELECT 1; SELECT * FROM generate_series(1, 200)",
];

const rowsSeen = ({ messages: all }: Answer): number => all.filter(({ type }) => type === "D" || type === "d").length;
const bytesSeen = ({ messages: all }: Answer): number =>
  all.filter(({ type }) => type === "D" || type === "d").reduce((sum, { body }) => sum + body.length, 0);

for (const version of serverVersions) {
  describe(`limits hold before PostgreSQL ${version}`, () => {
    const database = "prize";
    let scene: Scene;
    let gate: Gate;
    let state: Fingerprint;
    before(async () => {
      scene = await Scene.open(version);
      await scene.fresh(database);
      gate = await Gate.open(scene, { database, limits });
      state = await scene.fingerprint(database);
    });
    after(async () => {
      await gate?.close();
      await scene?.close();
    });

    const session = (preset: Preset = "read-only"): Promise<WireClient> => WireClient.login(gate.login("superuser", preset));

    async function capped(client: WireClient, answer: Answer, text: string): Promise<void> {
      assert.ok(rowsSeen(answer) <= 50, `${text}: ${rowsSeen(answer)} rows`);
      assert.ok(bytesSeen(answer) <= 8 * 1024, `${text}: ${bytesSeen(answer)} bytes`);
      assert.equal(errorsOf(answer)[0]?.code, "54000", text);
      assert.deepEqual(rowsOf(await client.simple("SELECT 40 + 2")), [["42"]]);
    }

    for (const text of greedy) {
      test(`returned: ${text}`, async () => {
        const client = await session();
        await capped(client, await client.simple(text), text);
        if (!text.includes(";")) await capped(client, await client.extended(text), text);
        await client.end();
      });
    }

    test("the result sets of one simple query are counted each, none beyond its cap", async () => {
      const client = await session();
      const answer = await client.simple(
        "SELECT * FROM generate_series(1, 40); SELECT * FROM generate_series(1, 40); SELECT * FROM generate_series(1, 400)",
      );
      assert.equal(errorsOf(answer)[0]?.code, "54000");
      assert.ok(rowsSeen(answer) <= 3 * 50);
      await client.end();
    });

    test("a portal executed in parts, and a cursor fetched in parts, stay under the cap of one statement", async () => {
      const client = await session();
      client.send(messages.parse("SELECT * FROM generate_series(1, 1000)"), messages.bind());
      for (let part = 0; part < 20; part++) client.send(messages.execute("", 10));
      client.send(messages.sync());
      const answer = await client.ready();
      assert.ok(rowsSeen(answer) <= 50, `${rowsSeen(answer)} rows`);
      assert.equal(errorsOf(answer)[0]?.code, "54000");
      await client.simple("BEGIN; DECLARE c CURSOR FOR SELECT * FROM generate_series(1, 1000)");
      assert.ok(rowsSeen(await client.simple("FETCH ALL FROM c")) <= 50);
      await client.simple("ROLLBACK");
      await client.end();
    });

    test("what passed its cap is cancelled on the server, and so is what a client left", async () => {
      const running = async (mark: string): Promise<number> => {
        const text = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 AND pid <> pg_backend_pid()";
        return (await (await scene.admin(database)).query(text, [`%${mark}%`])).rows[0].n as number;
      };
      // Without a time limit nothing but the cancel request ends these.
      const patient = await Gate.open(scene, { database, limits: limits.replace("statement_time: 2s", "statement_time: none") });
      const client = await WireClient.login(patient.login("superuser", "read-only"));
      const answer = await client.simple("SELECT /* mark-one */ generate_series(1, 2000000000)");
      assert.equal(errorsOf(answer)[0]?.code, "54000");
      assert.equal(await running("mark-one"), 0);
      client.send(messages.query("SELECT /* mark-two */ count(*) FROM generate_series(1, 2000000000)"));
      while ((await running("mark-two")) === 0);
      client.destroy();
      for (let left = 1; left > 0; ) left = await running("mark-two");
      await patient.close();
    });

    test("a statement that takes longer than permitted ends with 57014", async () => {
      const client = await session();
      const answer = await client.simple("SELECT count(*) FROM generate_series(1, 2000000000)");
      assert.equal(errorsOf(answer)[0]?.code, "57014");
      assert.deepEqual(rowsOf(await client.simple("SELECT 40 + 2")), [["42"]]);
      await client.end();
    });

    for (const text of [
      "DELETE FROM prizes WHERE id > 3",
      "UPDATE prizes SET worth = 0 WHERE id BETWEEN 1 AND 100",
      "INSERT INTO history (what) SELECT 'x' FROM generate_series(1, 11)",
      "WITH gone AS (DELETE FROM order_items WHERE line = 1 RETURNING 1) SELECT count(*) FROM gone",
      "BEGIN; DELETE FROM prizes WHERE id < 9; DELETE FROM prizes WHERE id BETWEEN 9 AND 17; COMMIT",
      "CREATE TABLE made AS SELECT * FROM prizes",
      "SELECT * INTO made FROM prizes",
    ]) {
      test(`changed: ${text}`, async () => {
        for (const attacker of attackers) {
          const client = await WireClient.login(gate.login(attacker, "guarded-writes"));
          for (const door of ["simple", "extended"] as const) {
            const answer = await client[door](text);
            assert.ok(errorsOf(answer).length > 0, `${door}: ${text}`);
            if (client.status !== "I") await client.simple("ROLLBACK");
          }
          await client.end();
        }
        const found = await scene.fingerprint(database);
        const changes = differences(state, found).filter((line) => !line.includes("sequence public.history_id_seq"));
        state = found;
        assert.deepEqual(changes, []);
      });
    }

    test("a share of one table's rows holds where no number of rows does, through every door", async () => {
      const wide = await Gate.open(scene, {
        database,
        limits: limits.replace(
          "rows_changed: 10, rows_changed_per_transaction: 15",
          "rows_changed: none, rows_changed_per_transaction: none, rows_changed_share: 25%",
        ),
      });
      await (await scene.admin(database)).query("ANALYZE prizes");
      for (const attacker of attackers) {
        const client = await WireClient.login(wide.login(attacker, "guarded-writes"));
        for (const text of ["DELETE FROM prizes WHERE id > 3", "UPDATE prizes SET worth = 0 WHERE id BETWEEN 1 AND 100"]) {
          for (const door of ["simple", "extended"] as const) {
            const [error] = errorsOf(await client[door](text));
            assert.equal(error?.code, "54000", `${door}: ${text}`);
            assert.match(error?.message ?? "", /of about \d+ rows of `public\.prizes`/);
          }
        }
        await client.end();
      }
      await wide.close();
      assert.deepEqual(differences(state, await scene.fingerprint(database)), []);
    });

    test("statements of one transaction, each within its cap, may not add up beyond the transaction's", async () => {
      const client = await session("guarded-writes");
      await client.simple("BEGIN");
      assert.deepEqual(errorsOf(await client.simple("DELETE FROM prizes WHERE id < 9")), []);
      const second = await client.simple("DELETE FROM prizes WHERE id BETWEEN 9 AND 17");
      const end = await client.simple("COMMIT");
      assert.ok(errorsOf(second).length + errorsOf(end).length > 0);
      await client.end();
      assert.deepEqual(differences(state, await scene.fingerprint(database)), []);
    });
  });
}
