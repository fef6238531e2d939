/** A trial runs as somebody who may see everything: whoever may see less is not told by it what a condition fits. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { NotMeasurable } from "../../../src/pipeline/approvals-port.ts";
import { serverVersions, testServer } from "../../support/servers.ts";
import { type Ground, openGround } from "./ground.ts";

for (const version of serverVersions)
  describe(`what a trial may tell, PostgreSQL ${version}`, () => {
    const reader = `reader_${randomBytes(4).toString("hex")}`;
    let ground: Ground;
    before(async () => {
      ground = await openGround(
        await testServer(version),
        `CREATE TABLE open_rows (id int PRIMARY KEY, note text); INSERT INTO open_rows SELECT n, 'note' FROM generate_series(1, 10) n;
         CREATE TABLE hidden_rows (id int PRIMARY KEY, card text); INSERT INTO hidden_rows VALUES (1, '4111');
         CREATE TABLE tenant_rows (id int PRIMARY KEY, tenant text); INSERT INTO tenant_rows VALUES (1, 'ours'), (2, 'theirs');
         ALTER TABLE tenant_rows ENABLE ROW LEVEL SECURITY;
         CREATE TABLE "Odd name" (id int); INSERT INTO "Odd name" VALUES (1);
         CREATE TABLE parted (id int) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9);
         INSERT INTO parted VALUES (1), (2);
         CREATE FUNCTION peek() RETURNS text LANGUAGE sql STABLE AS 'SELECT card FROM public.hidden_rows';
         CREATE ROLE ${reader}; GRANT SELECT ON open_rows, tenant_rows, parted TO ${reader};`,
      );
    });
    after(async () => {
      await ground.direct(`DROP OWNED BY ${reader}`);
      await ground.direct(`DROP ROLE ${reader}`);
      await ground.close();
    });

    const figuresFor = async (sql: string, readsAs?: string): Promise<number | string> => {
      const act = await ground.act(sql, readsAs === undefined ? {} : { readsAs });
      try {
        const { measurement } = await ground.executor.measure(act);
        return measurement.tables.reduce((sum, { direct }) => sum + direct.deleted + direct.inserted, 0);
      } catch (error) {
        assert.ok(error instanceof NotMeasurable);
        assert.equal(error.refuse, false, error.message);
        return error.message;
      }
    };

    test("what the asker may read is measured", async () => {
      assert.equal(await figuresFor("DELETE FROM open_rows WHERE id < 4", reader), 3);
    });

    const secrets = [
      ["a condition on a hidden table", "DELETE FROM open_rows WHERE id = 1 AND (SELECT card FROM hidden_rows) LIKE '4%'", "hidden_rows"],
      ["an error that would quote it", "DELETE FROM open_rows WHERE id = (SELECT card::xml::text::int FROM hidden_rows)", "hidden_rows"],
      ["a hidden table's own rows", "DELETE FROM hidden_rows WHERE card LIKE '4%'", "hidden_rows"],
      ["a key that is taken there", "INSERT INTO hidden_rows VALUES (1, 'x')", "hidden_rows"],
      ["a hidden table behind a function", "DELETE FROM open_rows WHERE note = peek()", "hidden_rows"],
      ["a hidden table whose name is quoted", 'DELETE FROM "Odd name"', "Odd name"],
      ["a partition by its own name", "DELETE FROM part", "part"],
      ["rows that a row policy hides", "DELETE FROM tenant_rows WHERE tenant = 'theirs'", "tenant_rows"],
    ] as const;
    for (const [title, sql, table] of secrets)
      test(`${title}: no trial, and a person sees it without figures`, async () => {
        const told = await figuresFor(sql, reader);
        assert.match(String(told), new RegExp(`may not read all of .public\\.${table}.`));
        assert.doesNotMatch(String(told), /4111/);
      });

    test("a partition is read through what it is a part of", async () => {
      assert.equal(await figuresFor("DELETE FROM parted", reader), 2);
    });

    test("a person, who may be told all, gets the figures", async () => {
      assert.equal(await figuresFor("DELETE FROM hidden_rows WHERE card LIKE '4%'"), 1);
    });

    test("a role that is gone may read nothing", async () => {
      assert.match(String(await figuresFor("DELETE FROM open_rows WHERE id < 4", "nobody_of_that_name")), /may not read/);
    });
  });
