/**
 * Files of a repository sealed and opened as streams: AES-256-GCM in pieces that are counted, the last one marked, so that what was cut,
 * changed, reordered or put in another file's place is noticed. Memory is bounded by a piece. It knows no repository; docs/backups.md has
 * the format.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import { assert } from "../../base/assert.ts";
import type { RandomBytes } from "../../base/ids.ts";

/** What a sealed file says that is not so: a wrong key, or bytes that are not those that were sealed. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
}

const MAGIC = Buffer.from("HOLDFAST SEALED 1\n", "latin1");
const SALT_BYTES = 32;
const PIECE_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const LABEL_BYTES_MAX = 255;

export interface Sealing {
  /** 32 bytes, the repository's. */
  readonly key: Uint8Array;
  /** The file's own name: a sealed file under another name does not open. */
  readonly label: string;
}

/** Plain bytes in, a sealed file out. */
export function sealing({ key, label }: Sealing, random: RandomBytes): Transform {
  const name = Buffer.from(label);
  assert(name.length <= LABEL_BYTES_MAX, "a sealed file's name has 255 bytes at most");
  const salt = random(SALT_BYTES);
  const header = Buffer.concat([MAGIC, Buffer.from([name.length]), name, salt]);
  const fileKey = keyOf(key, salt);
  let counter = 0;
  const sealed = (piece: Uint8Array, last: boolean): Buffer => {
    const cipher = createCipheriv("aes-256-gcm", fileKey, nonce(counter++, last)).setAAD(header);
    return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
  };
  const { feed, rest } = pieces(PIECE_BYTES, (stream: Transform, piece) => void stream.push(sealed(piece, false)));
  const made: Transform = new Transform({
    transform: (chunk: Buffer, _, done) => attempted(done, () => feed(made, chunk)),
    flush: (done) => attempted(done, () => void made.push(sealed(rest(), true))),
  });
  made.push(header);
  return made;
}

/** A sealed file in, its plain bytes out, none of a piece before the piece is known to be whole. Fails with {@link SealBroken}. */
export function unsealing({ key, label }: Sealing): Transform {
  const headerBytes = MAGIC.length + 1 + Buffer.byteLength(label) + SALT_BYTES;
  let header: Buffer | undefined;
  let fileKey: Buffer = Buffer.alloc(0);
  let counter = 0;
  let gathered: Buffer = Buffer.alloc(0);
  const opened = (piece: Buffer, last: boolean): Buffer => {
    if (piece.length < TAG_BYTES) throw new SealBroken(`\`${label}\` was cut short`);
    const decipher = createDecipheriv("aes-256-gcm", fileKey, nonce(counter++, last)).setAAD(header ?? Buffer.alloc(0));
    decipher.setAuthTag(piece.subarray(-TAG_BYTES));
    const plain = decipher.update(piece.subarray(0, -TAG_BYTES));
    try {
      decipher.final();
    } catch {
      const what = counter === 1 ? "was changed or cut short, or the key is another one" : "was changed or cut short";
      throw new SealBroken(`\`${label}\` ${what}, at byte ${(counter - 1) * PIECE_BYTES}`);
    }
    return plain;
  };
  const { feed, rest } = pieces(PIECE_BYTES + TAG_BYTES, (stream: Transform, piece) => void stream.push(opened(piece, false)));
  const begin = (bytes: Buffer): void => {
    header = bytes;
    const name = bytes.subarray(MAGIC.length + 1, -SALT_BYTES).toString();
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new SealBroken(`\`${label}\` is no sealed file`);
    if (bytes[MAGIC.length] !== Buffer.byteLength(label) || name !== label)
      throw new SealBroken(`\`${label}\` holds another file's bytes: they were put in its place`);
    fileKey = keyOf(key, bytes.subarray(-SALT_BYTES));
  };
  const made: Transform = new Transform({
    transform: (chunk: Buffer, _, done) =>
      attempted(done, () => {
        if (header !== undefined) return feed(made, chunk);
        gathered = Buffer.concat([gathered, chunk]);
        if (gathered.length < headerBytes) return;
        begin(gathered.subarray(0, headerBytes));
        feed(made, gathered.subarray(headerBytes));
      }),
    flush: (done) =>
      attempted(done, () => {
        if (header === undefined) throw new SealBroken(`\`${label}\` was cut short`);
        made.push(opened(rest(), true));
      }),
  });
  return made;
}

function keyOf(key: Uint8Array, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync("sha256", key, salt, "holdfast sealed file 1", 32));
}

/** 11 bytes of the piece's number, and one that says whether it is the last. Each file has a key of its own, so none comes twice. */
function nonce(counter: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64BE(BigInt(counter), 3);
  bytes[11] = last ? 1 : 0;
  return bytes;
}

/** Cuts what comes into pieces of `size`; the last, whole or not, is held back until there is more or nothing more. */
function pieces<S>(size: number, take: (stream: S, piece: Buffer) => void) {
  let held: Buffer = Buffer.alloc(0);
  const feed = (stream: S, chunk: Buffer): void => {
    const all = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    for (; all.length - at > size; at += size) take(stream, all.subarray(at, at + size));
    held = all.subarray(at);
  };
  return { feed, rest: () => held };
}

function attempted(done: TransformCallback, act: () => void): void {
  try {
    act();
    done();
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)));
  }
}
