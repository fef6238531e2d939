/**
 * The agent's day as data: what it tries, statement by statement, and which of it must pass and which be refused.
 * It does not run anything.
 */

export interface Scene {
  readonly title: string;
  /** Sent one after the other as simple queries, as the tool does. The first refused one ends the scene, as it would end the tool. */
  readonly statements: readonly string[];
}

/** Everyday work under `guarded-writes`. */
export const everyday: readonly Scene[] = [
  { title: "looks at open orders", statements: ["SELECT id, name, total_cents FROM open_orders ORDER BY placed_at LIMIT 5"] },
  {
    title: "reports revenue",
    statements: [
      "SELECT o.status, sum(i.quantity * i.price_cents) AS cents FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.status",
    ],
  },
  { title: "marks one order as shipped", statements: ["UPDATE orders SET status = 'shipped' WHERE id = 1205"] },
];

/** Each of these destroys something when it reaches the server; the demo shows it on a copy. */
export const badDay: readonly Scene[] = [
  { title: "drops a table", statements: ["DROP TABLE orders CASCADE"] },
  { title: "truncates", statements: ["TRUNCATE customers CASCADE"] },
  { title: "deletes everything", statements: ["DELETE FROM customers"] },
  { title: "deletes with a WHERE that means nothing", statements: ["DELETE FROM customers WHERE id = id"] },
  { title: "hides it in a CTE", statements: ["WITH stale AS (DELETE FROM order_items RETURNING 1) SELECT count(*) FROM stale"] },
  { title: "hides it in DO", statements: ["DO $$ BEGIN EXECUTE 'DELETE FROM ' || 'order_history'; END $$"] },
  { title: "hides it in a function", statements: ["SELECT archive_orders()"] },
  { title: "steps out of its transaction", statements: ["BEGIN", "COMMIT; DROP SCHEMA public CASCADE"] },
  // A WHERE that says something about each row, and means all of them: only the server's own count tells.
  { title: "deletes with a WHERE that fits every row", statements: ["DELETE FROM order_items WHERE quantity > 0"] },
  // What the schema engine of Prisma sends for a reset when it may not drop the database.
  {
    title: "runs `prisma migrate reset`",
    statements: ["SELECT pg_advisory_lock(72707369)", 'DROP SCHEMA "public" CASCADE', 'CREATE SCHEMA "public"'],
  },
];

/** What the agent is held with and a person decides about; each has orders, items and a history that go with it. */
export const questions = {
  denied: "DELETE FROM customers WHERE id BETWEEN 41 AND 60",
  approved: "DELETE FROM customers WHERE id BETWEEN 1181 AND 1200",
} as const;

/** What the clerk does in staging, and what a person takes back. */
export const takenBack: Readonly<Record<"update" | "drop", Scene>> = {
  update: {
    title: "cancels orders by mistake",
    statements: ["UPDATE orders SET status = 'cancelled' WHERE id BETWEEN 1301 AND 1340 AND status <> 'cancelled'"],
  },
  drop: { title: "drops a table that others need", statements: ["DROP TABLE orders CASCADE"] },
};
