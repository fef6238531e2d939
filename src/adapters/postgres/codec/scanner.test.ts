import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../base/limits.ts";
import { BAD, BODY, FRAME, FrameScanner, MORE } from "./scanner.ts";
import { clientShapes, serverShapes } from "./shapes.ts";

function header(type: string, length: number, body = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

const refused: readonly (readonly [title: string, bytes: Buffer, problem: RegExp])[] = [
  ["an unknown type", header("?", 4), /unknown message type 63/],
  ["a negative length", header("Q", -1), /out of bounds/],
  ["2 GiB", header("d", 0x7fff_ffff), /out of bounds/],
  ["a length that does not count itself", header("S", 3), /too short/],
  ["a length of nothing", header("Q", 0), /too short/],
  ["a Sync with a body", header("S", 5, Buffer.from("x")), /too long/],
  ["a Describe longer than names are", header("D", 5000), /too long/],
];
for (const [title, bytes, problem] of refused) {
  test(`the scanner refuses ${title}`, () => {
    const scanner = new FrameScanner(clientShapes);
    scanner.load(bytes);
    assert.equal(scanner.next(), BAD);
    assert.match(scanner.problem, problem);
  });
}

test("a text longer than can be judged is shown by its header and not kept", () => {
  const scanner = new FrameScanner(clientShapes);
  scanner.load(header("Q", limits.judgedFrameBytesMax + 10, Buffer.alloc(1000)));
  assert.equal(scanner.next(), FRAME);
  assert.equal(scanner.size, limits.judgedFrameBytesMax + 11);
  scanner.take();
  assert.equal(scanner.next(), MORE);
  assert.equal(scanner.kept, 0);
});

test("the longest text that can be judged is held whole", () => {
  const scanner = new FrameScanner(clientShapes);
  const frame = header("Q", limits.judgedFrameBytesMax + 4, Buffer.alloc(limits.judgedFrameBytesMax));
  for (let at = 0; at < frame.length; at += 60_000) {
    assert.equal(scanner.next(), MORE);
    scanner.load(frame.subarray(at, at + 60_000));
  }
  assert.equal(scanner.next(), FRAME);
  assert.equal(scanner.to - scanner.from, frame.length);
});

test("a row goes on piece by piece without being kept or copied", () => {
  const scanner = new FrameScanner(serverShapes);
  const first = header("D", 1_000_004, Buffer.alloc(100));
  scanner.load(first);
  assert.equal(scanner.next(), FRAME);
  assert.equal(scanner.buffer, first);
  scanner.take();
  assert.equal(scanner.kept, 0);
  const second = Buffer.alloc(999_900);
  scanner.load(second);
  assert.equal(scanner.next(), BODY);
  assert.equal(scanner.buffer, second);
  scanner.take();
  assert.ok(scanner.atBoundary);
});
