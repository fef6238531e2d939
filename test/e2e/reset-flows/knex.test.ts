/** `knex migrate:rollback --all` and `migrate:latest`: an empty schema of the same names, and one command brings the old one back. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { demandBack, openResetGround, type ResetGround } from "./ground.ts";

const settings = `module.exports = { client: "pg", connection: process.env.DATABASE_URL, migrations: { directory: "./migrations" } };\n`;
const first = `exports.up = (knex) => knex.schema
  .createTable("customers", (table) => { table.increments(); table.text("name").notNullable().unique(); })
  .createTable("orders", (table) => {
    table.increments();
    table.integer("customer_id").references("customers.id").onDelete("CASCADE");
    table.enu("state", ["open", "closed"], { useNative: true, enumName: "order_state" });
    table.index(["customer_id", "state"]);
  })
  .raw("CREATE VIEW open_orders AS SELECT id FROM orders WHERE state = 'open'");
exports.down = (knex) => knex.schema.raw("DROP VIEW open_orders").dropTable("orders").raw("DROP TYPE order_state").dropTable("customers");
`;
const rows = `INSERT INTO customers (name) SELECT 'customer ' || i FROM generate_series(1, 20) i;
INSERT INTO orders (customer_id, state) SELECT i, 'open' FROM generate_series(1, 20) i`;

const knex = (...words: string[]) => [process.execPath, "node_modules/knex/bin/cli.js", ...words];

for (const version of [15, 18] as const) {
  describe(`knex through the bin, PostgreSQL ${version}`, () => {
    let ground: ResetGround;
    before(async () => {
      ground = await openResetGround(version);
      mkdirSync(join(ground.folder, "migrations"));
      writeFileSync(join(ground.folder, "knexfile.js"), settings);
      writeFileSync(join(ground.folder, "migrations", "20260101000000_first.js"), first);
      await ground.direct(...knex("migrate:latest"));
      const client = await ground.scene.direct();
      await client.query(rows);
      await client.end();
    });
    after(() => ground?.stop());

    test("rollback --all and latest go through, and what was there comes back in place of what they made", async () => {
      const [state, definitions] = [await ground.state(), await ground.definitions()];
      assert.match(await ground.run(...knex("migrate:rollback", "--all")), /rolled back: 1 migrations/);
      assert.match(await ground.run(...knex("migrate:latest")), /run: 1 migrations/);
      assert(
        (await ground.state()).some((line) => line.startsWith("customers: rows 0 ")),
        "the tool's own, new and empty",
      );
      await ground.restore("--since", "1h", "--replace");
      const ledger = (line: string): boolean => !line.startsWith("knex_migrations");
      assert.deepEqual((await ground.state()).filter(ledger), state.filter(ledger));
      assert.equal(await ground.definitions(), definitions);
      assert.match(await ground.run(...knex("migrate:status")), /Found 1 Completed Migration/);
    });
  });
}

test("demandBack can fail", async () => {
  const ground = { state: async () => ["a"], definitions: async () => undefined };
  await assert.rejects(demandBack(ground, ["b"], undefined));
});
