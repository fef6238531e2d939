import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { globFits } from "./match.ts";

test("globs: `*` crosses dots, all else stands for itself", () => {
  const fits: readonly [string, string, boolean][] = [
    ["public.orders", "public.orders", true],
    ["public.orders", "public.Orders", false],
    ["public.*", "public.orders", true],
    ["public.*", "public.a.b", true],
    ["public.*", "publicx.orders", false],
    ["*.audit_*", "shop.audit_log", true],
    ["*.audit_*", "audit_log", false],
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["a*b*c", "a.b.b.c", true],
    ["a*b*c", "a.b.b.d", false],
    ["a?c", "abc", false],
    ["a.c", "abc", false],
  ];
  for (const [pattern, value, expected] of fits) assert.equal(globFits(pattern, value), expected, `${pattern} ~ ${value}`);
});

test("globs agree with a regular expression of the same meaning", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 8 });
  const name = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 10 });
  fc.assert(
    fc.property(word, name, (pattern, value) => {
      const regex = new RegExp(`^${pattern.replaceAll(".", "[.]").replace(/\*+/g, ".*")}$`, "s");
      assert.equal(globFits(pattern, value), regex.test(value));
    }),
    { numRuns: 2000 },
  );
});

test("globs stay quick on hostile names", () => {
  // 100,000 characters under a backtracking reading of this pattern would not end in the life of the test run.
  assert.equal(globFits(`${"*a".repeat(20)}*b`, "a".repeat(100_000)), false);
});
