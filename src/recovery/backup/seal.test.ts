import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable, type Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, test } from "node:test";
import { systemRandom } from "../../base/ids.ts";
import { SealBroken, sealing, unsealing } from "./seal.ts";

const key = Buffer.alloc(32, 7);
const label = "base.tar.gz.sealed";
const HEADER = 18 + 1 + label.length + 32;
const PIECE = 64 * 1024 + 16;

const through = (bytes: Uint8Array, step: Transform, cut = 10_007) => {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += cut) chunks.push(bytes.subarray(at, at + cut));
  return buffer(Readable.from(chunks).compose(step));
};
const seal = (bytes: Uint8Array, cut?: number) => through(bytes, sealing({ key, label }, systemRandom), cut);
const open = (bytes: Uint8Array, cut?: number) => through(bytes, unsealing({ key, label }), cut);

describe("a sealed file", () => {
  test("opens to the same bytes, whatever its length and however it arrives", async () => {
    for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 300_001]) {
      const plain = randomBytes(size);
      for (const cut of [1_013, 65_536, 1_000_000]) {
        const sealed = await seal(plain, cut);
        assert.equal(sealed.length, HEADER + size + 16 * Math.max(1, Math.ceil(size / 65_536)));
        assert.ok((await open(sealed, cut === 1_013 ? 997 : cut)).equals(plain), `${size} bytes in pieces of ${cut}`);
      }
    }
  });

  test("two seals of the same bytes have nothing in common behind the name", async () => {
    const [one, two] = [await seal(Buffer.alloc(1_000)), await seal(Buffer.alloc(1_000))];
    assert.notDeepEqual(one.subarray(-900), two.subarray(-900));
    assert.ok(!one.includes(Buffer.alloc(16)), "no plain run of zeros is left");
  });

  test("a flipped bit anywhere is noticed", async () => {
    const sealed = await seal(randomBytes(150_000));
    for (const at of [0, 17, 18, 25, HEADER - 1, HEADER, HEADER + PIECE - 1, HEADER + PIECE, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      await assert.rejects(open(changed), SealBroken, `byte ${at}`);
    }
  });

  test("cut anywhere, also between two pieces, it is noticed", async () => {
    const sealed = await seal(randomBytes(65_536 * 3));
    for (const size of [0, 10, HEADER - 1, HEADER, HEADER + 5, HEADER + PIECE, HEADER + 2 * PIECE, sealed.length - 1])
      await assert.rejects(open(sealed.subarray(0, size)), SealBroken, `${size} bytes`);
    await assert.rejects(open(Buffer.concat([sealed, Buffer.from([0])])), SealBroken, "a byte more");
    await assert.rejects(open(Buffer.concat([sealed, sealed.subarray(HEADER)])), SealBroken, "itself again");
  });

  test("pieces in another order, or of another file, are noticed", async () => {
    const sealed = await seal(randomBytes(65_536 * 3));
    const piece = (n: number) => sealed.subarray(HEADER + n * PIECE, HEADER + (n + 1) * PIECE);
    await assert.rejects(open(Buffer.concat([sealed.subarray(0, HEADER), piece(1), piece(0), piece(2)])), SealBroken);
    await assert.rejects(open(Buffer.concat([sealed.subarray(0, HEADER), piece(0), piece(2)])), SealBroken);
    const other = await seal(randomBytes(65_536 * 3));
    await assert.rejects(open(Buffer.concat([sealed.subarray(0, HEADER), other.subarray(HEADER)])), SealBroken);
  });

  test("another key, or another file's name, does not open it", async () => {
    const sealed = await seal(randomBytes(100));
    await assert.rejects(through(sealed, unsealing({ key: Buffer.alloc(32, 8), label })), /the key is another one/);
    await assert.rejects(through(sealed, unsealing({ key, label: "tape.tar.gz.sealed" })), /another file's bytes/);
    await assert.rejects(open(randomBytes(500)), /no sealed file/);
  });
});
