/**
 * Narrowed Fly tokens, verified by a reader of MessagePack and a chain of signatures that share nothing with what is tested: as Fly would,
 * with the key that only Fly has. The tokens are synthetic.
 */
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../base/clock.ts";
import { flyMacaroonMinter, type FlyMacaroonOptions } from "./fly-macaroon.ts";
import { listOf, MessagePackError, packedList, packedMap, packedNumber } from "./message-pack.ts";

const key = randomBytes(32);
const hmac = (secret: Buffer, text: Buffer): Buffer => createHmac("sha256", secret).update(text).digest();

/** Written by hand, byte for byte. */
const bin = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0xc4, bytes.length]), bytes]);
const text = (value: string): Buffer => Buffer.concat([Buffer.from([0xd9, value.length]), Buffer.from(value)]);
const array = (...parts: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from([0x90 | parts.length]), ...parts]);

/** An organisation's token, as Fly would issue it: one caveat already, and a demand of a third party. */
function issued(location = "https://api.fly.io/v1", proof = false): Buffer {
  const nonce = array(bin(randomBytes(8)), bin(randomBytes(16)), Buffer.from([proof ? 0xc3 : 0xc2]));
  const organisation = [Buffer.from([0x00]), array(Buffer.from([0xce, 0x00, 0x1b, 0x3e, 0xae]), Buffer.from([0x1f]))];
  const demand = [Buffer.from([0x0b]), array(text("https://api.fly.io/aaa/v1"), bin(randomBytes(60)), bin(randomBytes(40)))];
  let tail = hmac(key, nonce);
  for (const pair of [organisation, demand]) tail = hmac(tail, array(...pair));
  return array(nonce, text(location), array(...organisation, ...demand), bin(tail));
}

type Value = number | string | boolean | Buffer | readonly Value[] | Map<Value, Value>;

/** Reads one value, and says where it ends. */
function read(bytes: Buffer, at: number): [value: Value, end: number] {
  const type = bytes[at] ?? 0;
  const many = (count: number, from: number): [Value[], number] => {
    const values: Value[] = [];
    let next = from;
    for (let i = 0; i < count; i++) {
      const [value, end] = read(bytes, next);
      values.push(value);
      next = end;
    }
    return [values, next];
  };
  if (type < 0x80) return [type, at + 1];
  if ((type & 0xf0) === 0x90) return many(type & 0x0f, at + 1);
  if ((type & 0xf0) === 0x80) {
    const [flat, end] = many(2 * (type & 0x0f), at + 1);
    return [new Map(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0])), end];
  }
  if (type === 0xc2 || type === 0xc3) return [type === 0xc3, at + 1];
  if (type === 0xc4 || type === 0xd9) {
    const end = at + 2 + (bytes[at + 1] ?? 0);
    return [type === 0xc4 ? bytes.subarray(at + 2, end) : bytes.toString("utf8", at + 2, end), end];
  }
  if (type === 0xcc) return [bytes.readUInt8(at + 1), at + 2];
  if (type === 0xcd) return [bytes.readUInt16BE(at + 1), at + 3];
  if (type === 0xce) return [bytes.readUInt32BE(at + 1), at + 5];
  if (type === 0xcf) return [Number(bytes.readBigUInt64BE(at + 1)), at + 9];
  return assert.fail(`a type that is not read: ${type}`);
}

/** As the issuer does it: the chain anew from its own key, over the bytes of each caveat. Caveats by their type, where it holds. */
function verified(token: Buffer): ReadonlyMap<Value, Value> {
  const [, nonceEnd] = read(token, 1);
  const [location, locationEnd] = read(token, nonceEnd);
  assert.equal(location, "https://api.fly.io/v1");
  const count = (token[locationEnd] ?? 0) & 0x0f;
  let tail = hmac(key, token.subarray(1, nonceEnd));
  let at = locationEnd + 1;
  const caveats = new Map<Value, Value>();
  for (let i = 0; i < count / 2; i++) {
    const [type, bodyAt] = read(token, at);
    const [body, end] = read(token, bodyAt);
    tail = hmac(tail, Buffer.concat([Buffer.from([0x92]), token.subarray(at, end)]));
    caveats.set(type, body);
    at = end;
  }
  const [signature, end] = read(token, at);
  assert.equal(end, token.length);
  assert.deepEqual(signature, tail, "the chain of signatures holds");
  return caveats;
}

const clock = manualClock(Date.UTC(2026, 10, 22));
const options: FlyMacaroonOptions = { apps: [], actions: ["read"], lifeMs: 3_600_000 };
const mint = (secret: string, more: Partial<FlyMacaroonOptions> = {}) =>
  flyMacaroonMinter({ ...options, ...more }, clock).mint(secret, "run_1", new AbortController().signal);
const written = (...tokens: readonly Buffer[]): string => tokens.map((token) => `fm2_${token.toString("base64")}`).join(",");

describe("a narrowed Fly token", () => {
  test("is one that its issuer takes, with the caveats in it, and what discharges it beside it unchanged", async () => {
    const discharge = issued("https://api.fly.io/aaa/v1");
    const made = await mint(`FlyV1 ${written(issued(), discharge)}`, {
      organization: 1_785_518,
      apps: [234, 123, 70_000],
      actions: ["read", "control"],
    });
    assert("value" in made, JSON.stringify(made));
    const [permission = "", other = ""] = made.value.split(",");
    assert.equal(other, written(discharge));
    const caveats = verified(Buffer.from(permission.slice(4), "base64"));
    const nowS = clock.now() / 1_000;
    assert.deepEqual(caveats.get(4), [nowS - 60, nowS + 3_600]);
    assert.equal(caveats.get(26), 0b10001, "read and control");
    assert.deepEqual(caveats.get(3), [
      new Map([
        [123, 17],
        [234, 17],
        [70_000, 17],
      ]),
    ]);
    assert.deepEqual(caveats.get(0), [1_785_518, 17]);
    assert(caveats.has(11), "what it demanded before, it demands still");
    assert.equal(made.expiresAtMs, clock.now() + 3_600_000);
  });

  test("holds in whatever way it is written, also narrowed twice", async () => {
    const once = await mint(`Bearer FlyV1 ${written(issued())}`);
    assert("value" in once);
    const twice = await mint(once.value, { lifeMs: 60_000 });
    assert("value" in twice);
    verified(Buffer.from(twice.value.slice(4), "base64"));
  });

  const odd: Readonly<Record<string, string>> = {
    "an older token beside it": `${written(issued())},fo1_abcdef`,
    "an older token": "fo1_abcdef",
    "no permission": written(issued("https://api.fly.io/aaa/v1")),
    "a finished one": written(issued("https://api.fly.io/v1", true)),
    "no MessagePack": "fm2_AAAA",
    "one that was cut": written(issued().subarray(0, -3)),
    "one with more behind it": written(Buffer.concat([issued(), Buffer.from([1])])),
    nothing: "",
  };
  for (const [name, secret] of Object.entries(odd))
    test(`is not made of ${name}`, async () => {
      const made = await mint(secret);
      assert("problem" in made, JSON.stringify(made));
      assert.match(made.problem, /^the secret cannot be narrowed: /);
      if (secret !== "") assert(!made.problem.includes(secret));
    });
});

describe("MessagePack", () => {
  test("any bytes are a list or an error, never more than they are (2,000 runs)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          const parts = listOf(Buffer.from([0x90 | ((bytes[0] ?? 0) & 0x0f), ...bytes.slice(1)]));
          assert.equal(Buffer.concat(parts as Buffer[]).length, Math.max(0, bytes.length - 1));
        } catch (error) {
          assert(error instanceof MessagePackError, String(error));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("numbers, lists and maps are written in their shortest form (500 runs)", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(Number.MAX_SAFE_INTEGER), { maxLength: 15 }), (numbers) => {
        const list = packedList(numbers.map(packedNumber));
        assert.deepEqual(read(list, 0), [numbers, list.length]);
        const ids = [...new Set(numbers)];
        const map = packedMap(ids.map((id) => [packedNumber(id), packedNumber(1)]));
        assert.deepEqual(read(map, 0)[0], new Map(ids.map((id) => [id, 1])));
      }),
      { numRuns: 500 },
    );
  });
});
