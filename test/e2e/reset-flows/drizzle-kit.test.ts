/** `drizzle-kit push --force` with a schema file that has lost tables and columns: it runs to its end, and one command brings all back. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { demandBack, openResetGround, type ResetGround } from "./ground.ts";

const settings = `export default { dialect: "postgresql", schema: "./schema.ts", out: "./out", dbCredentials: { url: process.env.DATABASE_URL } };\n`;
const authors = (more: string) => `import { integer, pgTable, serial, text, pgEnum } from "drizzle-orm/pg-core";
export const authors = pgTable("authors", { id: serial("id").primaryKey(), name: text("name").notNull().unique(),${more} });
`;
const books = `export const books = pgTable("books", {
  id: serial("id").primaryKey(), author: integer("author").references(() => authors.id, { onDelete: "cascade" }), title: text("title"),
});
`;
const rows = `INSERT INTO authors (name, born) SELECT 'author ' || i, 1900 + i FROM generate_series(1, 20) i;
INSERT INTO books (author, title) SELECT i, 'book ' || i FROM generate_series(1, 20) i`;

const kit = (...words: string[]) => [process.execPath, "node_modules/drizzle-kit/bin.cjs", ...words];

for (const version of [15] as const) {
  describe(`drizzle-kit push --force through the bin, PostgreSQL ${version}`, () => {
    let ground: ResetGround;
    const schema = (text: string) => writeFileSync(join(ground.folder, "schema.ts"), text);
    before(async () => {
      ground = await openResetGround(version);
      writeFileSync(join(ground.folder, "drizzle.config.ts"), settings);
      schema(authors(' born: integer("born"),') + books);
      await ground.direct(...kit("push", "--force"));
      const client = await ground.scene.direct();
      await client.query(rows);
      await client.end();
    });
    after(() => ground?.stop());

    test("a table and a column that the file has lost are gone for the tool, and come back by one command", async () => {
      const [state, definitions] = [await ground.state(), await ground.definitions()];
      schema(authors(""));
      const said = await ground.run(...kit("push", "--force"));
      assert.match(said, /Changes applied/);
      const pushed = await ground.state();
      assert(!pushed.some((line) => /books|born/.test(line)), pushed.join("\n"));
      assert.match(await ground.run(...kit("push", "--force")), /No changes detected/);
      await ground.restore("--since", "1h", "--replace");
      // PostgreSQL puts a column back behind the others.
      assert.deepEqual(
        (await ground.state()).filter((line) => !line.startsWith("authors: rows")),
        state.filter((line) => !line.startsWith("authors: rows")),
      );
      assert.equal(definitions === undefined, version !== 15);
      const client = await ground.scene.direct();
      const { rows: kept } = await client.query(
        "SELECT count(*)::int AS n, sum(born)::int AS born FROM authors WHERE name = 'author ' || id",
      );
      await client.end();
      assert.deepEqual(kept, [{ n: 20, born: 20 * 1900 + 210 }]);
    });

    test("every table that it drops comes back as it was", async () => {
      schema(authors(' born: integer("born"),') + books);
      const [state, definitions] = [await ground.state(), await ground.definitions()];
      schema("export const nothing = 1;\n");
      await ground.run(...kit("push", "--force"));
      assert(!(await ground.state()).some((line) => /books|authors/.test(line)));
      await ground.restore("--since", "1h", "--replace");
      await demandBack(ground, state, definitions);
    });
  });
}
