/** Redaction: no literal and no comment survives, whatever its quoting. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { redact } from "./redact.ts";

function check(input: string, expected: string): void {
  assert.equal(redact(input), expected);
  assert.equal(redact(redact(input)), redact(input), "redacting again changes nothing");
}

test("literals of every quoting become marks", () => {
  check("SELECT 'a', E'b\\'c', $$d$$, $t$e$$f$t$, B'1', x'ff', N'g', U&'h' FROM t", "SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM t");
  check("SELECT 1, 2.5, .5, 1e10, 0xff, 1_000", "SELECT $1, $2, $3, $4, $5, $6");
  check("SELECT 'it''s'", "SELECT $1");
  check("SELECT 'a'\n  'b'", "SELECT $1");
});
test("marks count on from the text's own parameters", () => check("SELECT $2, 'x'", "SELECT $2, $3"));
test("what looks like a literal and is none stays", () => {
  check("SELECT a$1, b.c, $ab, t.*, a-1, a/2, e, U&x", "SELECT a$1, b.c, $ab, t.*, a-$2, a/$3, e, U&x");
  check("SELECT é1, 'é'", "SELECT é1, $1");
  check("SELECT 'a' -- b\n'c'", "SELECT $1");
  check("SELECT $1 'a'\r\n'b' 'c'", "SELECT $1 $2 $3");
});
test("comments go", () => check("SELECT /* secret /* nested */ */ 1 -- secret\n, 2", "SELECT $1 , $2"));
test("names stay, quoted or with digits", () => check('SELECT a1, "b\'c", U&"d" FROM t2', 'SELECT a1, "b\'c", U&"d" FROM t2'));
test("an unfinished literal goes to the end", () => check("SELECT 'abc def", "SELECT $1"));

test("redaction_is_total: a secret in any quoting never survives", () => {
  const quotings = [
    (s: string) => `'${s}'`,
    (s: string) => `E'${s}'`,
    (s: string) => `$q$${s}$q$`,
    (s: string) => `/* ${s} */ 1`,
    (s: string) => `-- ${s}\n1`,
    (s: string) => `U&'${s}'`,
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...quotings),
      fc.stringMatching(/^[a-z]{12}$/),
      fc.constantFrom("SELECT ", "INSERT INTO t VALUES (1, ", "SELECT a+", "CALL p("),
      (quoting, secret, lead) => {
        assert.ok(!redact(`${lead}${quoting(secret)}`).includes(secret));
      },
    ),
  );
});
