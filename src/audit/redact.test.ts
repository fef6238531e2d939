import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import type { ActionId } from "../base/ids.ts";
import type { AuditEvent } from "../model/event.ts";
import { eventFields } from "./record.ts";
import { hasNoLiteral } from "./no-literal.ts";
import { bounded, maskLiterals, maskSecrets, redactEvent } from "./redact.ts";

/** A planted value: letters that appear nowhere else, so that finding them anywhere is a leak. */
const planted = fc.stringMatching(/^[qzjxQZJX]{9,20}$/);
const quoteSql = (value: string): string => `'${value.replaceAll("'", "''")}'`;

function judgement(text: string, because: string): AuditEvent {
  return {
    kind: "judgement",
    judgement: "j_1",
    textDigest: "d",
    text,
    cut: false,
    decision: "deny",
    code: "destructive",
    rules: ["r"],
    policyDigest: "p",
    role: "app",
    searchPath: ["public"],
    catalogueVersion: 1,
    effects: [
      {
        operation: "delete",
        resource: { type: "table", name: "public.orders" },
        extent: { kind: "unbounded" },
        reversibility: "irreversible",
        cause: "direct",
        detail: "delete",
        because,
      },
    ],
  };
}

test("redaction_is_total: no literal planted in a statement text, parameter or error survives", () => {
  const inSql = fc.tuple(
    planted,
    fc.constantFrom(
      (v: string) => `SELECT * FROM t WHERE a = ${quoteSql(v)}`,
      (v: string) => `SELECT E'\\'${v}'`,
      (v: string) => `SELECT 'ends\\', '${v}'`,
      (v: string) => `SELECT e'a\\\\', '${v}'`,
      (v: string) => `SELECT /* a /* b */ ${v} */ 1`,
      (v: string) => `SELECT $tag$${v}$tag$, $$${v}$$`,
      (v: string) => `SELECT 1 -- ${v}`,
      (v: string) => `SELECT /* ${v} */ 1`,
      (v: string) => `SELECT 'it''s ${v}'`,
      (v: string) => `SELECT 'unfinished ${v}`,
      (v: string) => `SELECT U&'${v}', B'0', x'${v}'`,
      (v: string) => `SELECT $q$ unfinished ${v}`,
      (v: string) => `COPY t FROM 'a' /* ${v}`,
      (v: string) => `SELECT N'${v}'`,
      (v: string) => `SELECT $ü$ ${v} $ü$`,
      (v: string) => `ALTER ROLE x PASSWORD '${v}'`,
      (v: string) => `SELECT 'a'\n'${v}'`,
      (v: string) => `SELECT "col'umn", '${v}'`,
    ),
  );
  const inMessage = fc.tuple(
    planted,
    fc.constantFrom(
      (v: string) => `invalid input syntax for type integer: "${v}"`,
      (v: string) => `duplicate key: Key (email)=(${v}) already exists`,
      (v: string) => `value '${v}' is out of range`,
      (v: string) => `not a port: \`${v}\``,
      (v: string) => `connection to postgres://app:${v}@db/x failed`,
      (v: string) => `Failing row contains (…): Key (a, b)=(1, f(${v}))`,
      (v: string) => `password=${v} host=db`,
      (v: string) => `bad header: Authorization: Bearer ${v}`,
      (v: string) => `unfinished "${v}`,
    ),
  );
  fc.assert(
    fc.property(inSql, inMessage, ([sqlValue, sql], [value, message]) => {
      const events: AuditEvent[] = [
        judgement(sql(sqlValue), message(value)),
        { kind: "login_refused", user: "agent", peer: "127.0.0.1:1", because: message(value) },
        { kind: "outcome", action: "s_1.1" as ActionId, outcome: { status: "unknown", because: message(value) } },
        { kind: "stopped", because: message(value) },
        { kind: "intent", action: "s_1.1" as ActionId, judgement: "j_1", decision: "allow", code: "permitted" },
      ];
      for (const event of events) {
        const stored = eventFields(event);
        assert.ok(!stored.includes(value) && !stored.includes(sqlValue), stored);
        assert.doesNotThrow(() => JSON.parse(`{${stored}`));
      }
    }),
    { numRuns: 500 },
  );
});

test("unclassified_means_secret: a field nobody classified is replaced, at every depth", () => {
  const stray = {
    kind: "outcome",
    action: "s_1.1",
    outcome: { status: "failed", code: "23505", measured: { elapsedMs: 1 }, row: { card: "planted" } },
    extra: "planted",
    list: ["planted"],
  };
  const stored = JSON.stringify(redactEvent(stray as unknown as AuditEvent));
  assert.ok(!stored.includes("planted"), stored);
  assert.equal((JSON.parse(stored) as { extra: string }).extra, "[redacted]");
});

test("identifiers, parameters and keywords of a statement stay readable", () => {
  assert.equal(
    maskLiterals("SELECT t1.a, \"B 2\" FROM s.t1 WHERE id = $1 AND n > 12.5e3 AND x = 'y'"),
    'SELECT t1.a, "B 2" FROM s.t1 WHERE id = $1 AND n > ? AND x = ?',
  );
});

test("what the analysis has redacted stays as it is, and nothing else is taken for that", () => {
  for (const text of ["SELECT a1, b.c_2 FROM t WHERE x = $1 AND y<>$12-z/a2", "count(*)", "a-b", "$1,$2", ""])
    assert(hasNoLiteral(text), text);
  const values = [
    "1",
    ".5",
    "a 1",
    "-1",
    "$a$x$a$",
    "$$x$$",
    "$1$x$1$",
    "a$1",
    "$1a",
    "'x'",
    '"x',
    "--x",
    "a--x",
    "/*x*/",
    "a/*x",
    "é",
    "$",
    "x=1",
  ];
  for (const text of values) assert.equal(hasNoLiteral(text), false, text);
  const pieces = fc.array(fc.constantFrom("a", "1", "$1", "$", " ", ".", "-", "/", "*", "=", "'", '"', "é", "_", "e"), { maxLength: 8 });
  fc.assert(fc.property(pieces, (some) => !hasNoLiteral(some.join("")) || maskLiterals(` '' ${some.join("")}`) === ` ? ${some.join("")}`));
});

test("tokens of known shapes and connection passwords are masked wherever they stand", () => {
  // Put together here, so that no scanner takes this file for a leak.
  const shapes = [
    ["ghp", "_", "a".repeat(36)],
    ["AK", "IA", "ABCDEFGHIJKLMNOP"],
    ["sk", "-", "b".repeat(40)],
    ["ey", "J", "hbGciOiJIUzI1NiJ9.e30.c2ln"],
    ["md", "5", "0".repeat(32)],
  ];
  for (const parts of shapes) {
    const token = parts.join("");
    assert.ok(!maskSecrets(`client ${token} says hello`).includes(token), parts[0]);
  }
  assert.equal(maskSecrets("postgres://app:pw@ss@db:5432/x"), "postgres://app:[redacted]@db:5432/x");
  assert.equal(maskSecrets("password authentication failed, password 'abc'"), "password authentication failed, password [redacted]");
  assert.equal(maskSecrets("psql of the nightly job"), "psql of the nightly job");
});

test("control characters are shown, text is bounded, and a record never passes its limit", () => {
  assert.equal(bounded("a\u0000b\u001b[31m\u202ec\ud800", 100), "a\\u0000b\\u001b[31m\\u202ec\ufffd");
  assert.equal(bounded("x".repeat(50), 10).length, 10);
  const wide = judgement(`SELECT ${"\u0001é".repeat(400_000)}`, "x".repeat(10_000)) as Extract<AuditEvent, { kind: "judgement" }>;
  const event = {
    ...wide,
    effects: Array.from({ length: 5000 }, () => wide.effects[0] as (typeof wide.effects)[number]),
    searchPath: Array.from({ length: 5000 }, () => "é".repeat(3000)),
  };
  const stored = Buffer.byteLength(eventFields(event));
  assert.ok(stored <= limits.auditRecordBytesMax, `${stored} bytes`);
  assert.equal((JSON.parse(`{${eventFields(event)}`) as { cut: boolean }).cut, true);
});
