/** How much one login may have at once: refused by name at the limit, let in again when something is over, and never at another's cost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Crowd } from "./crowd.ts";

test("one more than permitted is refused, and another login is not", () => {
  const crowd = new Crowd({ connections: 2, requests: 2 });
  assert.deepEqual([crowd.enter("a"), crowd.enter("a")], [undefined, undefined]);
  const reason = crowd.enter("a");
  assert.equal(reason?.code, "too_many_at_once");
  assert(/2 requests at once, 2 are permitted/.test(reason.message) && /per_login\.requests/.test(reason.next ?? ""));
  assert.equal(crowd.enter("b"), undefined);
  crowd.leave("a");
  assert.equal(crowd.enter("a"), undefined);
  assert.notEqual(crowd.enter("a"), undefined);
});

test("all over, all free", () => {
  const crowd = new Crowd({ connections: 1, requests: 1 });
  for (let turn = 0; turn < 3; turn++) {
    assert.equal(crowd.enter("a"), undefined);
    crowd.leave("a");
  }
  crowd.leave("a");
  assert.equal(crowd.enter("a"), undefined);
  assert.notEqual(crowd.enter("a"), undefined);
});

test("connections are counted by whoever has them", () => {
  const crowd = new Crowd({ connections: 2, requests: 1 });
  assert.equal(crowd.connecting(1), undefined);
  assert.equal(crowd.connecting(2)?.code, "too_many_at_once");
});
