import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemRandom } from "../../base/ids.ts";
import { CancelRegistry } from "./cancel.ts";

function registry() {
  const cancelled: string[] = [];
  const keys = new CancelRegistry(systemRandom);
  const session = (name: string, process: number, minor: 0 | 2 = 0) =>
    keys.register(process, minor, (signalled) => {
      cancelled.push(name);
      signalled();
    });
  const request = (process: number, secret: Uint8Array): boolean => {
    let over = 0;
    const found = keys.request(process, secret, () => (over += 1));
    assert.equal(over, 1, "whoever asks is told once when it is over");
    return found;
  };
  return { request, cancelled, session };
}

describe("cancel keys", () => {
  test("reach the session whose secret they carry, and no other", () => {
    const { request, cancelled, session } = registry();
    const one = session("one", 1);
    const two = session("two", 2);
    assert.equal(request(1, two.secret), false);
    assert.equal(request(2, one.secret), false);
    assert.equal(request(3, one.secret), false);
    assert.equal(request(1, one.secret), true);
    assert.deepEqual(cancelled, ["one"]);
  });

  test("are 4 bytes in protocol 3.0 and 32 in 3.2, and fit whole", () => {
    const { request, cancelled, session } = registry();
    const short = session("short", 1, 0);
    const long = session("long", 2, 2);
    assert.deepEqual([short.secret.length, long.secret.length], [4, 32]);
    assert.equal(request(2, long.secret.subarray(0, 4)), false);
    assert.equal(request(1, Buffer.concat([short.secret, Buffer.alloc(28)])), false);
    assert.equal(request(2, new Uint8Array(0)), false);
    assert.equal(request(2, long.secret), true);
    assert.deepEqual(cancelled, ["long"]);
  });

  test("of sessions that share a process id behind a pooler are told apart", () => {
    const { request, cancelled, session } = registry();
    const old = session("old", 7, 2);
    const young = session("young", 7, 2);
    request(7, young.secret);
    old.withdraw();
    assert.equal(request(7, old.secret), false);
    request(7, young.secret);
    young.withdraw();
    young.withdraw();
    assert.equal(request(7, young.secret), false);
    assert.deepEqual(cancelled, ["young", "young"]);
  });
});
