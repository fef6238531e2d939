/**
 * Migrations as drizzle-kit writes them, from one schema file to the next. It reaches no server.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("../../..", import.meta.url));
const kit = join(home, "node_modules/drizzle-kit/bin.cjs");

/** Below this repository, so that the program finds its own packages; the caller removes it. */
export const drizzleFolder = join(home, "node_modules", `.plans-drizzle-${process.pid}`);

/** The SQL that leads to this schema from the one before, as it lies in the file. */
export function generate(schema: string, name: string): string {
  mkdirSync(drizzleFolder, { recursive: true });
  writeFileSync(join(drizzleFolder, "schema.ts"), schema);
  writeFileSync(join(drizzleFolder, "drizzle.config.json"), JSON.stringify({ dialect: "postgresql", schema: "./schema.ts", out: "./out" }));
  execFileSync(process.execPath, [kit, "generate", "--name", name, "--config", "drizzle.config.json"], {
    cwd: drizzleFolder,
    stdio: "pipe",
  });
  const out = join(drizzleFolder, "out");
  const file = readdirSync(out).find((each) => each.endsWith(`_${name}.sql`)) ?? "";
  return readFileSync(join(out, file), "utf8");
}

const imports = `import { index, integer, pgTable, serial, text } from "drizzle-orm/pg-core";\n`;

/** Eight tables, each but the first about the one before. */
export const before = `${imports}${eachTable((n) => table(n, `b: text("b"), c: text("c")${n === 1 ? "" : about(n - 1)}`))}`;

/** Of each a column gone, what is left stricter, and looked for by it: 32 statements. */
export const afterwards = `${imports}${eachTable((n) =>
  table(n, `c: text("c").notNull().default("x")${n === 1 ? "" : about(n - 1)}`, `(t) => [index("t${n}_c").on(t.c)]`),
)}`;

function eachTable(of: (n: number) => string): string {
  return Array.from({ length: 8 }, (_, n) => of(n + 1)).join("");
}

function table(n: number, columns: string, more?: string): string {
  const last = more === undefined ? "" : `, ${more}`;
  return `export const t${n} = pgTable("t${n}", { id: serial("id").primaryKey(), ${columns} }${last});\n`;
}

function about(n: number): string {
  return `, t: integer("t").references(() => t${n}.id, { onDelete: "cascade" })`;
}
