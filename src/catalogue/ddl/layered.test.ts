/** A map in layers answers as one map does, whatever was set, deleted and forked; and what was forked from does not change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Layered } from "./layered.ts";

interface Side {
  readonly layered: Layered<number, number>;
  readonly plain: Map<number, number>;
}

const key = fc.integer({ min: 0, max: 60 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("set" as const), key, value: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("fork" as const) }) },
);

function demandSame({ layered, plain }: Side): void {
  for (let at = 0; at <= 60; at += 1) assert.equal(layered.get(at), plain.get(at));
  assert.deepEqual(layered.values().toSorted(), [...plain.values()].toSorted());
}

test("a layered map is a map", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat())), fc.array(step, { maxLength: 400 }), (first, steps) => {
      let now: Side = { layered: new Layered(undefined, new Map(first)), plain: new Map(first) };
      const left: Side[] = [];
      for (const one of steps) {
        if (one.kind === "set") {
          now.layered.set(one.key, one.value);
          now.plain.set(one.key, one.value);
        } else if (one.kind === "delete") {
          now.layered.delete(one.key);
          now.plain.delete(one.key);
        } else {
          left.push(now);
          now = { layered: now.layered.fork(), plain: new Map(now.plain) };
        }
      }
      for (const side of [...left, now]) demandSame(side);
    }),
    { numRuns: 200 },
  );
});

test("thousands of layers do not become a tower", () => {
  let layered = new Layered<number, number>(undefined, new Map([[0, 0]]));
  const plain = new Map([[0, 0]]);
  for (let at = 1; at <= 20_000; at += 1) {
    layered = layered.fork();
    layered.set(at, at);
    plain.set(at, at);
  }
  assert.equal(layered.values().length, plain.size);
  for (const at of [0, 1, 127, 128, 129, 5_000, 20_000]) assert.equal(layered.get(at), at);
});
