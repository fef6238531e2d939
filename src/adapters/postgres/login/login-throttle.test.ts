import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../base/limits.ts";
import { LoginThrottle } from "./login-throttle.ts";

function throttle(): { throttle: LoginThrottle; pass(ms: number): void } {
  let now = 0;
  return {
    throttle: new LoginThrottle({ monotonic: () => now }),
    pass(ms) {
      now += ms;
    },
  };
}

test("the first wrong passwords are answered at once, then each later than the last, up to the limit", () => {
  const { throttle: one } = throttle();
  const waits = Array.from({ length: limits.loginFailuresFree + 12 }, () => one.failed("agent"));
  assert.deepEqual(waits.slice(0, limits.loginFailuresFree + 3), [...Array<number>(limits.loginFailuresFree).fill(0), 100, 200, 400]);
  assert.equal(waits.at(-1), limits.loginDelayMsMax);
  assert.equal(one.failed("another"), 0, "another name has its own");
});

test("what is long ago is forgotten", () => {
  const { throttle: one, pass } = throttle();
  for (let n = 0; n < limits.loginFailuresFree + 2; n++) one.failed("agent");
  pass(limits.loginFailuresRememberedMs + 1);
  assert.equal(one.failed("agent"), 0);
});

test("only so many answers wait at a time, and the names beyond the limit share one count", () => {
  const { throttle: one } = throttle();
  for (let n = 0; n < limits.loginAnswersHeldMax; n++) {
    assert.ok(!one.crowded("agent"));
    one.failed("agent");
  }
  assert.ok(one.crowded("agent") && !one.crowded("another"));
  one.answered("agent");
  assert.ok(!one.crowded("agent"));
  for (let n = 0; n < limits.loginNamesMax; n++) one.failed(`name ${n}`);
  for (let n = 0; n < limits.loginFailuresFree; n++) one.failed(`beyond ${n}`);
  assert.ok(one.failed("beyond them all") > 0);
});
