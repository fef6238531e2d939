/** The matcher against the plain way of looking: one text after the other, place by place. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ByteMatcher, lookedForBytesMin } from "./matcher.ts";

const few = fc.constantFrom("a", "b", "c");
const text = (minLength: number, maxLength: number) => fc.array(few, { minLength, maxLength }).map((parts) => Buffer.from(parts.join("")));

function placesOf(bytes: Buffer, patterns: readonly Buffer[]): readonly string[] {
  const places = patterns.flatMap((pattern) =>
    Array.from({ length: bytes.length }, (_, at) => at)
      .filter((at) => bytes.subarray(at, at + pattern.length).equals(pattern))
      .map((at) => `${at}+${pattern.length}`),
  );
  return [...new Set(places)].toSorted();
}

function foundBy(matcher: ByteMatcher, bytes: Buffer): readonly string[] {
  const places: string[] = [];
  matcher.each(bytes, (at, length) => places.push(`${at}+${length}`));
  return [...new Set(places)].toSorted();
}

describe("the matcher", () => {
  test("finds what looking place by place finds, of three letters, with overlaps (600 runs)", () => {
    fc.assert(
      fc.property(fc.array(text(lookedForBytesMin, 10), { maxLength: 6 }), text(0, 120), (patterns, bytes) => {
        const matcher = new ByteMatcher(patterns);
        assert.deepEqual(foundBy(matcher, bytes), placesOf(bytes, patterns));
        assert.equal(matcher.holds(bytes), placesOf(bytes, patterns).length > 0);
      }),
      { numRuns: 600 },
    );
  });

  test("finds one that was put into any bytes, at any place (300 runs)", () => {
    const any = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    const pattern = fc.uint8Array({ minLength: lookedForBytesMin, maxLength: 90 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(any, fc.array(pattern, { minLength: 1, maxLength: 40 }), any, fc.nat(39), (before, patterns, after, which) => {
        const planted = patterns[which % patterns.length] ?? Buffer.alloc(0);
        const bytes = Buffer.concat([before, planted, after]);
        assert(foundBy(new ByteMatcher(patterns), bytes).includes(`${before.length}+${planted.length}`));
      }),
      { numRuns: 300 },
    );
  });

  test("says how much of an end may go on to be one, no more and no less (600 runs)", () => {
    fc.assert(
      fc.property(fc.array(text(lookedForBytesMin, 10), { maxLength: 5 }), text(0, 40), (patterns, bytes) => {
        const sizes = patterns.flatMap((pattern) =>
          Array.from({ length: pattern.length }, (_, size) => size).filter(
            (size) => size <= bytes.length && bytes.subarray(bytes.length - size).equals(pattern.subarray(0, size)),
          ),
        );
        assert.equal(new ByteMatcher(patterns).unfinished(bytes), Math.max(0, ...sizes));
      }),
      { numRuns: 600 },
    );
  });

  test("what is too short is not looked for", () => {
    const matcher = new ByteMatcher([Buffer.from("abcde")]);
    assert(matcher.empty && !matcher.holds(Buffer.from("abcdeabcde")));
  });
});
