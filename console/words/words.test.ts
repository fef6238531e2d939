import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { AuditLine } from "../../src/control/contract.ts";
import { eventsIn } from "../api/stream.ts";
import { shareWords, span, timesWords, tooFast } from "./attention.ts";
import { tokensOf } from "./highlight.ts";
import { bytes, share } from "./numbers.ts";
import { type Measurement, type Plan, plainText, sentenceOf } from "./sentence.ts";
import { timelineOf } from "./timeline.ts";
import { ago, countdown, duration } from "./times.ts";
import { visibleRuns, visibleText } from "./visible.ts";

describe("a share", () => {
  const cases: readonly (readonly [number, number | null, string | null])[] = [
    [0, 10, "0 %"],
    [10, 10, "100 %"],
    [1, 1_000_000, "under 0.1 %"],
    [999_999, 1_000_000, "over 99.9 %"],
    [29, 1_000, "2.9 %"],
    [995, 1_000, "99.5 %"],
    [500, 1_000, "50 %"],
    [5, null, null],
    [5, 0, null],
    [11, 10, null],
  ];
  for (const [part, of, expected] of cases) test(`${part} of ${of}: ${expected}`, () => assert.equal(share(part, of), expected));

  test("is never nothing of something, nor everything of less", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1e12 }), fc.integer({ min: 1, max: 1e12 }), (of, part) => {
        fc.pre(part < of);
        assert.notEqual(share(part, of), "0 %");
        assert.doesNotMatch(share(part, of) ?? "", /^(0\.0|100(\.0)?) %$/);
      }),
    );
  });
});

describe("text of others", () => {
  test("is shown whole, in order, with what cannot be seen as marks", () => {
    assert.equal(visibleText("a\u202eb\u0000c\u200b"), "aU+202EbU+0000cU+200B");
    assert.deepEqual(visibleRuns("a\nb\t", true), [{ kind: "text", text: "a\nb\t" }]);
    assert.equal(visibleText("a\nb\t"), "a⏎b⇥");
    assert.equal(visibleText("naïve 日本語 👍 ⟨x⟩"), "naïve 日本語 👍 ⟨x⟩");
    assert.equal(visibleText("\u{e0041}\ud800"), "U+E0041U+D800");
    assert.equal(visibleText("a\u3164\u2800\ufe0f\u034fb"), "aU+3164U+2800U+FE0FU+034Fb");
    assert.equal(visibleText("e\u0301\u0302\u0303\u0304"), "e\u0301\u0302\u0303U+0304");
  });

  test("loses nothing to colours: the pieces put together are the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) =>
        assert.equal(
          tokensOf(text)
            .map((token) => token.text)
            .join(""),
          text,
        ),
      ),
    );
    for (const text of ["SELECT 'it''s' /* open", '-- a\nDELETE FROM "t" WHERE $$x$$ = 1.5', "'unfinished", "$a$ b $a$ $c$"])
      assert.equal(
        tokensOf(text)
          .map((token) => token.text)
          .join(""),
        text,
      );
  });

  test("is coloured by kind, and what takes something away is graver", () => {
    const kinds = tokensOf("DELETE FROM t WHERE a = 'x' -- 7").filter(({ kind }) => kind !== "plain");
    assert.deepEqual(
      kinds.map(({ kind, text }) => `${kind} ${text}`),
      ["grave DELETE", "word FROM", "word WHERE", "text 'x'", "comment -- 7"],
    );
  });
});

describe("what a plan would do", () => {
  const none = { inserted: 0, updated: 0, deleted: 0 };
  const table = (name: string, more: Partial<Measurement["tables"][number]>): Measurement["tables"][number] => ({
    ...{ table: name, direct: none, following: none, rowsBefore: null, bytes: null, samples: [] },
    ...more,
  });
  const said = (measured: Partial<Measurement> | null, effects: Plan["effects"] = []): string => {
    const whole =
      measured === null ? null : { tables: [], objects: [], locks: [], parts: [], elapsedMs: 1, on: "target" as const, ...measured };
    return plainText(sentenceOf({ measured: whole, effects } as unknown as Plan));
  };

  test("says counts, shares, and what goes along", () => {
    const orders = table("orders", { direct: { ...none, deleted: 12 }, rowsBefore: 400 });
    const items = table("items", { following: { ...none, deleted: 30 } });
    const notes = table("notes", { following: { ...none, updated: 2 } });
    assert.equal(said({ tables: [orders] }), "Delete 12 of 400 rows (3.0 %) of orders");
    assert.equal(said({ tables: [orders, items] }), "Delete 12 of 400 rows (3.0 %) of orders, and 30 rows of items deleted with it");
    assert.equal(
      said({ tables: [orders, items, notes] }),
      "Delete 12 of 400 rows (3.0 %) of orders, and 32 rows of 2 tables deleted or changed with it",
    );
  });

  test("says everything, nearly everything and an unknown whole as what they are", () => {
    const gone = (deleted: number, rowsBefore: number | null) =>
      said({ tables: [table("t", { direct: { ...none, deleted }, rowsBefore })] });
    assert.equal(gone(400, 400), "Delete all 400 rows of t");
    assert.equal(gone(1, 1), "Delete the only row of t");
    assert.equal(gone(399, 400), "Delete 399 of 400 rows (all but 1) of t");
    assert.equal(gone(5, null), "Delete 5 rows of t");
  });

  test("says the gravest first, and counts what is beyond three", () => {
    const tables = [
      table("a", { direct: { inserted: 1, updated: 2, deleted: 0 } }),
      table("b", { direct: { ...none, deleted: 3 } }),
      table("c", { direct: { ...none, updated: 9 } }),
    ];
    assert.equal(said({ tables }), "Delete 3 rows of b, change 9 rows of c, change 2 rows of a and do 1 more thing");
    const objects = [
      { type: "table", name: "x", change: "dropped" as const },
      { type: "view", name: "v", change: "dropped" as const, through: "x" },
    ];
    assert.equal(said({ objects }), "Drop the table x and drop 1 more object with it");
  });

  test("says that nothing was measured, and invents no number", () => {
    const effects = [
      {
        operation: "delete",
        resource: { type: "table", name: "t" },
        extent: { kind: "unbounded" },
        reversibility: "unknown",
        cause: "direct",
        detail: "delete",
      },
    ] as const;
    assert.equal(said(null, effects), "Delete all of the table t: how much of it, nobody has measured");
    assert.equal(said(null), "Do something that was not understood: how much of it, nobody has measured");
    assert.equal(said({}), "Change no rows and no objects, as far as was measured");
  });
});

describe("times and sizes", () => {
  test("are told in the unit that fits", () => {
    assert.deepEqual([countdown(581_000), countdown(-5), countdown(3_723_000), countdown(1)], ["9:41", "0:00", "1:02:03", "0:01"]);
    assert.deepEqual(
      [duration(214), duration(59_000), duration(3_600_000), duration(864e5 * 3)],
      ["214 ms", "59 s", "1 h 0 min", "3 days"],
    );
    assert.deepEqual([ago(0, 500), ago(0, 61_000)], ["just now", "1 min ago"]);
    assert.deepEqual([bytes(12), bytes(4_200_000), bytes(250_000)], ["12 B", "4.2 MB", "250 kB"]);
  });
});

describe("the server's events", () => {
  test("are read whole however they are cut, and comments carry nothing", () => {
    const stream = 'retry: 1000\n\nevent: approval\ndata: {"a":\ndata: 1}\n\n: here\n\nevent: audit\r\ndata: x\r\n\r\nevent: half\ndata: y';
    const { events, rest } = eventsIn(stream);
    assert.deepEqual(events, [
      { name: "approval", data: '{"a":\n1}' },
      { name: "audit", data: "x" },
    ]);
    assert.equal(rest, "event: half\ndata: y");
  });
});

describe("a timeline", () => {
  const record = (index: number, event: unknown): AuditLine => ({ index, atMs: index, line: `line ${index}`, event }) as AuditLine;

  test("puts intent, judgement and outcome together, newest first, and leaves the rest as lines", () => {
    const entries = timelineOf(
      [
        record(5, { kind: "outcome", action: "s_1.2", outcome: { status: "failed", code: "23503", measured: { elapsedMs: 1 } } }),
        record(4, { kind: "intent", action: "s_1.2", judgement: "j2", decision: "allow", code: "permitted" }),
        record(3, { kind: "outcome", action: "s_1.0", outcome: { status: "succeeded", measured: { elapsedMs: 1, rowsChanged: 1 } } }),
        record(2, { kind: "intent", action: "s_1.1", judgement: "j1", decision: "hold", code: "approval_required" }),
        record(1, { kind: "judgement", judgement: "j1", text: "DROP TABLE t" }),
        record(0, { kind: "session_opened", session: "s_1" }),
      ],
      [{ kind: "judgement", judgement: "j2", text: "DELETE FROM t" } as AuditLine["event"]],
    );
    assert.deepEqual(
      entries.map((entry) => (entry.kind === "act" ? `${entry.decision} ${entry.judged?.text} ${entry.outcome ?? ""}`.trim() : entry.line)),
      ["allow DELETE FROM t failed at the server (23503)", "line 3", "hold DROP TABLE t", "line 0"],
    );
  });
});

describe("figures of attention", () => {
  test("are told as they were measured, and nothing where there is none", () => {
    assert.deepEqual([span(1_900), span(90_000), span(5_400_000)], ["1.9 s", "1.5 min", "1.5 h"]);
    assert.equal(timesWords(null), "–");
    assert.equal(timesWords({ medianMs: 2_000, p90Ms: 60_000 }), "2 s (nine of ten within 1 min)");
    assert.deepEqual([shareWords({ count: 0, of: 0 }), shareWords({ count: 1, of: 3 })], ["–", "1 of 3 (33 %)"]);
  });

  test("warn of answers that came too fast, once there are enough to say so", () => {
    const warned = [
      [4, 4],
      [2, 5],
      [3, 5],
      [3, 6],
      [0, 0],
    ].map(([count = 0, of = 0]) => tooFast({ count, of }));
    assert.deepEqual(warned, [false, false, true, true, false]);
  });
});
