import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { asc, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, serial, text } from "drizzle-orm/pg-core";
import pg from "pg";
import { psql, run, type Said } from "./run.ts";
import { type Side, startTwoSides, type TwoSides } from "./two-sides.ts";

const home = fileURLToPath(new URL("../..", import.meta.url));
const kit = join(home, "node_modules/drizzle-kit/bin.cjs");
const authors = pgTable("authors", { id: serial("id").primaryKey(), name: text("name").notNull().unique() });
const books = pgTable("books", {
  id: serial("id").primaryKey(),
  author: integer("author").references(() => authors.id, { onDelete: "cascade" }),
  title: text("title"),
});

const schema = (more: string) => `import { integer, pgTable, serial, text } from "drizzle-orm/pg-core";
export const authors = pgTable("authors", { id: serial("id").primaryKey(), name: text("name").notNull().unique() });
export const books = pgTable("books", {
  id: serial("id").primaryKey(), author: integer("author").references(() => authors.id, { onDelete: "cascade" }),
  title: text("title"),${more}
});
`;

describe("drizzle-kit and drizzle-orm, under observe", () => {
  let sides: TwoSides;
  // Below this repository, so that the program finds its own packages.
  const folder = join(home, "node_modules", `.compat-drizzle-${process.pid}`);
  before(async () => {
    sides = await startTwoSides({ version: 18, policy: "observe" });
    await sides.database("pushed");
    await sides.database("migrated");
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await sides.stop();
  });

  /** Runs one command in a folder of the side's own; what it wrote there comes back by name. */
  async function drizzleKit(side: Side, database: string, args: readonly string[], more = ""): Promise<Said> {
    const own = join(folder, side.name);
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, "schema.ts"), schema(more));
    const settings = { dialect: "postgresql", schema: "./schema.ts", out: "./out", dbCredentials: { url: side.url(database) } };
    writeFileSync(join(own, "drizzle.config.json"), JSON.stringify(settings));
    const said = await run(side, process.execPath, [kit, ...args, "--config", "drizzle.config.json"], { cwd: own });
    // A spinner turns as often as the work takes; the time of a file is in its name.
    const lines = said.out.split("\n").filter((line) => !line.includes(" Pulling schema ") && !/\[.\] (applying|\d+ )/.test(line));
    return { ...said, out: lines.join("\n").replaceAll(`/${side.name}/`, "/SIDE/") };
  }

  const tables = (side: Side, database: string) => psql(side, "\\d+ authors\n\\d+ books\n\\dn\n", ["-d", database]);

  test("push, and push again after a change", async () => {
    for (const more of ["", ' year: integer("year"),']) {
      const said = await sides.same((side) => drizzleKit(side, "pushed", ["push", "--force"], more), { wire: false });
      assert.equal(said.code, 0, said.err + said.out);
    }
    assert.match((await sides.same((side) => tables(side, "pushed"))).out, /year/);
  });

  test("generate, migrate, migrate again, and pull", async () => {
    for (const args of [["generate", "--name", "first"], ["migrate"], ["migrate"]]) {
      const said = await sides.same((side) => drizzleKit(side, "migrated", args), { wire: false });
      assert.equal(said.code, 0, said.err + said.out);
    }
    assert.match((await sides.same((side) => tables(side, "migrated"))).out, /drizzle/);
    const pulled = await sides.same(
      async (side) => {
        const said = await drizzleKit(side, "migrated", ["pull"]);
        const out = join(folder, side.name, "out");
        return { said, schema: readdirSync(out).includes("schema.ts") && readFileSync(join(out, "schema.ts"), "utf8") };
      },
      { wire: false },
    );
    assert.match(String(pulled.schema), /pgTable\("books"/);
  });

  test("drizzle-orm: everyday reading and writing", async () => {
    const rows = await sides.same(async (side) => {
      const client = new pg.Client({ connectionString: side.url("migrated"), application_name: "compat" });
      await client.connect();
      const db = drizzle(client);
      const [one] = await db
        .insert(authors)
        .values([{ name: "Ada" }, { name: "Grace" }])
        .returning();
      await db.insert(books).values([
        { author: one?.id ?? 0, title: "Notes" },
        { author: one?.id ?? 0, title: "Letters" },
      ]);
      await db.insert(authors).values({ name: "Ada" }).onConflictDoNothing();
      const joined = await db.select().from(books).innerJoin(authors, eq(books.author, authors.id)).orderBy(asc(books.id));
      const failed = await db
        .insert(authors)
        .values({ name: "Ada" })
        .catch((error: Error) => String(error.cause ?? error));
      await db
        .transaction(async (tx) => {
          await tx.delete(authors).where(eq(authors.name, "Grace"));
          await tx.execute(sql`select 1/0`);
        })
        .catch(() => undefined);
      await db.update(books).set({ title: "Changed" }).where(eq(books.id, 1));
      const gone = await db.delete(authors).where(eq(authors.name, "Ada")).returning();
      const left = await db.select().from(books);
      await client.end();
      return { joined, failed, gone, left };
    });
    assert.equal(rows.joined.length, 2);
    assert.deepEqual(rows.left, []);
  });
});
