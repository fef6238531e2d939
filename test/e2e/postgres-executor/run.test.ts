/** An act that is carried out: once, as planned, or not at all; and what becomes of it when the connection is lost. */
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { errorField } from "../../../src/adapters/postgres/codec/read.ts";
import type { Executed, ExecutorAct } from "../../../src/adapters/postgres/executor/port.ts";
import { serverVersions, testServer } from "../../support/servers.ts";
import { expecting, type Ground, openGround } from "./ground.ts";
import { shop } from "./shop.ts";

const agreed = (): Promise<void> => Promise.resolve();
const int32 = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeInt32BE(value);
  return out;
};

/** What stands behind the names of a Bind: one parameter and all results in the format given (0 text, 1 binary). */
function bindOne(value: Buffer, format: 0 | 1): Buffer {
  return Buffer.concat([Buffer.from([0, 1, 0, format, 0, 1]), int32(value.length), value, Buffer.from([0, 1, 0, format])]);
}

for (const version of serverVersions)
  describe(`carried out on PostgreSQL ${version}`, () => {
    let ground: Ground;
    before(async () => void (ground = await openGround(await testServer(version), shop)));
    after(() => ground.close());

    const planned = async (sql: string, toleranceRows = 0) => ({
      act: await ground.act(sql),
      expected: expecting(await ground.measure(sql), toleranceRows),
    });
    const count = async (sql: string): Promise<number> => Number((await ground.direct(`SELECT (${sql})::int AS n`))[0]?.["n"]);
    const types = (ran: Executed): string =>
      ran.kind === "done" ? ran.answers.map((frame) => String.fromCharCode(frame[0] ?? 0)).join("") : ran.kind;

    test("it does what was measured, once, and answers as the server does", async () => {
      const { act, expected } = await planned("DELETE FROM orders WHERE id IN (1, 2) RETURNING id, total");
      let transaction: string | null = null;
      const ran = await ground.executor.run(act, expected, (id) => agreed().then(() => void (transaction = id)));
      assert.equal(types(ran), "TDDC");
      assert.equal(ran.kind === "done" && ran.answers[1]?.toString("latin1", 7), "\x00\x00\x00\x011\x00\x00\x00\x015");
      assert.deepEqual(
        ran.kind === "done" &&
          ran.measured?.measurement.tables.map(({ table, direct, following }) => [table, direct.deleted, following.deleted]),
        [
          ["public.orders", 2, 0],
          ["public.items", 0, 6],
        ],
      );
      assert.equal(await count("SELECT count(*) FROM orders WHERE id IN (1, 2)"), 0);
      assert.equal(await ground.executor.reconcile(ground.database, String(transaction)), "committed");
      const again = await ground.executor.run(act, expected, agreed);
      assert.deepEqual(
        [again.kind, again.kind === "stale" && again.because],
        ["stale", "`public.orders`: 0 rows would be deleted, and 2 rows were planned"],
      );
    });

    const others = [
      ["other rows of the same number", "DELETE FROM reviews WHERE id IN (SELECT id FROM chosen)", "UPDATE chosen SET id = id + 2"],
      ["a planned row with another value", "UPDATE items SET name = 'q' WHERE id = 57", "UPDATE items SET order_id = 3 WHERE id = 57"],
      [
        "one fits less and another more",
        "DELETE FROM items WHERE name = 'i50'",
        "UPDATE items SET name = 'i' || 101 - id WHERE id IN (50, 51)",
      ],
    ] as const;
    for (const [title, sql, change] of others)
      test(`as many rows as planned, but not those: ${title}`, async () => {
        await ground.direct("CREATE TABLE IF NOT EXISTS chosen (id int); TRUNCATE chosen; INSERT INTO chosen VALUES (1), (2)");
        const { act, expected } = await planned(sql);
        await ground.direct(change);
        const contents = await ground.contents();
        const ran = await ground.executor.run(act, expected, agreed);
        assert.match(
          ran.kind === "stale" ? ran.because : ran.kind,
          /as many rows as planned, but they are others, or hold other values now/,
        );
        assert.equal(await ground.contents(), contents);
        const anew = await planned(sql);
        assert.equal((await ground.executor.run(anew.act, anew.expected, agreed)).kind, "done");
      });

    test("a row that the act does not touch may change meanwhile", async () => {
      const { act, expected } = await planned("UPDATE items SET name = 'z' WHERE id = 59");
      await ground.direct("UPDATE items SET name = 'y' WHERE id = 58");
      assert.equal((await ground.executor.run(act, expected, agreed)).kind, "done");
    });

    test("parameters and results are the client's own bytes", async () => {
      const text = "DELETE FROM orders WHERE id = $1 RETURNING id";
      const statements = (await ground.act("DELETE FROM orders WHERE id = 3 RETURNING id")).statements;
      const base = await ground.act("SELECT 1");
      const act = (value: Buffer, format: 0 | 1, parameterTypes: readonly number[]): ExecutorAct => ({
        ...base,
        statements,
        message: { kind: "prepared", text, parameterTypes, bind: bindOne(value, format) },
      });
      for (const [value, format, parameterTypes, row] of [
        [int32(3), 1, [23], "\x00\x01\x00\x00\x00\x04\x00\x00\x00\x03"],
        [Buffer.from("4"), 0, [], "\x00\x01\x00\x00\x00\x014"],
      ] as const) {
        const one = act(value, format, parameterTypes);
        const ran = await ground.executor.run(one, expecting(await ground.executor.measure(one)), agreed);
        assert.equal(types(ran), "TDC");
        assert.equal(ran.kind === "done" && ran.answers[1]?.toString("latin1", 5), row);
      }
      assert.equal(await count("SELECT count(*) FROM orders WHERE id IN (3, 4)"), 0);
    });

    test("nothing is sent when it may not begin, and the row is free again", async () => {
      const { act, expected } = await planned("DELETE FROM orders WHERE id = 5");
      const ran = await ground.executor.run(act, expected, () => Promise.reject(new Error("it is used already")));
      assert.deepEqual(ran, { kind: "not_reached", because: "it is used already" });
      assert.equal(await count("SELECT count(*) FROM orders WHERE id = 5"), 1);
    });

    test("it begins before the server has seen the act", async () => {
      const { act, expected } = await planned("DELETE FROM orders WHERE id = 5");
      const ran = await ground.executor.run(act, expected, async (transaction) => {
        assert.equal(await ground.executor.reconcile(ground.database, String(transaction)), "in progress");
        const rows = await ground.direct(
          "SELECT query FROM pg_stat_activity WHERE application_name = 'holdfast executor' AND query LIKE 'DELETE%'",
        );
        assert.deepEqual(rows, []);
      });
      assert.equal(ran.kind, "done");
    });

    test("a change between plan and act makes it stale, and a tolerance is a bound", async () => {
      const { act, expected } = await planned("UPDATE reviews SET customer_id = NULL WHERE customer_id < 5");
      await ground.direct("INSERT INTO reviews VALUES (50, 1), (51, 2)");
      const stale = await ground.executor.run(act, { ...expected, toleranceRows: 1 }, agreed);
      assert.equal(stale.kind, "stale");
      assert.equal(await count("SELECT count(*) FROM reviews WHERE customer_id IS NULL"), 0);
      assert.equal((await ground.executor.run(act, { ...expected, toleranceRows: 2 }, agreed)).kind, "done");
    });

    test("another server is not reached", async () => {
      const { act, expected } = await planned("DELETE FROM reviews");
      const ran = await ground.executor.run(act, { ...expected, identity: "system:1/2" }, () => assert.fail("it must not begin"));
      assert.match(ran.kind === "not_reached" ? ran.because : "", /another server than the one it was planned for/);
    });

    test("what the server refuses is its own error, and is rolled back", async () => {
      const { act, expected } = await planned("DELETE FROM reviews WHERE id = 1; SELECT 1");
      const failing = await ground.act("DELETE FROM reviews WHERE id = 1; SELECT 1 / (SELECT 0)");
      assert.equal(act.statements.length, failing.statements.length);
      const ran = await ground.executor.run(failing, expected, agreed);
      assert.equal(ran.kind, "failed");
      assert.equal(ran.kind === "failed" && errorField(ran.error, 0, ran.error.length, "M"), "division by zero");
      assert.equal(await count("SELECT count(*) FROM reviews WHERE id = 1"), 1);
    });

    test("an answer longer than is kept is rolled back", async () => {
      const sql = "UPDATE reviews SET customer_id = NULL RETURNING repeat('x', 4000000)";
      await assert.rejects(ground.measure(sql), { refuse: true, message: /longer than the executor keeps/ });
      const ran = await ground.executor.run(
        await ground.act(sql),
        { measured: null, toleranceRows: 0, identity: (await ground.measure("SELECT 1")).identity },
        agreed,
      );
      assert.deepEqual([ran.kind, ran.kind === "failed" && ran.sqlstate], ["failed", "54000"]);
      assert.ok((await count("SELECT count(*) FROM reviews WHERE customer_id IS NOT NULL")) > 0);
    });

    test("what cannot run in a transaction runs outside of one, without figures", async () => {
      const act = await ground.act("CREATE INDEX CONCURRENTLY by_total ON orders (total)");
      await assert.rejects(ground.executor.measure(act), { refuse: false, message: /cannot run in a transaction/ });
      const { identity } = await ground.measure("SELECT 1");
      let transaction: string | null | undefined;
      const ran = await ground.executor.run(act, { measured: null, toleranceRows: 0, identity }, (id) =>
        agreed().then(() => void (transaction = id)),
      );
      assert.deepEqual([types(ran), transaction], ["C", null]);
      assert.equal(await count("SELECT count(*) FROM pg_class WHERE relname = 'by_total'"), 1);
    });

    test("roles and transactions are not the act's to change", async () => {
      for (const [sql, because] of [
        ["SET ROLE postgres; DELETE FROM orders", /changes the role/],
        ["DELETE FROM orders; RESET ROLE", /changes the role/],
        ["SET SESSION AUTHORIZATION DEFAULT", /changes the role/],
        ["SELECT set_config('role', 'postgres', true)", /changes the role/],
        ["DELETE FROM orders; COMMIT", /controls a transaction/],
        ["BEGIN; DELETE FROM orders", /controls a transaction/],
        ["COPY orders FROM STDIN", /from the client/],
        ["COPY orders TO PROGRAM 'cat'", /files or programs/],
        ["SELECT pg_read_file('x')", /files or programs/],
        ["PREPARE one AS DELETE FROM orders", /another session has prepared/],
        ["SELECT no_such_function()", /not understood/],
        ["DECLARE c CURSOR FOR SELECT 1", /only in the session/],
      ] as const) {
        const act = await ground.act(sql);
        await assert.rejects(ground.executor.measure(act), { name: "NotMeasurable", refuse: true, message: because }, sql);
        const identity = "system:1/1";
        const ran = await ground.executor.run(act, { measured: null, toleranceRows: 0, identity }, () => assert.fail("it must not begin"));
        assert.match(ran.kind === "not_reached" ? ran.because : "", because);
      }
      for (const [sql, because] of [
        ["SELECT setval('tickets', 7)", /setval of `public\.tickets` stays/],
        ["SELECT pg_terminate_backend(1)", /ends other sessions/],
        ["VACUUM orders", /cannot run in a transaction/],
        ["ALTER SYSTEM SET work_mem = '1MB'", /cannot run in a transaction|configuration file/],
      ] as const)
        await assert.rejects(ground.measure(sql), { name: "NotMeasurable", refuse: false, message: because }, sql);
    });

    test("a procedure that commits by itself gets nothing through", async () => {
      await ground.direct("CREATE PROCEDURE sly() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.reviews; COMMIT; END $$");
      const held = await count("SELECT count(*) FROM reviews");
      await assert.rejects(ground.measure("CALL sly()"), { refuse: true });
      assert.equal(await count("SELECT count(*) FROM reviews"), held);
    });
  });
