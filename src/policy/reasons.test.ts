import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonCodes } from "../model/codes.ts";
import type { Effect } from "../model/effect.ts";
import { describe as words } from "./describe.ts";
import { deletion, factsOf } from "../../test/support/policy-parts.ts";
import { type Ground, reasonFor } from "./reasons.ts";

const facts = factsOf();

test("an effect in words", () => {
  const table: readonly [Partial<Effect>, string][] = [
    [{}, "delete every row of `public.orders`"],
    [{ extent: { kind: "exact", count: 1 } }, "delete 1 row of `public.orders`"],
    [{ extent: { kind: "at_most", count: 41203 } }, "delete at most 41,203 rows of `public.orders`"],
    [{ extent: { kind: "unknown" }, cause: "cascade" }, "delete rows of `public.orders` through a foreign key's cascade"],
    [{ detail: "truncate" }, "empty `public.orders`"],
    [{ detail: "drop" }, "drop `public.orders`"],
    [{ detail: "drop", resource: { type: "schema", name: "public" } }, "drop schema `public`"],
    [{ operation: "create", detail: "insert", extent: { kind: "exact", count: 1000 } }, "insert 1,000 rows into `public.orders`"],
    [
      { operation: "read", detail: "file_read", resource: { type: "file", name: "/etc/hostname" } },
      "read file `/etc/hostname` (file read)",
    ],
    [{ operation: "execute", detail: "set_role", resource: { type: "role", name: "postgres" } }, "act as role `postgres`"],
  ];
  for (const [more, expected] of table) assert.equal(words(deletion(more)), expected);
});

test("an unbounded delete: figures, names, a scoped next step", () => {
  assert.deepEqual(reasonFor("deny", [{ effect: deletion(), code: "unbounded_change" }], facts), {
    code: "unbounded_change",
    message: "would delete every row of `public.orders`: nothing in the statement restricts it",
    next: "restrict the WHERE to the rows you mean, for example by key",
  });
});

test("what follows from the statement comes after what it names", () => {
  const grounds: readonly Ground[] = [
    { effect: deletion({ cause: "cascade", resource: { type: "table", name: "public.items" } }), code: "unbounded_change" },
    { effect: deletion(), code: "unbounded_change" },
  ];
  assert.match(
    reasonFor("deny", grounds, facts).message,
    /^would delete every row of `public.orders`, and delete every row of `public.items` through a foreign key's cascade: /,
  );
});

test("many effects are counted, not listed", () => {
  const grounds = Array.from(
    { length: 50 },
    (_, i): Ground => ({ effect: deletion({ resource: { type: "table", name: `public.t${i}` } }), code: "destructive" }),
  );
  const { message } = reasonFor("deny", grounds, facts);
  assert.match(message, /and 46 more: /);
  assert(message.length < 400);
});

test("tables are named before what only serves them", () => {
  const drop = (type: "schema" | "sequence" | "table", name: string): Ground => ({
    effect: deletion({ detail: "drop", resource: { type, name } }),
    code: "destructive",
  });
  const grounds = [drop("schema", "public"), drop("sequence", "public.ids"), drop("table", "public.orders")];
  assert.match(
    reasonFor("deny", grounds, facts).message,
    /^would drop schema `public`, and drop `public\.orders`, drop sequence `public\.ids`: /,
  );
});

test("a hold without approvals says so by its code and its sentence", () => {
  const reason = reasonFor("hold", [{ effect: deletion({ detail: "truncate" }), code: "destructive" }], facts);
  assert.equal(reason.code, "approval_unavailable");
  assert.match(reason.message, /needs a person's approval, and approvals are not set up here$/);
  assert.equal(reasonFor("hold", [{ effect: deletion(), code: "destructive" }], { ...facts, approvals: true }).code, "destructive");
});

test("every code gives a whole sentence in house style", () => {
  for (const code of Object.keys(reasonCodes) as (keyof typeof reasonCodes)[]) {
    const { message, next } = reasonFor("deny", [{ effect: deletion(), code }], facts);
    assert.match(message, /^would .+: .+[^.]$/, code);
    assert(next !== undefined && /^[a-z].*[^.]$/.test(next), code);
  }
});
