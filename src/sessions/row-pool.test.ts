import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SessionId } from "../base/ids.ts";
import { RowPool } from "./row-pool.ts";

const id = (n: number): SessionId => `s_${n}` as SessionId;

test("whatever transactions do within their allowances, together they never change more than the whole", () => {
  const step = fc.record({
    session: fc.integer({ min: 0, max: 4 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    end: fc.boolean(),
    leaves: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000 }), fc.array(step, { maxLength: 60 }), (max, steps) => {
      const pool = new RowPool(max);
      let changed = 0;
      for (const { session, share, end, leaves } of steps) {
        const allowed = pool.allow(id(session));
        assert.equal(pool.allow(id(session)), allowed, "the same until it is over");
        assert(pool.holds(id(session), allowed));
        if (!end) continue;
        const rows = Math.floor(allowed * share);
        changed += rows;
        pool.charge(rows);
        if (leaves) pool.leave(id(session));
        else pool.release(id(session));
        assert(!pool.holds(id(session), allowed));
      }
      assert(changed <= max, `${changed} of ${max}`);
      assert.equal(pool.used, changed);
    }),
  );
});

test("one writer alone gets all that is left, and is not the last to get some", () => {
  const pool = new RowPool(10);
  assert.equal(pool.allow(id(1)), 10);
  assert.equal(pool.allow(id(2)), 0);
  pool.charge(4);
  pool.release(id(1));
  pool.release(id(2));
  assert.equal(pool.allow(id(2)), 3);
  assert.equal(pool.allow(id(1)), 2);
  pool.leave(id(1));
  pool.leave(id(2));
  assert.equal(pool.allow(id(3)), 6);
});
