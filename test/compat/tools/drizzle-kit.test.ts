/** drizzle-kit as an agent runs it: what reads or adds passes; a push that would drop what the schema file lost destroys nothing. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { type Ground, openGround, type Preset, type Said } from "./ground.ts";

const settings = `export default { dialect: "postgresql", schema: "./schema.ts", out: "./out", dbCredentials: { url: process.env.DATABASE_URL } };\n`;
const authors = `import { integer, pgTable, serial, text } from "drizzle-orm/pg-core";
export const authors = pgTable("authors", { id: serial("id").primaryKey(), name: text("name").notNull().unique() });
`;
const books = (more = "") => `export const books = pgTable("books", {
  id: serial("id").primaryKey(), author: integer("author").references(() => authors.id, { onDelete: "cascade" }), title: text("title"),${more}
});
`;
const rows = `INSERT INTO authors (name) SELECT 'author ' || i FROM generate_series(1, 20) i;
INSERT INTO books (author, title) SELECT i, 'book ' || i FROM generate_series(1, 20) i`;

const kit = (...words: string[]) => [process.execPath, "node_modules/drizzle-kit/bin.cjs", ...words];

describe("drizzle-kit under holdfast run, PostgreSQL 18", () => {
  let ground: Ground;
  const schema = (text: string) => writeFileSync(join(ground.folder, "schema.ts"), text);
  before(async () => {
    ground = await openGround(18);
    writeFileSync(join(ground.folder, "drizzle.config.ts"), settings);
    schema(authors + books());
    const made = await ground.direct([kit("generate", "--name", "first"), kit("migrate")]);
    assert.deepEqual(
      made.map(({ code }) => code),
      [0, 0],
      made.map(({ text }) => text).join("\n"),
    );
    await ground.sql(rows);
  });

  /** What the agent sees: drizzle-kit itself says in words what was refused, though it exits with 0. */
  const refused = ({ text }: Said) =>
    assert.match(
      text,
      /error: holdfast: would drop `public\.books`: what it removes cannot be brought back, and no bin is kept here that could hold it; it needs a person's approval/,
    );

  const resets = async (preset: Preset) => {
    schema(authors);
    const before = await ground.state();
    const said = await ground.run(preset, [kit("check"), kit("push"), kit("push", "--force"), kit("push", "--force", "--verbose")]);
    assert.match(said[0]?.text ?? "", /Everything's fine/);
    assert.match(said[1]?.text ?? "", /about to delete books table with 20 items/, "it may look at what it would lose");
    said.slice(2).forEach(refused);
    assert.deepEqual(await ground.state(), before);
  };

  test("guarded-writes: a push that drops a table destroys nothing and says so", () => resets("guarded-writes"));
  test("migrations: the same", () => resets("migrations"));

  test("migrations: a migration that adds goes through, and a push finds nothing to do after it", async () => {
    schema(authors + books(' year: integer("year"),'));
    const said = await ground.run("migrations", [
      kit("generate", "--name", "second"),
      kit("migrate"),
      kit("migrate"),
      kit("push", "--force"),
    ]);
    assert.match(said[1]?.text ?? "", /migrations applied successfully/);
    assert.match(said[3]?.text ?? "", /No changes detected/);
    const after = await ground.state();
    assert.ok(after.some((line) => line.startsWith("column books.year integer")));
    assert.ok(after.some((line) => line.startsWith("books: rows 20 ")));
  });
});
