import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Line, linesOf } from "./lines.ts";

async function split(bytes: Uint8Array, chunkBytes: number, max = 1000): Promise<string[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const shown: string[] = [];
  for await (const line of linesOf(chunks(), max)) shown.push(show(line));
  return shown;
}
const show = (line: Line): string => (line.kind === "text" ? `=${line.text}` : line.kind);

describe("linesOf", () => {
  const cases: readonly [name: string, input: string | Uint8Array, expected: readonly string[]][] = [
    ["nothing", "", []],
    ["one line without an end", "a", ["=a"]],
    ["a last line end gives no further line", "a\n", ["=a"]],
    ["empty lines count", "\n\na\n", ["=", "=", "=a"]],
    ["carriage returns before the end", "a\r\nb\r", ["=a", "=b"]],
    ["text beyond ASCII", "ä€😀\nß\n", ["=ä€😀", "=ß"]],
    ["bad bytes spoil their line only", Uint8Array.of(0x61, 0x0a, 0xff, 0x0a, 0x62, 0x0a), ["=a", "bad_utf8", "=b"]],
    ["a byte order mark is kept: it is part of what was given", "\ufeffa\n", ["=\ufeffa"]],
    ["a long line is passed over", `${"x".repeat(1001)}\nb\n${"y".repeat(1000)}\n`, ["too_long", "=b", `=${"y".repeat(1000)}`]],
    ["a long last line", "z".repeat(1001), ["too_long"]],
  ];
  for (const [name, input, expected] of cases) {
    test(`${name}, at every chunk size`, async () => {
      const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
      for (const size of [1, 2, 3, 7, 1001, 100_000]) assert.deepEqual(await split(bytes, size), expected, `chunks of ${size}`);
    });
  }
});
