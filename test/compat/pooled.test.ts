import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import postgres from "postgres";
import { serverVersions } from "../support/servers.ts";
import { type PgBouncer, startPgBouncer } from "../e2e/postgres-login/pgbouncer.ts";
import { psql } from "./run.ts";
import { shop } from "./shop.ts";
import { type Side, startTwoSides, type TwoSides } from "./two-sides.ts";

const script = `
\\d orders
select * from wide;
begin;
update customers set name = 'x' where id = 1;
savepoint s;
select 1/0;
rollback to s;
rollback;
create temp table mine (a int);
\\copy mine from stdin
1
2
\\.
select * from mine;
insert into orders (id, customer_id) values (7001, 1);
prepare p as select 1 as one;
execute p;
`;

async function drivers(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url, application_name: "compat" });
  await client.connect();
  const named = async (id: number) =>
    (await client.query({ name: "by-id", text: "select name from customers where id = $1", values: [id] })).rows;
  const rows = [await named(2), await named(3)];
  const failed = await client.query("select 1/0").catch((error: pg.DatabaseError) => error.code);
  await client.end();
  const sql = postgres(url, { max: 1 });
  const more = await Promise.all([sql`select id from orders where id < ${5}`, sql`select tags from orders where id = ${3}`]);
  await sql.end();
  return { rows, failed, more: more.map((all) => [...all]) };
}

for (const version of serverVersions) {
  describe(`PgBouncer in session mode between Holdfast and PostgreSQL ${version}`, () => {
    let sides: TwoSides;
    let bouncer: PgBouncer | undefined;
    before(async () => {
      sides = await startTwoSides({
        version,
        policy: "observe",
        between: async (server) => {
          bouncer = await startPgBouncer({ to: server, login: server.superuser });
          return { host: "127.0.0.1", port: bouncer.port };
        },
      });
      await sides.database("shop", shop);
    });
    after(async () => {
      await sides.stop();
      await bouncer?.stop();
    });

    test("psql sees the same", async () => {
      const said = await sides.same((side) => psql(side, script, ["-d", "shop"]), { wire: false });
      assert.match(said.out, /Foreign-key constraints/);
      assert.match(said.err, /division by zero/);
    });

    test("drivers get the same, again and again on pooled connections", async () => {
      for (let round = 0; round < 3; round++) {
        const said = await sides.same((side) => drivers(side.url("shop")), { wire: false });
        assert.match(JSON.stringify(said), /name 3.*22012/);
      }
    });
  });

  describe(`an application's PgBouncer in front of Holdfast, PostgreSQL ${version}`, () => {
    let sides: TwoSides;
    let bouncers: readonly PgBouncer[] = [];
    let pooled: (side: Side) => Side;
    before(async () => {
      sides = await startTwoSides({ version, policy: "observe" });
      await sides.database("shop", shop);
      const each = [sides.direct, sides.holdfast];
      bouncers = await Promise.all(each.map((side) => startPgBouncer({ to: side, login: side })));
      pooled = (side) => {
        const port = bouncers[side === sides.direct ? 0 : 1]?.port ?? 0;
        const url = (database = "postgres") => side.url(database).replace(`:${side.port}/`, `:${port}/`);
        return { ...side, port, url, env: { ...side.env, PGPORT: String(port) } };
      };
    });
    after(async () => {
      await Promise.all(bouncers.map((bouncer) => bouncer.stop()));
      await sides.stop();
    });

    test("psql sees the same", async () => {
      for (let round = 0; round < 2; round++) {
        const said = await Promise.all(
          [sides.direct, sides.holdfast].map((side) => psql(pooled(side), script.replace("7001", `70${round}1`), ["-d", "shop"])),
        );
        assert.match(said[0]?.out ?? "", /Foreign-key constraints/);
        assert.deepEqual(said[1], said[0]);
      }
    });

    test("drivers get the same, again and again on pooled connections", async () => {
      for (let round = 0; round < 3; round++) {
        const said = await Promise.all([sides.direct, sides.holdfast].map((side) => drivers(pooled(side).url("shop"))));
        assert.match(JSON.stringify(said[0]), /name 3.*22012/);
        assert.deepEqual(said[1], said[0]);
      }
    });
  });
}
