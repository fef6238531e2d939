import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCbor } from "./cbor.ts";

const read = (hex: string): unknown => {
  const parsed = parseCbor(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  return "tree" in parsed ? plain(parsed.tree) : parsed.problem;
};

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof Map ? Object.fromEntries([...(value as Map<string, unknown>)].map(([key, inner]) => [key, plain(inner)])) : value;
}

describe("the examples of RFC 8949, appendix A, that a request may hold", () => {
  const rows: readonly (readonly [hex: string, value: unknown])[] = [
    ["00", 0],
    ["17", 23],
    ["18 18", 24],
    ["19 03e8", 1000],
    ["1b 000000e8d4a51000", 1_000_000_000_000],
    ["1b ffffffffffffffff", "18446744073709551615"],
    ["20", -1],
    ["39 03e7", -1000],
    ["3b ffffffffffffffff", "-18446744073709551616"],
    ["f9 0000", 0],
    ["f9 3c00", 1],
    ["f9 7bff", 65504],
    ["f9 c400", -4],
    ["f9 0001", 2 ** -24],
    ["fa 47c35000", 100_000],
    ["fb 3ff199999999999a", 1.1],
    ["f9 7c00", Number.POSITIVE_INFINITY],
    ["f4", false],
    ["f5", true],
    ["f6", null],
    ["c1 1a 514b67b0", 1_363_896_240],
    ["44 01020304", "AQIDBA=="],
    ["60", ""],
    ["64 49455446", "IETF"],
    ["63 e6b0b4", "\u6c34"],
    ["80", []],
    ["83 01 82 02 03 82 04 05", [1, [2, 3], [4, 5]]],
    ["a0", {}],
    ["a2 61 61 01 61 62 82 02 03", { a: 1, b: [2, 3] }],
    ["7f 65 73 74 72 65 61 64 6d 69 6e 67 ff", "streaming"],
    ["9f 01 82 02 03 9f 04 05 ff ff", [1, [2, 3], [4, 5]]],
    ["bf 61 61 01 61 62 9f 02 03 ff ff", { a: 1, b: [2, 3] }],
  ];
  for (const [hex, value] of rows) test(hex, () => assert.deepEqual(read(hex), value));
});

describe("what is refused", () => {
  const rows: readonly (readonly [what: string, hex: string, why: RegExp])[] = [
    ["nothing", "", /ends early/],
    ["a key that stands twice", "a2 61 61 01 61 61 02", /twice/],
    ["a key that stands twice, once in pieces", "a2 61 61 01 7f 61 61 ff 02", /twice/],
    ["a key that is no text", "a1 01 02", /no text/],
    ["something after its end", "00 00", /follows/],
    ["a length beyond its end", "5b 7fffffffffffffff 00", /ends early/],
    ["a list that promises more than there is", "9b 7fffffffffffffff 00", /ends early/],
    ["a map without its last value", "a1 61 61", /ends early/],
    ["a length that is none", "1c", /length/],
    ["a text that is not UTF-8", "62 c328", /UTF-8/],
    ["a piece of another kind", "7f 41 00 ff", /piece/],
    ["a break alone", "ff", /no meaning/],
    ["a break in a list of known length", "82 01 ff", /no meaning/],
    ["too deep", `${"81".repeat(200)}00`, /nested deeper/],
    ["tags without end", `${"c1".repeat(200)}00`, /nested deeper/],
    ["half of a number", "fb 3ff1", /ends early/],
  ];
  for (const [what, hex, why] of rows) test(what, () => assert.match(String(read(hex)), why));

  test("more values than a request would hold", () => {
    const many = Buffer.concat([Buffer.from([0x9f]), Buffer.alloc(200_001), Buffer.from([0xff])]);
    const parsed = parseCbor(many);
    assert.match("problem" in parsed ? parsed.problem : "", /too many/);
  });
});
