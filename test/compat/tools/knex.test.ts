/** knex's own commands as an agent runs them: what reads or adds passes, what would undo the schema changes nothing and says why. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { serverVersions } from "../../support/servers.ts";
import { demandRefused, type Ground, openGround } from "./ground.ts";

const settings = `module.exports = { client: "pg", connection: process.env.DATABASE_URL, migrations: { directory: "./migrations" } };\n`;
const first = `exports.up = (knex) => knex.schema
  .createTable("customers", (table) => { table.increments(); table.text("name").notNullable(); })
  .createTable("orders", (table) => {
    table.increments();
    table.integer("customer_id").references("customers.id").onDelete("CASCADE");
    table.integer("total");
  });
exports.down = (knex) => knex.schema.dropTable("orders").dropTable("customers");
`;
const second = `exports.up = (knex) => knex.schema.alterTable("orders", (table) => { table.text("note"); });
exports.down = (knex) => knex.schema.alterTable("orders", (table) => { table.dropColumn("note"); });
`;
const rows = `INSERT INTO customers (name) SELECT 'customer ' || i FROM generate_series(1, 20) i;
INSERT INTO orders (customer_id, total) SELECT i, 10 * i FROM generate_series(1, 20) i`;

const knex = (...words: string[]) => [process.execPath, "node_modules/knex/bin/cli.js", ...words];
const resets = [knex("migrate:rollback", "--all"), knex("migrate:rollback"), knex("migrate:down")];

for (const version of serverVersions) {
  describe(`knex under holdfast run, PostgreSQL ${version}`, () => {
    let ground: Ground;
    before(async () => {
      ground = await openGround(version);
      mkdirSync(join(ground.folder, "migrations"));
      writeFileSync(join(ground.folder, "knexfile.js"), settings);
      writeFileSync(join(ground.folder, "migrations", "20260101000000_first.js"), first);
      const [made] = await ground.direct([knex("migrate:latest")]);
      assert.equal(made?.code, 0, made?.text);
      await ground.sql(rows);
    });

    test("guarded-writes: its reports are those of a direct run, and going back destroys nothing", async () => {
      const reads = [knex("migrate:status"), knex("migrate:list"), knex("migrate:currentVersion"), knex("migrate:latest")];
      const [expected, before] = [await ground.direct(reads), await ground.state()];
      const said = await ground.run("guarded-writes", [...reads, ...resets]);
      assert.deepEqual(said.slice(0, reads.length), expected);
      assert.match(expected[0]?.text ?? "", /Found 1 Completed Migration/);
      for (const each of said.slice(reads.length))
        demandRefused(each, /drop table "orders" - holdfast: would drop `(public\.)?orders`: what it removes cannot be brought back/);
      assert.deepEqual(await ground.state(), before);
    });

    test("migrations: a migration that adds goes through, and going back destroys nothing", async () => {
      writeFileSync(join(ground.folder, "migrations", "20260102000000_second.js"), second);
      const [status, latest] = await ground.run("migrations", [knex("migrate:status"), knex("migrate:latest")]);
      assert.match(status?.text ?? "", /Found 1 Pending Migration/);
      assert.equal(latest?.code, 0, latest?.text);
      await ground.sql("UPDATE orders SET note = 'kept'");
      const before = await ground.state();
      assert.ok(before.some((line) => line.startsWith("column orders.note text")));
      const said = await ground.run("migrations", resets);
      for (const each of said)
        demandRefused(each, /holdfast: would drop a column of `public\.orders`: what it removes cannot be brought back/);
      assert.deepEqual(await ground.state(), before);
    });
  });
}
