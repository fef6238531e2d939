/**
 * The studied cases C09 to C28 as SQL on the demo's schema: what the agent sent, and the one command that is to take it back.
 * They are rebuilt from what was published of each case; tables and rows are the demo's.
 */

export interface RateCase {
  readonly id: string;
  /** What the agent ran, in the case. */
  readonly was: string;
  /** One text after the other, as the program would send them. */
  readonly sql: readonly string[];
  readonly by: "undo" | "bin";
}

export interface NotCounted {
  readonly id: string;
  readonly because: string;
}

const everyTable = ["order_items", "order_history", "orders", "customers"];

export const rateCases: readonly RateCase[] = [
  {
    id: "C09",
    was: "DELETE with the wrong predicate, through two cascades",
    sql: ["DELETE FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE active)"],
    by: "undo",
  },
  {
    id: "C10",
    was: "prisma db push, answered yes",
    sql: ['DROP TABLE "order_history"', 'ALTER TABLE "customers" DROP COLUMN "email"', "DROP FUNCTION archive_orders()"],
    by: "bin",
  },
  { id: "C11", was: "prisma db push --force-reset", sql: ['DROP SCHEMA "public" CASCADE'], by: "bin" },
  {
    id: "C12",
    was: "prisma db push --accept-data-loss",
    sql: ['ALTER TABLE "customers" DROP COLUMN "active", DROP COLUMN "created_at"', 'DROP TABLE "order_history"'],
    by: "bin",
  },
  { id: "C13", was: "prisma migrate reset --force", sql: ["DROP SCHEMA public CASCADE"], by: "bin" },
  {
    id: "C14",
    was: "prisma migrate reset --force, where the schema may not be dropped: object by object",
    sql: ["DROP VIEW open_orders", ...everyTable.map((table) => `DROP TABLE "${table}" CASCADE`), "DROP FUNCTION note_status()"],
    by: "bin",
  },
  {
    id: "C15",
    was: "doctrine:fixtures:load, which purges every table in one transaction",
    sql: ["BEGIN", ...everyTable.map((table) => `DELETE FROM ${table}`), "COMMIT"],
    by: "undo",
  },
  { id: "C16", was: "drizzle-kit push --force", sql: everyTable.map((table) => `DROP TABLE "${table}" CASCADE;`), by: "bin" },
  { id: "C17", was: "drizzle-kit push --force of another app on the same database", sql: ['DROP TABLE "order_items" CASCADE;'], by: "bin" },
  {
    id: "C18",
    was: "supabase db reset --linked",
    sql: ["drop schema if exists public cascade"],
    by: "bin",
  },
  {
    id: "C19",
    was: "supabase db reset, in one text",
    sql: [`BEGIN; ${everyTable.map((t) => `DROP TABLE ${t} CASCADE`).join("; ")}; COMMIT`],
    by: "bin",
  },
  { id: "C20", was: "supabase db reset of the data alone", sql: [`TRUNCATE TABLE ${everyTable.join(", ")}`], by: "bin" },
  {
    id: "C21",
    was: "php artisan migrate:fresh --env=testing",
    sql: [`drop table ${everyTable.map((table) => `"public"."${table}"`).join(",")} cascade`],
    by: "bin",
  },
  {
    id: "C22",
    was: "migrate:fresh inside tinker, with its views",
    sql: ['drop view "public"."open_orders" cascade', `drop table ${everyTable.map((table) => `"public"."${table}"`).join(",")} cascade`],
    by: "bin",
  },
  {
    id: "C23",
    was: "sequelize.sync({ force: true })",
    sql: everyTable.map((table) => `DROP TABLE IF EXISTS "${table}" CASCADE;`),
    by: "bin",
  },
  { id: "C25", was: "an end-to-end test's reset", sql: ["TRUNCATE customers RESTART IDENTITY CASCADE"], by: "bin" },
  {
    id: "C26",
    was: "ten rows deleted that looked stale",
    sql: ["SELECT id FROM order_history ORDER BY at LIMIT 10", "DELETE FROM order_history WHERE id <= 10"],
    by: "undo",
  },
  { id: "C27", was: "DROP TABLE of a staging table in use", sql: ["DROP TABLE order_history"], by: "bin" },
  { id: "C28", was: "one record deleted in a page, by the DELETE behind it", sql: ["DELETE FROM customers WHERE id = 7"], by: "undo" },
];

/** Cases in the range that are no SQL. */
export const notCounted: readonly NotCounted[] = [
  { id: "C24", because: "a PUT to an HTTP API that started a job; no statement reached a database" },
];
