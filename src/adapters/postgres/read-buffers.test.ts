/**
 * Chunks read into memory that goes round: what is still held stays as it was, and what was given back is read into again.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import assert from "node:assert/strict";
import { givesBack, readInto, takeReads } from "./read-buffers.ts";

const sent = Buffer.allocUnsafe(6 * 1024 * 1024);
for (let at = 0; at + 4 <= sent.length; at += 4) sent.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
const digest = createHash("sha256").update(sent).digest("hex");

async function read(lends: boolean, take: (socket: Socket, chunk: Buffer) => void): Promise<void> {
  const server = createServer((peer) => peer.end(sent)).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const reading = readInto();
    const socket = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, onread: reading.onread });
    reading.attach(socket);
    const each = (chunk: Buffer): void => take(socket, chunk);
    if (lends) {
      assert.ok(takeReads(socket, each));
      socket.on("data", () => assert.fail("nothing goes through the stream"));
    } else socket.on("data", each);
    await once(socket, "close");
  } finally {
    server.close();
  }
}

test("what is kept of lent chunks is never read over", async () => {
  const kept: Buffer[] = [];
  let lent = 0;
  await read(true, (_, chunk) => {
    kept.push(chunk);
    if (givesBack(chunk) !== undefined) lent += 1;
  });
  assert.ok(lent > 0);
  assert.equal(createHash("sha256").update(Buffer.concat(kept)).digest("hex"), digest);
});

test("memory that is given back is read into again, through pauses too", async () => {
  const hash = createHash("sha256");
  const memory = new Set<ArrayBufferLike>();
  let lent = 0;
  await read(true, (socket, chunk) => {
    hash.update(chunk);
    const giveBack = givesBack(chunk);
    if (giveBack === undefined) return;
    lent += 1;
    memory.add(chunk.buffer);
    assert.equal(givesBack(chunk), undefined, "it comes back once");
    giveBack();
    if (lent % 10 !== 0) return;
    socket.pause();
    setImmediate(() => socket.resume());
  });
  assert.equal(hash.digest("hex"), digest);
  assert.ok(lent > 3 && memory.size < lent, `${memory.size} buffers for ${lent} chunks`);
});

test("memory of a write that failed is not read into again", async () => {
  const kept: Buffer[] = [];
  await read(true, (_, chunk) => {
    kept.push(chunk);
    givesBack(chunk)?.(new Error("the peer is gone"));
  });
  assert.equal(createHash("sha256").update(Buffer.concat(kept)).digest("hex"), digest);
});

test("a part of a lent chunk is not the chunk, and a socket that does not lend copies", async () => {
  await read(true, (_, chunk) => assert.equal(givesBack(chunk.subarray(0)), undefined));
  const kept: Buffer[] = [];
  await read(false, (_, chunk) => {
    assert.equal(givesBack(chunk), undefined);
    kept.push(chunk);
  });
  assert.equal(createHash("sha256").update(Buffer.concat(kept)).digest("hex"), digest);
});

test("a socket that still holds bytes is not taken", async () => {
  const server = createServer((peer) => peer.end("held")).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const reading = readInto();
    const socket = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, onread: reading.onread });
    reading.attach(socket);
    await once(socket, "readable");
    assert.equal(
      takeReads(socket, () => assert.fail("its bytes would come too late")),
      false,
    );
    assert.equal(String(socket.read()), "held");
    socket.destroy();
  } finally {
    server.close();
  }
});
