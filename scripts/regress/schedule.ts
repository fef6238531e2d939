/**
 * The files of a regression suite in the order of its schedule.
 * It runs them one after another where the suite would run groups side by side.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Names without `.sql`; with `only`, those and `test_setup`, which makes the tables that all others use. */
export function schedule(suite: string, only?: readonly string[]): readonly string[] {
  const file = join(suite, "parallel_schedule");
  if (!existsSync(file)) throw new Error(`\`${suite}\` holds no parallel_schedule: name src/test/regress of a PostgreSQL source tree`);
  const names = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("test:"))
    .flatMap((line) => line.slice("test:".length).trim().split(/\s+/))
    .filter((name) => existsSync(join(suite, "sql", `${name}.sql`)));
  return only === undefined ? names : names.filter((name) => name === "test_setup" || only.includes(name));
}
