import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { uncompressed } from "./content-coding.ts";

const MAX = 64 * 1024;
const text = Buffer.from(JSON.stringify({ ids: Array.from({ length: 500 }, (_, n) => `vol-${n}`) }));
const ways: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
};

function textOf(body: Buffer, encoding: string): string | undefined {
  const found = uncompressed(body, encoding, MAX);
  return found !== undefined && "bytes" in found ? found.bytes.toString() : undefined;
}

function problemOf(body: Buffer, encoding: string): string | undefined {
  const found = uncompressed(body, encoding, MAX);
  return found !== undefined && "problem" in found ? found.problem : undefined;
}

for (const [coding, compress] of Object.entries(ways)) {
  test(`${coding}: its text, and a problem where it is cut, goes on or is too long`, () => {
    const body = compress(text);
    assert.equal(textOf(body, coding.toUpperCase()), text.toString());
    for (let end = 0; end < body.length; end++) assert.notEqual(problemOf(body.subarray(0, end), coding), undefined, `cut at ${end}`);
    assert.match(problemOf(Buffer.concat([body, Buffer.from("&Action=x")]), coding) ?? "", /stands behind the end/);
    assert.match(problemOf(Buffer.concat([body, body]), coding) ?? "", /stands behind the end/);
    assert.match(problemOf(compress(Buffer.alloc(MAX + 1)), coding) ?? "", /longer than what is read/);
    assert.equal(textOf(compress(Buffer.alloc(MAX)), coding)?.length, MAX);
    assert.notEqual(problemOf(text, coding), undefined);
  });
}

test("gzip with a name, a comment and an extra field; with a wrong sum", () => {
  const body = gzipSync(text);
  const more = Buffer.concat([Buffer.from([2, 0, 1, 2]), Buffer.from("name\0a comment\0")]);
  const named = Buffer.concat([body.subarray(0, 3), Buffer.of(4 + 8 + 16), body.subarray(4, 10), more, body.subarray(10)]);
  assert.equal(textOf(named, "gzip"), text.toString());
  const other = Buffer.from(body);
  other[other.length - 6] = 255 - (other[other.length - 6] ?? 0);
  assert.match(problemOf(other, "gzip") ?? "", /checksum/);
});

test("several in a row, the last first; nothing, and what is not known", () => {
  const twice = brotliCompressSync(gzipSync(text));
  assert.equal(textOf(twice, "gzip, br"), text.toString());
  assert.notEqual(problemOf(twice, "br, gzip"), undefined);
  assert.equal(uncompressed(text, undefined, MAX), undefined);
  assert.equal(uncompressed(text, " identity ,", MAX), undefined);
  assert.match(problemOf(text, "snappy") ?? "", /not known/);
  assert.match(problemOf(text, "__proto__") ?? "", /not known/);
  assert.match(problemOf(text, "gzip,gzip,gzip,gzip") ?? "", /more than three/);
  // Raw deflate is what some readers take for `deflate`, and others not.
  assert.notEqual(problemOf(deflateRawSync(text), "deflate"), undefined);
});
