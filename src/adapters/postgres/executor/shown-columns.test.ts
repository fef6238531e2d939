import { test } from "node:test";
import assert from "node:assert/strict";
import { columnsShown, rowShown } from "./shown-columns.ts";

const columns = [
  { name: "id", key: true },
  { name: "total", key: false },
  { name: "email", key: false },
];
const shown = (open: readonly string[], secret: readonly string[], table = "public.orders") =>
  columnsShown(table, columns, { public: open, secret }).map(({ name }) => name);

test("unclassified is masked, a plain key is shown, and secret wins over both", () => {
  assert.deepEqual(shown([], []), ["id"]);
  assert.deepEqual(shown(["public.orders.total"], []), ["id", "total"]);
  assert.deepEqual(shown(["public.orders.*"], ["public.orders.email"]), ["id", "total", "email"].slice(0, 2));
  assert.deepEqual(shown(["public.orders.*"], ["public.orders.*"]), []);
  assert.deepEqual(shown(["public.orders.total"], ["public.orders.id"]), ["total"]);
  assert.deepEqual(shown(["public.Orders 2.total"], [], 'public."Orders 2"'), ["id", "total"]);
});

test("a masked value is masked whether it is there or not, and a long one is cut", () => {
  const open = columnsShown("public.orders", columns, { public: ["public.orders.total"], secret: [] });
  assert.deepEqual(rowShown(columns, open, ["7", null]), { id: "7", total: null, email: "***" });
  assert.equal(rowShown(columns, open, ["7", "x".repeat(500)])["total"]?.length, 201);
});
