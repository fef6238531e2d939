/**
 * What loosens a table's rules under a policy that lets the bin keep dropped constraints: a constraint by name rests there; NOT NULL, an
 * identity and what is NOT ENFORCED any more are no things that could rest, and are really changed.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { serverVersions } from "../support/servers.ts";
import { type BinScene, openBinScene } from "./scene.ts";

const schema = `
  CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, CONSTRAINT named CHECK (name <> ''));
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int CONSTRAINT of_customer REFERENCES customers ON DELETE CASCADE);
`;

for (const version of serverVersions) {
  describe(`constraints and the bin on the wire, PostgreSQL ${version}`, () => {
    let scene: BinScene;
    let agent: pg.Client;
    let owner: pg.Client;
    before(async () => {
      scene = await openBinScene(version, schema, { policy: "migrations" });
      agent = await scene.connect();
      owner = await scene.direct();
    });
    after(async () => {
      await agent?.end();
      await owner?.end();
      await scene?.stop();
    });
    const one = async (sql: string): Promise<unknown> => Object.values((await owner.query(sql)).rows[0] as object)[0];

    test("DROP NOT NULL and DROP IDENTITY are done, and nothing rests", async () => {
      await agent.query("ALTER TABLE customers ALTER name DROP NOT NULL");
      assert.equal(await one("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'customers'::regclass AND attname = 'name'"), false);
      await agent.query("ALTER TABLE customers ALTER id DROP IDENTITY");
      assert.equal(await one("SELECT attidentity FROM pg_attribute WHERE attrelid = 'customers'::regclass AND attname = 'id'"), "");
      assert.deepEqual(await scene.resting(), []);
    });

    if (version >= 18)
      test("a foreign key is NOT ENFORCED any more, and nothing rests", async () => {
        await agent.query("ALTER TABLE orders ALTER CONSTRAINT of_customer NOT ENFORCED");
        assert.equal(await one("SELECT conenforced FROM pg_constraint WHERE conname = 'of_customer'"), false);
        assert.deepEqual(await scene.resting(), []);
      });

    test("a constraint that is dropped rests", async () => {
      await agent.query("ALTER TABLE customers DROP CONSTRAINT named");
      assert.equal(await one("SELECT count(*)::int FROM pg_constraint WHERE conname = 'named' AND conrelid = 'customers'::regclass"), 0);
      assert.equal((await scene.resting()).length, 1);
      await scene.restore();
      assert.equal(await one("SELECT count(*)::int FROM pg_constraint WHERE conname = 'named' AND conrelid = 'customers'::regclass"), 1);
    });
  });
}
