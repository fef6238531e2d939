/**
 * Rows over memory that goes round, cut into chunks anywhere: what goes on is what came, and nearly every chunk comes back, those too whose
 * last row ends in the next one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Run } from "../session/run.ts";
import { isLent, isReturned, lend } from "./lent.ts";
import { FRAME, FrameScanner, MORE } from "./scanner.ts";
import { back, serverShapes } from "./shapes.ts";

const ROOM = 16;

/** One buffer for the reader, which is read into again only when it is given back, and is spoilt then. */
function memory(bytes: number) {
  const free: Buffer[] = [];
  let made = 0;
  return {
    get made() {
      return made;
    },
    read(from: Buffer): Buffer {
      if (free.length === 0) made += 1;
      const own = free.pop() ?? Buffer.alloc(ROOM + bytes, 0xee);
      const chunk = own.subarray(ROOM, ROOM + from.length);
      from.copy(chunk);
      lend(chunk, ROOM);
      return chunk;
    },
    /** As the end of a write does. */
    giveBack(piece: Buffer): boolean {
      if (!isReturned(piece)) return false;
      const own = Buffer.from(piece.buffer);
      own.fill(0xee);
      free.push(own);
      return true;
    },
  };
}

function passed(chunks: Iterable<Buffer>, keep: (piece: Buffer) => void): void {
  const scanner = new FrameScanner(serverShapes);
  const run = new Run();
  for (const chunk of chunks) {
    scanner.load(chunk);
    const out: Buffer[] = [];
    for (let step = scanner.next(); step !== MORE; step = scanner.next()) {
      run.add(scanner.buffer, scanner.from, scanner.to, out);
      scanner.take();
      if (step === FRAME && scanner.atBoundary) {
        scanner.takeAlike(1000, 1e9);
        run.add(scanner.buffer, scanner.from, scanner.to, out);
      }
    }
    run.flush(out, scanner.left, scanner.leftAt);
    scanner.letGo();
    for (const piece of out) keep(piece);
  }
}

function rows(sizes: readonly number[]): Buffer {
  return Buffer.concat(
    sizes.map((size, index) => {
      const frame = Buffer.alloc(1 + 4 + 2 + 4 + size, index % 200);
      frame[0] = back.dataRow;
      frame.writeInt32BE(frame.length - 1, 1);
      frame.writeInt16BE(1, 5);
      frame.writeInt32BE(size, 7);
      return frame;
    }),
  );
}

test("rows go on as they came, wherever the chunks are cut, and no memory is read over while it is wanted", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }), (some, cuts) => {
      const stream = rows(some);
      const around = memory(400);
      const got: Buffer[] = [];
      const scanned: Buffer[] = [];
      let at = 0;
      for (let n = 0; at < stream.length; n += 1) {
        const bytes = cuts[n % cuts.length] as number;
        scanned.push(stream.subarray(at, at + bytes));
        at += bytes;
      }
      // A chunk is read when the one before was taken: memory that came back by then is the first to be used again.
      function* chunks(): Generator<Buffer> {
        for (const piece of scanned) yield around.read(piece);
      }
      passed(chunks(), (piece) => {
        got.push(Buffer.from(piece));
        around.giveBack(piece);
      });
      assert.deepEqual(Buffer.concat(got), stream);
    }),
  );
});

test("a chunk whose last row goes on in the next comes back, and so does the next", () => {
  const stream = rows(Array.from({ length: 400 }, (_, index) => 80 + (index % 7)));
  const around = memory(1000);
  let pieces = 0;
  let returned = 0;
  const got: Buffer[] = [];
  function* chunks(): Generator<Buffer> {
    for (let at = 0; at < stream.length; at += 1000) yield around.read(stream.subarray(at, at + 1000));
  }
  passed(chunks(), (piece) => {
    pieces += 1;
    got.push(Buffer.from(piece));
    returned += Number(around.giveBack(piece));
  });
  assert.deepEqual(Buffer.concat(got), stream);
  assert.equal(returned, pieces);
  assert(around.made <= 2, `${around.made} buffers`);
});

test("a part is not lent in a chunk's place while another part of it is wanted", () => {
  const around = memory(100);
  // Two rows and the first bytes of a third.
  const chunk = around.read(rows([10, 10, 10]).subarray(0, 2 * 21 + 3));
  const scanner = new FrameScanner(serverShapes);
  scanner.load(chunk);
  const run = new Run();
  const out: Buffer[] = [];
  for (let n = 0; scanner.next() !== MORE; n += 1) {
    // The second row is kept by somebody.
    if (n === 0) run.add(scanner.buffer, scanner.from, scanner.to, out);
    scanner.take();
  }
  assert.equal(scanner.left, chunk);
  run.flush(out, scanner.left, scanner.leftAt);
  assert.equal(out.length, 1);
  assert.equal(isLent(out[0] as Buffer), false);
  assert.equal(isLent(chunk), true);
});
