import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ActionId, SessionId } from "../base/ids.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Measured, TableCount } from "../model/outcome.ts";
import { LineWriter } from "./line-writer.ts";
import { eventFields, parseRecord, recordLine } from "./record.ts";

const id = fc.oneof(
  fc.nat(1_000_000).map((n) => `s_0123456789abcdef.${n}`),
  fc.constantFrom("", 'a"b', "a\\b", "ä", "a\nb", "a\ud800", "x".repeat(300)),
);
const figure = fc.oneof(fc.nat(), fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31, 2 ** 53 - 1, 2 ** 53, -1, 0.5, Number.NaN));
const elapsed = fc.oneof(
  fc.double({ min: 0, max: 1e6, noNaN: true }),
  fc.constantFrom(
    0,
    0.0004,
    0.0005,
    0.001,
    0.01,
    0.1,
    1,
    1.1,
    1.01,
    1.001,
    1.0999999,
    999.9995,
    1e14,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ),
);
const transaction = fc.option(fc.bigInt({ min: 3n, max: 2n ** 63n }).map(String), { nil: undefined });
const tables = fc.option(
  fc.array(
    fc
      .record({
        table: fc.constantFrom(
          "public.t",
          "public.orders",
          'public."a b"',
          "x.md50123456789abcdef0123456789abcdef",
          "a.AKIAABCDEFGHIJKLMNOP",
          "",
        ),
        inserted: figure,
        updated: fc.nat(),
      })
      .map(({ table, inserted, updated }) => ({ table, inserted, updated, deleted: 0, truncated: 0 })),
    { maxLength: 3 },
  ),
  { nil: undefined },
);
const events: fc.Arbitrary<AuditEvent> = fc.oneof(
  fc.record({ action: id, judgement: id, digest: fc.option(id, { nil: undefined }) }).map(
    ({ action, judgement, digest }): AuditEvent => ({
      kind: "intent",
      action: action as ActionId,
      judgement,
      decision: "allow",
      code: "permitted",
      ...(digest === undefined ? {} : { textDigest: digest }),
    }),
  ),
  fc
    .record({ one: fc.boolean(), action: id, figures: fc.array(figure, { minLength: 0, maxLength: 3 }), elapsed, tables, transaction })
    .map(({ one, action, figures, elapsed: elapsedMs, tables, transaction }): AuditEvent => {
      const [rowsChanged, rowsReturned, bytesReturned] = figures;
      const known = { ...(rowsChanged === undefined ? {} : { rowsChanged }), ...(rowsReturned === undefined ? {} : { rowsReturned }) };
      const measured = { ...known, ...(bytesReturned === undefined ? {} : { bytesReturned }), elapsedMs, ...counted(tables, transaction) };
      // The session gives all outcomes one shape: what is not known stands there without a value.
      const shaped = { rowsChanged, rowsReturned, bytesReturned, elapsedMs, tables, transaction, answeredBy: undefined };
      return {
        kind: "outcome",
        action: action as ActionId,
        outcome: { status: "succeeded", measured: (one ? shaped : measured) as Measured },
      };
    }),
  fc.record({ session: id, actions: fc.array(id), rowsChanged: fc.nat(), tables, transaction }).map(
    ({ session, actions, rowsChanged, tables, transaction }): AuditEvent => ({
      kind: "transaction_ended",
      session: session as SessionId,
      end: "committed",
      actions: actions as ActionId[],
      rowsChanged,
      ...counted(tables, transaction),
    }),
  ),
  id.map((because): AuditEvent => ({ kind: "stopped", because })),
);

function counted(
  tables: readonly TableCount[] | undefined,
  transaction: string | undefined,
): { tables?: readonly TableCount[]; transaction?: string } {
  return { ...(tables === undefined ? {} : { tables }), ...(transaction === undefined ? {} : { transaction }) };
}

test("lines are the same bytes whichever way they are written", () => {
  const line = fc.record({
    event: events,
    n: fc.nat(),
    time: fc.constantFrom(0, 1_794_000_000_000),
    chain: fc.option(fc.constant("0af9".repeat(8))),
  });
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const writer = new LineWriter();
      for (const { event, n, time, chain } of lines) writer.add(n, time, chain, event);
      const expected = lines.map(({ event, n, time, chain }) => `${recordLine(n, time, chain, eventFields(event))}\n`).join("");
      assert.equal(writer.length, Buffer.byteLength(expected));
      assert.equal(writer.take().toString("utf8"), expected);
      assert.equal(writer.length, 0);
    }),
    { numRuns: 500 },
  );
});

test("a group that was taken is not written over", () => {
  const writer = new LineWriter();
  const event: AuditEvent = { kind: "stopped", because: "x" };
  writer.add(0, 1, null, event);
  const small = writer.take();
  for (let n = 1; n < 5000; n++) writer.add(n, 1, null, event);
  const large = writer.take();
  for (let n = 5000; n < 9000; n++) writer.add(n, 1, null, event);
  assert.equal(parseRecord(small.toString().trimEnd())?.n, 0);
  const lines = large.toString().trimEnd().split("\n");
  assert.deepEqual([lines.length, parseRecord(lines[0] ?? "")?.n, parseRecord(lines.at(-1) ?? "")?.n], [4999, 1, 4999]);
});

test("a field that the fast way does not know is left to the long way", () => {
  const base = { kind: "transaction_ended", session: "s_1", end: "committed", actions: [], rowsChanged: 1 };
  for (const event of [base, { ...base, figure: 7 }] as unknown as AuditEvent[]) {
    const writer = new LineWriter();
    writer.add(0, 1, null, event);
    const stored = JSON.parse(writer.take().toString("utf8")) as Record<string, unknown>;
    assert.deepEqual(Object.keys(stored).sort(), ["n", "t", ...Object.keys(event)].sort());
  }
});

test("a defect in an event adds nothing", () => {
  const writer = new LineWriter();
  const broken = {
    kind: "stopped",
    get because(): string {
      throw new Error("defect");
    },
  } as AuditEvent;
  assert.throws(() => writer.add(0, 1, null, broken));
  assert.equal(writer.length, 0);
});
