/**
 * `db:drop db:create db:migrate` as Rails sends them, by way of the maintenance database: the whole database rests, a new one of its name
 * takes its place, and one command puts the old one back.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openResetGround, type ResetGround } from "./ground.ts";

const schema = `
  CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY);
  CREATE TABLE users (id bigserial PRIMARY KEY, email character varying NOT NULL);
  CREATE UNIQUE INDEX index_users_on_email ON users (email);
`;

for (const version of [15, 18] as const) {
  describe(`db:drop db:create db:migrate through the bin, PostgreSQL ${version}`, () => {
    let ground: ResetGround;
    before(async () => {
      ground = await openResetGround(version);
      const client = await ground.scene.direct();
      await client.query(
        `${schema}; INSERT INTO users (email) SELECT 'u' || i FROM generate_series(1, 30) i; INSERT INTO schema_migrations VALUES ('1')`,
      );
      await client.end();
    });
    after(() => ground?.stop());

    test("everything of the old database comes back, and the new one rests in its place", async () => {
      const { scene } = ground;
      const [state, definitions] = [await ground.state(), await ground.definitions()];
      const told: string[] = [];
      const maintenance = await scene.connect("postgres");
      maintenance.on("notice", ({ message }) => void told.push(message ?? ""));
      // ActiveRecord: PostgreSQLDatabaseTasks#drop and #create.
      for (const [sql, command] of [
        [`DROP DATABASE IF EXISTS "${scene.database}"`, "DROP"],
        [`DROP DATABASE IF EXISTS "${scene.database}"`, "DROP"],
        [`CREATE DATABASE "${scene.database}" ENCODING = 'unicode'`, "CREATE"],
      ] as const)
        assert.equal((await maintenance.query(sql)).command, command);
      assert.deepEqual(told, [`database "${scene.database}" does not exist, skipping`]);
      await assert.rejects(maintenance.query(`DROP DATABASE nowhere_at_all`), {
        code: "3D000",
        message: 'database "nowhere_at_all" does not exist',
      });
      await maintenance.query("BEGIN");
      await assert.rejects(maintenance.query(`DROP DATABASE "${scene.database}"`), { code: "25001" });
      await maintenance.query("ROLLBACK");
      await maintenance.end();
      const migrating = await scene.connect();
      await migrating.query(schema);
      await migrating.query("INSERT INTO users (email) VALUES ('new')");
      await migrating.end();
      assert((await ground.state()).some((line) => line.startsWith("users: rows 1 ")));

      await ground.restore("--since", "1h", "--replace");
      assert.deepEqual(await ground.state(), state);
      assert.equal(await ground.definitions(), definitions);
      const [put] = await scene.events("bin_put");
      assert.deepEqual([put?.tag, put?.names], ["DROP DATABASE", [scene.database]]);
      const agent = await scene.connect();
      assert.equal((await agent.query("SELECT FROM users")).rowCount, 30);
      await agent.end();
    });
  });
}
