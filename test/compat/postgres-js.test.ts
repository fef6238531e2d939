import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, describe, test } from "node:test";
import postgres from "postgres";
import { serverVersions } from "../support/servers.ts";
import { shop } from "./shop.ts";
import { type Side, startTwoSides, type TwoSides } from "./two-sides.ts";

type Sql = postgres.Sql<Record<string, never>>;

async function said(attempt: Promise<unknown>): Promise<unknown> {
  try {
    const rows = (await attempt) as postgres.RowList<postgres.Row[]>;
    return { rows: [...rows], count: rows.count, command: rows.command, columns: rows.columns?.map(({ name, type }) => ({ name, type })) };
  } catch (error) {
    return { ...(error as postgres.PostgresError), message: (error as Error).message };
  }
}

async function connected<T>(
  side: Side,
  use: (sql: Sql, notices: unknown[]) => Promise<T>,
  options: postgres.Options<never> = {},
): Promise<T> {
  const notices: unknown[] = [];
  const sql = postgres(side.url("shop"), { max: 1, onnotice: (notice) => notices.push(notice), ...options }) as unknown as Sql;
  try {
    return await use(sql, notices);
  } finally {
    await sql.end();
  }
}

for (const version of serverVersions) {
  describe(`postgres.js and PostgreSQL ${version}, under observe`, () => {
    let sides: TwoSides;
    before(async () => {
      sides = await startTwoSides({ version, policy: "observe" });
      await sides.database("shop", shop);
    });
    after(() => sides.stop());

    test("array types are fetched at the start, parameters of many types", async () => {
      const answers = await sides.same((side) =>
        connected(side, async (sql) => [
          await said(sql`select id, tags from orders where id = ${3}`),
          await said(
            sql`select ${sql.array(["a", "b"])}::text[] as list, ${sql.json({ a: 1 })}::jsonb as doc, ${Buffer.from([0, 1])}::bytea as raw`,
          ),
          await said(sql`select * from wide`),
          await said(sql`insert into customers ${sql([{ name: "js 1" }, { name: "js 2" }])} returning id, name`),
        ]),
      );
      assert.match(JSON.stringify(answers), /js 2/);
    });

    test("pipelined queries with errors between, answered in order", async () => {
      const answers = await sides.same((side) =>
        connected(side, (sql) =>
          Promise.all([
            ...Array.from({ length: 20 }, (_, i) => said(sql`select name from customers where id = ${i + 1}`)),
            said(sql`select 1 / ${0}::int`),
            said(sql`select * from absent where id = ${1}`),
            said(sql`select ${"last"}::text as last`),
          ]),
        ),
      );
      assert.equal(answers.length, 23);
      assert.match(JSON.stringify(answers), /22012.*42P01.*"last":"last"/);
    });

    test("several statements in a text, without parameters", async () => {
      const answers = await sides.same((side) =>
        connected(side, async (sql) => [
          await said(sql.unsafe("select 1 as a; select 2 as b")),
          await said(sql`select 3 as c`.simple()),
          await said(sql.unsafe("insert into events values ('2026-08-08', 'kept?'); select 1/0")),
          await said(sql`select count(*)::int from events`),
        ]),
      );
      assert.match(JSON.stringify(answers), /"count":2/);
    });

    test("cursors: rows in pieces", async () => {
      const pieces = await sides.same((side) =>
        connected(side, async (sql) => {
          const sizes: number[] = [];
          for await (const rows of sql`select id from orders order by id`.cursor(30)) sizes.push(rows.length);
          const [first] = await sql`select count(*)::int as n from orders`;
          return { sizes, first };
        }),
      );
      assert.deepEqual(pieces.sizes, [30, 30, 30, 10]);
    });

    test("COPY by streams, both ways", async () => {
      const copied = await sides.same((side) =>
        connected(side, async (sql) => {
          await sql`create table streamed (a int, b text)`;
          const lines = Array.from({ length: 5000 }, (_, i) => `${i}\trow ${i}\n`);
          await pipeline(Readable.from(lines), await sql`copy streamed from stdin`.writable());
          const out: Buffer[] = [];
          for await (const chunk of await sql`copy streamed to stdout`.readable()) out.push(chunk as Buffer);
          return { bytes: Buffer.concat(out).toString(), after: await said(sql`select count(*)::int from streamed`) };
        }),
      );
      assert.equal(copied.bytes.split("\n").length, 5001);
    });

    test("transactions, savepoints, reserved connections", async () => {
      const answers = await sides.same((side) =>
        connected(side, async (sql) => {
          const failed = await said(
            sql.begin(async (tx) => {
              await tx`update orders set total = 0 where id = ${9}`;
              await tx`select 1/0`;
            }) as Promise<unknown>,
          );
          const kept = await sql.begin(async (tx) => {
            await tx`update orders set total = ${5} where id = ${10}`;
            await tx.savepoint((inner) => inner`select 1/0`).catch(() => undefined);
            return said(tx`select total from orders where id = ${10}`);
          });
          const reserved = await sql.reserve();
          const own = await said(reserved`select total from orders where id = ${9}`);
          reserved.release();
          return { failed, kept, own };
        }),
      );
      assert.match(JSON.stringify(answers), /5\.00/);
    });

    test("listen on a connection of its own", async () => {
      const heard = await sides.same(
        (side) =>
          connected(side, async (sql) => {
            const payloads: string[] = [];
            const arrived = new Promise<void>((resolve) => {
              void sql.listen("news", (payload) => payloads.push(payload) === 2 && resolve());
            });
            await sql`select 1`;
            const listening = async () => (await sql`select 1 from pg_stat_activity where query = 'listen "news"'`).length > 0;
            while (!(await listening()));
            await sql.notify("news", "one");
            await sql`select pg_notify('news', 'two')`;
            await arrived;
            return payloads;
          }),
        { wire: false },
      );
      assert.deepEqual(heard, ["one", "two"]);
    });

    test("without prepared statements, and through a pool", async () => {
      const rows = await sides.same(
        (side) =>
          connected(side, (sql) => Promise.all(Array.from({ length: 60 }, (_, i) => said(sql`select ${i}::int as i`))), {
            prepare: false,
            max: 5,
          }),
        { wire: false },
      );
      assert.equal(rows.length, 60);
    });

    test("a cancelled query", async () => {
      const answers = await sides.same(
        (side) =>
          connected(side, async (sql) => {
            const sleeping = sql`select pg_sleep(30)`;
            setTimeout(() => sleeping.cancel(), 200);
            return [await said(sleeping), await said(sql`select 1 as alive`)];
          }),
        { wire: false },
      );
      assert.match(JSON.stringify(answers), /57014.*alive/);
    });
  });
}
