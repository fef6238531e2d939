import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import postgres from "postgres";
import { serverVersions } from "../support/servers.ts";
import { tool } from "../support/tools.ts";
import { psql, run } from "./run.ts";
import { shop } from "./shop.ts";
import { type Side, startTwoSides, type TwoSides } from "./two-sides.ts";

// What the preset permits: it must look the same as without a gateway, limits and all.
const permitted = `
\\d
\\d+ orders
\\df
select * from wide;
select id, name from customers where id = 3;
insert into customers (name) values ('new') returning id, name, mood;
insert into orders (id, customer_id) values (3001, 1), (3002, 2);
insert into customers (id, name) values (1, 'name 1') on conflict do nothing;
insert into customers (name) values ('name 1');
update orders set total = total + 1 where id = 4 returning *;
update orders set total = -1 where id = 4;
delete from orders where id = 5;
delete from orders where id = 5;
begin;
update customers set name = 'x' where id = 1;
savepoint s;
select 1/0;
rollback to s;
update customers set name = 'y' where id = 2 returning name;
commit;
select name from customers where id < 3 order by id;
begin; delete from orders where id = 6; rollback;
insert into events values ('2026-10-10', 'a')\\; select 1 as one\\; select 2 as two;
insert into events values ('2026-10-11', 'b')\\; select 1/0;
select count(*) from events;
select 'é' || nothing;
update orders set total = nothing where id = 1;
create table added (a int primary key, b text);
create index on added (b);
comment on table added is 'added';
create view seen as select a from added;
\\copy added from stdin
1	one
2	two
\\.
copy added from stdin;
x	bad
\\.
\\copy added to stdout
select * from seen;
create temp table mine as select generate_series(1, 5) as a;
delete from mine;
prepare p (int) as update orders set total = $1 where id = 7;
execute p(3);
execute p(-3);
begin;
declare c cursor for select id from orders order by id;
fetch 3 from c;
close c;
commit;
listen news;
notify news, 'x';
select * from orders where id = 8 for update;
analyze orders;
select nextval('customers_id_seq') > 0 as moved;
`;

const everyday = `\\set id random(30, 60)
BEGIN;
SELECT total FROM orders WHERE id = :id;
UPDATE orders SET total = total + 1 WHERE id = :id;
END;
`;

async function app(side: Side): Promise<unknown> {
  const client = new pg.Client({ connectionString: side.url("shop"), application_name: "compat" });
  await client.connect();
  const answers: unknown[] = [];
  const ask = async (text: string, values?: unknown[], name?: string) =>
    client.query({ text, ...(values ? { values } : {}), ...(name ? { name } : {}) }).then(
      ({ command, rowCount, rows }) => answers.push({ command, rowCount, rows }),
      (error: pg.DatabaseError) => answers.push({ ...error, message: error.message }),
    );
  await ask("select id, name from customers where id = $1", [4], "by-id");
  await ask("update orders set total = $2 where id = $1", [11, 12], "set-total");
  await ask("update orders set total = $2 where id = $1", [12, -1], "set-total");
  await ask("select id, name from customers where id = $1", [5], "by-id");
  await ask("begin");
  await ask("delete from orders where id = $1 returning id", [13]);
  await ask("insert into events values ($1, $2)", ["2026-11-11", "guarded"]);
  await ask("select 1 / $1::int", [0]);
  await ask("select 1");
  await ask("rollback");
  await ask("insert into events values ('2026-12-01', 'plain')");
  await client.end();
  return answers;
}

async function pipelined(side: Side): Promise<unknown> {
  const sql = postgres(side.url("shop"), { max: 1 });
  const answers = await Promise.all([
    sql`select id from orders where id = ${20}`,
    sql`update orders set total = ${4} where id = ${20} returning total`,
    sql`update orders set total = ${-4} where id = ${20}`.catch((error: postgres.PostgresError) => error.code),
    sql.begin((tx) => [tx`update orders set total = ${6} where id = ${21}`, tx`select total from orders where id = ${21}`]),
    sql`insert into events ${sql([{ at: "2026-12-12", what: "js" }])} returning what`,
  ]);
  await sql.end();
  return JSON.parse(JSON.stringify(answers));
}

for (const version of serverVersions) {
  describe(`what guarded-writes permits, PostgreSQL ${version}`, () => {
    let sides: TwoSides;
    const folder = mkdtempSync(join(tmpdir(), "holdfast-guarded-"));
    const script = join(folder, "script.sql");
    before(async () => {
      writeFileSync(script, everyday);
      sides = await startTwoSides({ version, policy: "guarded-writes", environment: "staging" });
      await sides.database("shop", shop);
    });
    after(async () => {
      rmSync(folder, { recursive: true, force: true });
      await sides.stop();
    });

    test("psql", async () => {
      const said = await sides.same((side) => psql(side, permitted, ["-d", "shop"]));
      assert.match(said.out, /two/);
      assert.doesNotMatch(said.err, /holdfast/);
    });

    test("node-postgres", async () => assert.match(JSON.stringify(await sides.same(app)), /guarded|23514/));

    test("postgres.js", async () => assert.match(JSON.stringify(await sides.same(pipelined)), /23514/));

    for (const mode of ["simple", "extended", "prepared"]) {
      test(`pgbench, ${mode}: reads and single-row writes`, async () => {
        const program = await tool("pgbench");
        const plain = async (side: Side) => {
          const said = await run(side, program, ["-M", mode, "-n", "-c", "1", "-t", "20", "--random-seed=7", "-f", script, "shop"]);
          return /actually processed: .*/.exec(said.out)?.[0] ?? said;
        };
        assert.equal(await sides.same((side) => plain(side)), "actually processed: 20/20");
      });
    }

    // It asks for no time limits at its start, and does not look whether it got that. As a superuser it would read the passwords of
    // subscriptions, which is refused. Debian's refuses a newer server.
    test("pg_dump", async () => {
      const dump = await tool("pg_dump");
      const own = Number(/ (\d+)/.exec((await run(sides.direct, dump, ["--version"])).out)?.[1]);
      // Where updated rows come to lie hangs on who else looked at the table meanwhile, so that only the order may differ.
      const dumped = async (side: Side) => {
        const said = await run(side, dump, ["--no-subscriptions", "shop"]);
        return { ...said, out: said.out.split("\n").toSorted().join("\n") };
      };
      const said = await sides.same(dumped, { wire: false });
      if (own < version) return void assert.match(said.err, /server version mismatch/);
      assert.equal(said.code, 0, said.err);
      assert.match(said.out, /COPY public\.orders/);
    });

    test("what it refuses leaves the session usable and the data as they were", async () => {
      const refused = "delete from orders;\ndrop table orders;\ntruncate customers;\nselect count(*) > 90 as there from orders;\n";
      const { out, err } = await psql(sides.holdfast, refused, ["-d", "shop"]);
      assert.equal(err.match(/ERROR: {2}holdfast: /g)?.length, 3);
      assert.match(out, /there \n-+\n t/);
    });
  });
}
