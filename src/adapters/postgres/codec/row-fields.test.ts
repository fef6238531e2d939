/** Rows that are what they say, and rows that lie, whole and split at every byte. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RowFields, rowsFit } from "./row-fields.ts";
import { FRAME, FrameScanner, MORE } from "./scanner.ts";
import { back, serverShapes } from "./shapes.ts";

function int(bytes: number, value: number): Buffer {
  const written = Buffer.alloc(bytes);
  written.writeIntBE(value, 0, bytes);
  return written;
}

function row(fields: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat([int(2, fields), ...parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part))]);
  return Buffer.concat([Buffer.of(back.dataRow), int(4, body.length + 4), body]);
}

const honest: readonly (readonly [string, Buffer])[] = [
  ["no fields", row(0)],
  ["one field", row(1, int(4, 3), "abc")],
  ["NULL and an empty field", row(3, int(4, -1), int(4, 0), int(4, 1), "x")],
  ["many bytes", row(2, int(4, 300), Buffer.alloc(300), int(4, 2), "yz")],
];
const lies: readonly (readonly [string, Buffer])[] = [
  ["a field longer than its frame", row(1, int(4, 500), "abc")],
  ["a field of 2 GiB", row(1, int(4, 0x7fffffff), "abc")],
  ["a field of length -2", row(1, int(4, -2), "abc")],
  ["more fields than there are", row(3, int(4, 1), "a")],
  ["-1 fields", row(-1, int(4, 1), "a")],
  ["fewer fields than there are", row(1, int(4, 1), "a", int(4, 1), "b")],
  ["bytes after the last field", row(1, int(4, 1), "abc")],
  ["a length that is cut off", row(1, "\0\0")],
  ["no fields, and bytes", row(0, "x")],
];

/** As the session reads: every piece that the scanner shows. */
function read(chunks: readonly Buffer[]): boolean {
  const scanner = new FrameScanner(serverShapes);
  const fields = new RowFields();
  let first = true;
  for (const chunk of chunks) {
    scanner.load(chunk);
    for (let step = scanner.next(); step !== MORE; step = scanner.next()) {
      first = step === FRAME;
      if (!fields.fit(scanner, first)) return false;
      scanner.take();
    }
  }
  return scanner.atBoundary;
}

describe("the fields of a row", () => {
  for (const [what, bytes] of honest) {
    test(`${what}: taken, however it is split`, () => {
      assert.ok(rowsFit(Buffer.concat([bytes, bytes]), 0, bytes.length * 2));
      for (let at = 1; at < bytes.length; at++) assert.ok(read([bytes.subarray(0, at), bytes.subarray(at), bytes]), `split at ${at}`);
      assert.ok(read([...bytes].map((byte) => Buffer.of(byte))));
    });
  }
  for (const [what, bytes] of lies) {
    test(`${what}: refused, however it is split`, () => {
      const good = honest[1]?.[1] as Buffer;
      assert.ok(!rowsFit(Buffer.concat([good, bytes]), 0, good.length + bytes.length));
      for (let at = 1; at < bytes.length; at++) assert.ok(!read([good, bytes.subarray(0, at), bytes.subarray(at)]), `split at ${at}`);
      assert.ok(!read([...bytes].map((byte) => Buffer.of(byte))));
    });
  }
});
