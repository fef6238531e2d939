import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemRandom } from "../../base/ids.ts";
import { CancelRegistry } from "./cancel.ts";

function registry() {
  const cancelled: string[] = [];
  const keys = new CancelRegistry(systemRandom);
  const session = (name: string, process: number, minor: 0 | 2 = 0) => keys.register(process, minor, () => void cancelled.push(name));
  return { keys, cancelled, session };
}

describe("cancel keys", () => {
  test("reach the session whose secret they carry, and no other", () => {
    const { keys, cancelled, session } = registry();
    const one = session("one", 1);
    const two = session("two", 2);
    assert.equal(keys.request(1, two.secret), false);
    assert.equal(keys.request(2, one.secret), false);
    assert.equal(keys.request(3, one.secret), false);
    assert.equal(keys.request(1, one.secret), true);
    assert.deepEqual(cancelled, ["one"]);
  });

  test("are 4 bytes in protocol 3.0 and 32 in 3.2, and fit whole", () => {
    const { keys, cancelled, session } = registry();
    const short = session("short", 1, 0);
    const long = session("long", 2, 2);
    assert.deepEqual([short.secret.length, long.secret.length], [4, 32]);
    assert.equal(keys.request(2, long.secret.subarray(0, 4)), false);
    assert.equal(keys.request(1, Buffer.concat([short.secret, Buffer.alloc(28)])), false);
    assert.equal(keys.request(2, new Uint8Array(0)), false);
    assert.equal(keys.request(2, long.secret), true);
    assert.deepEqual(cancelled, ["long"]);
  });

  test("of sessions that share a process id behind a pooler are told apart", () => {
    const { keys, cancelled, session } = registry();
    const old = session("old", 7, 2);
    const young = session("young", 7, 2);
    keys.request(7, young.secret);
    old.withdraw();
    assert.equal(keys.request(7, old.secret), false);
    keys.request(7, young.secret);
    young.withdraw();
    young.withdraw();
    assert.equal(keys.request(7, young.secret), false);
    assert.deepEqual(cancelled, ["young", "young"]);
  });
});
