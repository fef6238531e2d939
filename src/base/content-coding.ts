/**
 * What a compressed body holds, where every reader finds the same in it and it is small enough: otherwise why not, in a clause.
 * It knows gzip, deflate, Brotli and Zstandard, several in a row too. It keeps nothing, and never reads past its bound.
 */
import { brotliDecompressSync, constants, crc32, inflateRawSync, inflateSync, type InputType, zstdDecompressSync } from "node:zlib";

export type Uncompressed = { readonly bytes: Buffer } | { readonly problem: string };

/** Clients that compress what is compressed do so once. */
const CODINGS_MAX = 3;

/** RFC 9659: what is sent as `zstd` needs a window of 8 MiB at most. */
const zstdParameters = { [constants.ZSTD_d_windowLogMax]: 23 };

const another = "more stands behind the end of what is compressed in it, which not every reader reads";

/** `undefined` where `encoding`, the header's value, says that nothing is compressed. Never throws. */
export function uncompressed(body: Buffer, encoding: string | undefined, bytesMax: number): Uncompressed | undefined {
  const codings = (encoding ?? "")
    .toLowerCase()
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "" && each !== "identity");
  if (codings.length === 0) return undefined;
  if (codings.length > CODINGS_MAX) return { problem: "it is compressed more than three times" };
  let bytes = body;
  for (const coding of codings.toReversed()) {
    const undo = undoing[coding];
    if (undo === undefined) return { problem: "it is compressed in a way that is not known" };
    const inner = attempt(() => undo(bytes, bytesMax));
    if ("problem" in inner) return inner;
    bytes = inner.bytes;
  }
  return { bytes };
}

function attempt(undo: () => Uncompressed): Uncompressed {
  try {
    return undo();
  } catch (error) {
    const large = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    return { problem: large ? "what is compressed in it is longer than what is read of a body" : "it is not compressed as it says" };
  }
}

type Undo = (bytes: Buffer, bytesMax: number) => Uncompressed;

const undoing: Readonly<Record<string, Undo>> = {
  __proto__: null as never,
  gzip: gunzipped,
  "x-gzip": gunzipped,
  deflate: (bytes, bytesMax) => wholly(inflateSync, bytes, bytesMax),
  br: (bytes, bytesMax) => wholly(brotliDecompressSync, bytes, bytesMax),
  zstd: (bytes, bytesMax) =>
    zstdFrameEnd(bytes) === bytes.length
      ? { bytes: zstdDecompressSync(bytes, { maxOutputLength: bytesMax, params: zstdParameters }) }
      : { problem: another },
};

/** With `info` Node says how much was read: the engine's count of bytes that it took. */
type Inflating = (bytes: InputType, options: { readonly info: true; readonly maxOutputLength: number }) => unknown;

interface Told {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function wholly(inflating: Inflating, bytes: Buffer, bytesMax: number): Uncompressed {
  const { buffer, engine } = inflating(bytes, { info: true, maxOutputLength: bytesMax }) as Told;
  return engine.bytesWritten === bytes.length ? { bytes: buffer } : { problem: another };
}

/** RFC 1952, one member: some readers stop behind the first, others go on, and Node's own passes over what follows. */
function gunzipped(bytes: Buffer, bytesMax: number): Uncompressed {
  const begin = gzipHeaderEnd(bytes);
  const { buffer, engine } = (inflateRawSync as Inflating)(bytes.subarray(begin), { info: true, maxOutputLength: bytesMax }) as Told;
  const end = begin + engine.bytesWritten;
  const sums = bytes.readUInt32LE(end) === crc32(buffer) && bytes.readUInt32LE(end + 4) === buffer.length;
  if (!sums) return { problem: "its checksum is not that of what is compressed in it" };
  return end + 8 === bytes.length ? { bytes: buffer } : { problem: another };
}

/** Throws where it is none. */
function gzipHeaderEnd(bytes: Buffer): number {
  const flags = bytes.readUInt8(3);
  if (bytes.readUInt16BE(0) !== 0x1f8b || bytes.readUInt8(2) !== 8 || flags > 0x1f) throw new Error("no gzip");
  let at = 10;
  if ((flags & 4) !== 0) at += 2 + bytes.readUInt16LE(at);
  // A name, and a comment: each to its NUL.
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) throw new Error("no gzip");
    at = end + 1;
  }
  return (flags & 2) !== 0 ? at + 2 : at;
}

/** RFC 8878: where the first frame ends, by the sizes of its blocks. Throws where it is none. */
function zstdFrameEnd(bytes: Buffer): number {
  if (bytes.readUInt32BE(0) !== 0x28b5_2ffd) throw new Error("no frame");
  const descriptor = bytes.readUInt8(4);
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const size = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = 5 + (single ? 0 : 1) + dictionary + size;
  for (;;) {
    const head = bytes.readUIntLE(at, 3);
    // A block of one byte that is repeated holds that byte alone.
    at += 3 + (((head >> 1) & 3) === 1 ? 1 : head >> 3);
    if ((head & 1) === 1) return at + ((descriptor & 4) !== 0 ? 4 : 0);
  }
}
