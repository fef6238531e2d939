import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import pg from "pg";
import postgres from "postgres";
import { serverVersions, startServer, type TestServer } from "../../support/servers.ts";
import { tool } from "../../support/tools.ts";
import { startThrough, type Through } from "./through.ts";
import { Wire } from "./wire.ts";

const run = promisify(execFile);

for (const version of serverVersions) {
  describe(`context and clients through the relay to PostgreSQL ${version}`, () => {
    let server: TestServer;
    let through: Through;
    before(async () => {
      server = await startServer({ version });
      await server.asSuperuser(
        "create schema evil; create table evil.t (a int); create table t (a int); insert into t values (1); create role clerk",
      );
      through = await startThrough(server);
    });
    after(async () => {
      await through.listener.stop();
      await server.stop();
    });

    async function conversation(steps: readonly (readonly [send: readonly string[], answer: string])[]): Promise<void> {
      const wire = await Wire.connect(through.url());
      try {
        for (const [send, answer] of steps) {
          wire.send(...send);
          const readies = answer.split(" ").filter((word) => word.startsWith("Z")).length;
          assert.equal(await wire.until("Z", readies), answer);
        }
        assert.equal(wire.pending, "");
      } finally {
        wire.close();
      }
    }
    const judged = (text: string) => through.guard.admissions.findLast((one) => one.text === text);

    test("search_path is read back before the next statement is judged", async () => {
      await conversation([
        [["Q set search_path = evil, public"], "C:SET Z:I"],
        [["Q select a from t"], "E:42501 Z:I"],
        [["Q reset search_path"], "E:42501 Z:I"],
      ]);
      assert.deepEqual(judged("select a from t")?.searchPath, ["evil", "public"]);
    });

    test("set_config in a SELECT, and pipelined behind it", async () => {
      await conversation([[["Q select set_config('search_path', 'evil', false)", "Q select a from t"], "T D C:SELECT_1 Z:I E:42501 Z:I"]]);
    });

    test("a prepared statement is judged again when the search_path changed since its Parse", async () => {
      await conversation([
        [["P s|select a from t", "S"], "1 Z:I"],
        [["Q set search_path = evil"], "C:SET Z:I"],
        [["B |s", "E ", "S"], "E:42501 Z:I"],
      ]);
    });

    test("in the middle of a batch too", async () => {
      await conversation([
        [["P s|select a from t", "P |set search_path = evil", "B |", "E ", "B |s", "E ", "S"], "1 1 2 C:SET E:42501 Z:I"],
        [["B |s", "E ", "S"], "2 D C:SELECT_1 Z:I"],
      ]);
    });

    test("a portal bound before the change and executed after it", async () => {
      await conversation([
        [["P s|select a from t", "B p|s", "P |set search_path = evil", "B |", "E ", "E p", "S"], "1 2 1 2 C:SET E:42501 Z:I"],
      ]);
    });

    test("SQL EXECUTE is judged by what was prepared, under the context of now", async () => {
      await conversation([
        [["Q prepare q as select a from t"], "C:PREPARE Z:I"],
        [["Q execute q"], "T D C:SELECT_1 Z:I"],
        [["Q set search_path = evil"], "C:SET Z:I"],
        [["Q execute q"], "E:42501 Z:I"],
      ]);
    });

    test("a rollback takes the context back", async () => {
      await conversation([[["Q begin", "Q set local search_path = evil", "Q rollback"], "C:BEGIN Z:T C:SET Z:T E:42501 Z:E"]]);
      await conversation([
        [
          ["Q begin", "Q set local role clerk", "Q select 1", "Q rollback", "Q select 2"],
          "C:BEGIN Z:T C:SET Z:T T D C:SELECT_1 Z:T C:ROLLBACK Z:I T D C:SELECT_1 Z:I",
        ],
      ]);
      assert.equal(judged("select 1")?.role, "clerk");
      assert.equal(judged("select 2")?.role, "postgres");
    });

    test("the isolation level can be set after something that changed the context", async () => {
      await conversation([
        [
          [
            "Q begin",
            "Q set local search_path = public",
            "Q set transaction isolation level serializable",
            "Q show transaction_isolation",
            "Q commit",
          ],
          "C:BEGIN Z:T C:SET Z:T C:SET Z:T T D C:SHOW Z:T C:COMMIT Z:I",
        ],
        [
          ["P |set search_path = public", "B |", "E ", "P |begin isolation level repeatable read", "B |", "E ", "S"],
          "1 2 C:SET 1 2 C:BEGIN Z:T",
        ],
        [["Q set transaction read only; set search_path = evil", "Q select a from t"], "C:SET C:SET Z:T E:42501 Z:E"],
      ]);
    });

    test("what DISCARD ALL and RESET ALL take back is pinned again before the next statement", async () => {
      const shown = new pg.Client({ connectionString: through.url() });
      await shown.connect();
      const settings = async (): Promise<unknown> =>
        (
          await shown.query("select name, setting from pg_settings where name = any ($1) order by 1", [
            [
              "client_encoding",
              "standard_conforming_strings",
              "statement_timeout",
              "idle_in_transaction_session_timeout",
              "application_name",
            ],
          ])
        ).rows;
      const before = await settings();
      for (const reset of ["discard all", "reset all"]) {
        await shown.query(reset);
        assert.deepEqual(await settings(), before);
      }
      await shown.end();
    });

    test("what follows ROLLBACK in a failed block is not judged under a context that is gone", async () => {
      await conversation([[["Q begin", "Q set local role clerk", "Q select 1/0"], "C:BEGIN Z:T C:SET Z:T E:22012 Z:E"]]);
    });

    test("temporary tables are known by name", async () => {
      await conversation([
        [["Q create temp table shadow (a int)"], "C:CREATE_TABLE Z:I"],
        [["Q select 3"], "T D C:SELECT_1 Z:I"],
      ]);
      assert.deepEqual(judged("select 3")?.temporary, ["shadow"]);
    });

    test("uncommitted DDL is told, committed DDL is read again before the next judgement", async () => {
      const before = through.catalogue.refreshes;
      await conversation([
        [
          ["Q begin", "Q create table fresh (a int)", "Q select 4", "Q commit", "Q select 5"],
          "C:BEGIN Z:T C:CREATE_TABLE Z:T T D C:SELECT_1 Z:T C:COMMIT Z:I T D C:SELECT_1 Z:I",
        ],
      ]);
      assert.deepEqual(judged("select 4")?.pendingDdl, ["create table fresh (a int)"]);
      assert.deepEqual(judged("select 5")?.pendingDdl, []);
      assert.equal(through.catalogue.refreshes, before + 1);
    });

    test("a catalogue that cannot be read refuses, and says so", async () => {
      through.catalogue.fails = true;
      await conversation([[["Q create table more (a int)", "Q select 6"], "C:CREATE_TABLE Z:I E:58000 Z:I"]]);
      through.catalogue.fails = false;
    });

    test("an encoding that changes under us ends the session", async () => {
      for (const sql of ["set client_encoding = 'SJIS'", "set standard_conforming_strings = off"]) {
        const wire = await Wire.connect(through.url());
        wire.send(`Q ${sql}`, "Q select 7");
        assert.match(await wire.until("never"), /E:42501 \(closed\)|E:57P05 \(closed\)/);
        wire.close();
      }
    });

    test("psql: \\d, \\c, \\copy, several statements, an error", async () => {
      const psql = await tool("psql");
      const args = ["-X", "-At", "-d", through.url()];
      const script =
        "\\d t\n\\copy t from stdin\n41\n42\n\\.\n\\copy (select count(*) from t) to stdout\n\\c\n" +
        "select 1 \\; select 2;\ndelete from t where 'forbidden' <> '';\nselect 'after';\n";
      const child = run(psql, args);
      child.child.stdin?.end(script);
      const { stdout, stderr } = await child;
      assert.match(stdout, /COPY 2/);
      assert.match(stdout, /\n3\n/);
      assert.match(stdout, /1\n2\nafter/);
      assert.match(stderr, /holdfast: would destroy data or structure/);
    });

    test("node-postgres and postgres.js: parameters, transactions, cursors, COPY, pipelining", async () => {
      const client = new pg.Client({ connectionString: through.url() });
      await client.connect();
      await client.query("begin");
      await assert.rejects(client.query("delete from t where $1 <> 'forbidden'", ["x"]), { code: "42501" });
      await client.query("rollback");
      assert.deepEqual((await client.query({ name: "n", text: "select $1::text as x", values: ["é"] })).rows, [{ x: "é" }]);
      assert.deepEqual((await client.query({ name: "n", text: "select $1::text as x", values: ["ü"] })).rows, [{ x: "ü" }]);
      await client.end();
      const sql = postgres(through.url(), { max: 1 });
      const many = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          i % 7 === 3
            ? sql`select ${i}::int as i /* forbidden */`.catch((error: { code: string }) => error.code)
            : sql`select ${i}::int as i`,
        ),
      );
      many.forEach((result, i) => {
        if (i % 7 === 3) assert.equal(result, "42501");
        else assert.deepEqual({ ...(result as unknown as { i: number }[])[0] }, { i });
      });
      let read = 0;
      await sql`select generate_series(1, 1000) as i`.cursor(100, (rows) => {
        read += rows.length;
      });
      assert.equal(read, 1000);
      await sql.end();
    });

    test("a large result and a large COPY keep the relay's memory bounded", async () => {
      const wire = await Wire.connect(through.url());
      wire.send("Q create table wide (a text)", "Q copy wide from stdin");
      await wire.until("G");
      const line = Buffer.alloc(64 * 1024, "x");
      line[line.length - 1] = 10;
      const frame = Buffer.concat([Buffer.from("d"), Buffer.from([0, 1, 0, 4]), line]);
      const before = process.memoryUsage().rss;
      for (let i = 0; i < 2000; i++) {
        wire.write(frame);
        if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      wire.send("c");
      assert.equal(await wire.until("Z"), "C:COPY_2000 Z:I");
      wire.close();
      assert.ok(process.memoryUsage().rss - before < 250 * 1024 * 1024);
    });
  });
}
