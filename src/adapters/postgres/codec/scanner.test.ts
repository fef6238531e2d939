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

test("rows that follow a row are taken at once, as many as are whole and within the bounds", () => {
  const row = (bytes: number): Buffer => header("D", 4 + bytes, Buffer.alloc(bytes));
  const five = Buffer.concat([row(2), row(3), row(4), row(5), row(6)]);
  const taken = (rest: Buffer, frames: number, bytes: number): readonly number[] => {
    const scanner = new FrameScanner(serverShapes);
    scanner.load(Buffer.concat([row(2), rest]));
    assert.equal(scanner.next(), FRAME);
    scanner.take();
    const count = scanner.takeAlike(frames, bytes);
    assert.equal(scanner.from, 7);
    return [count, scanner.alikeBytes, scanner.to - scanner.from];
  };
  assert.deepEqual(taken(five, Infinity, Infinity), [5, 20, 45]);
  assert.deepEqual(taken(five, 2, Infinity), [2, 5, 15]);
  assert.deepEqual(taken(five, Infinity, 9), [3, 9, 24]);
  assert.deepEqual(taken(five, Infinity, 8), [2, 5, 15]);
  assert.deepEqual(taken(five, 0, Infinity), [0, 0, 0]);
  assert.deepEqual(taken(five.subarray(0, -1), Infinity, Infinity), [4, 14, 34]);
  for (const other of [
    header("C", 9, Buffer.from("hello")),
    header("D", -1),
    header("D", 0),
    header("D", 0x4000_0000),
    Buffer.from("D\0"),
  ]) {
    assert.deepEqual(taken(Buffer.concat([row(2), other]), Infinity, Infinity), [1, 2, 7]);
  }
});

test("a frame behind rows that were taken is shown as ever", () => {
  const scanner = new FrameScanner(serverShapes);
  const bytes = Buffer.concat([header("D", 6, Buffer.alloc(2)), header("D", 6, Buffer.alloc(2)), header("D", 0)]);
  scanner.load(bytes);
  scanner.next();
  scanner.take();
  assert.equal(scanner.takeAlike(Infinity, Infinity), 1);
  assert.equal(scanner.next(), BAD);
  assert.match(scanner.problem, /too short/);
});
