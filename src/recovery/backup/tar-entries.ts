/**
 * Looks at a tar archive as it passes: each file's size and SHA-256, and the whole of one small file by its name.
 * It changes nothing, writes no file, and follows no name.
 */
import { createHash, type Hash } from "node:crypto";
import { Transform } from "node:stream";

export interface TarEntry {
  readonly bytes: number;
  readonly sha256: string;
}

export interface TarLook {
  readonly stream: Transform;
  /** Files by their path; folders and links are left out. Complete when the stream has ended. */
  readonly entries: ReadonlyMap<string, TarEntry>;
  /** Of the file that was to be kept; `undefined` where there was none. */
  readonly kept: () => Buffer | undefined;
}

const BLOCK = 512;
const KEPT_BYTES_MAX = 512 * 1024 * 1024;

interface Open {
  readonly name: string;
  readonly bytes: number;
  left: number;
  padding: number;
  readonly hash: Hash | undefined;
  readonly kept: Buffer[] | undefined;
}

/** `keep` is the path of the file whose bytes are wanted. The stream fails where it is no tar archive, and where one ends too early. */
export function lookingAtTar(keep: string): TarLook {
  const entries = new Map<string, TarEntry>();
  let head = Buffer.alloc(0) as Buffer;
  let open: Open | undefined;
  let kept: Buffer | undefined;
  let zeros = 0;
  const close = (entry: Open): void => {
    if (entry.hash !== undefined) entries.set(entry.name, { bytes: entry.bytes, sha256: entry.hash.digest("hex") });
    if (entry.kept !== undefined) kept = Buffer.concat(entry.kept);
  };
  const begin = (block: Buffer): void => {
    if (block.every((byte) => byte === 0)) return void (zeros += 1);
    const { name, bytes, file } = header(block);
    const wanted = file && name === keep && bytes <= KEPT_BYTES_MAX;
    open = {
      name,
      bytes,
      left: bytes,
      padding: (BLOCK - (bytes % BLOCK)) % BLOCK,
      hash: file ? createHash("sha256") : undefined,
      kept: wanted ? [] : undefined,
    };
  };
  const take = (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length; ) {
      if (open !== undefined && open.left === 0 && open.padding === 0) {
        close(open);
        open = undefined;
      }
      if (open === undefined) {
        if (zeros >= 2) return; // Padding behind the end.
        const piece = chunk.subarray(at, at + BLOCK - head.length);
        head = Buffer.concat([head, piece]);
        at += piece.length;
        if (head.length < BLOCK) return;
        begin(head);
        head = Buffer.alloc(0);
      } else if (open.left > 0) {
        const piece = chunk.subarray(at, at + open.left);
        open.hash?.update(piece);
        open.kept?.push(Buffer.from(piece));
        open.left -= piece.length;
        at += piece.length;
      } else {
        const skipped = Math.min(open.padding, chunk.length - at);
        open.padding -= skipped;
        at += skipped;
      }
    }
  };
  const stream = new Transform({
    transform: (chunk: Buffer, _, done) => {
      try {
        take(chunk);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
    flush: (done) => {
      if (open !== undefined && open.left === 0) {
        close(open);
        open = undefined;
      }
      const cut = open !== undefined || head.length > 0 || zeros === 0;
      done(cut ? new Error("the archive ends in the middle") : null);
    },
  });
  return { stream, entries, kept: () => kept };
}

/** The fields of a ustar header; sizes from 8 GiB on stand in base 256. */
function header(block: Buffer): { readonly name: string; readonly bytes: number; readonly file: boolean } {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (octal(block.subarray(148, 156)) !== sum) throw new Error("it is no tar archive, or was changed");
  const size = block.subarray(124, 136);
  const big = ((size[0] ?? 0) & 0x80) !== 0;
  const bytes = big ? Number(size.readBigUInt64BE(4)) : octal(size);
  const type = String.fromCharCode(block[156] ?? 0);
  const prefix = text(block.subarray(345, 500));
  const name = text(block.subarray(0, 100));
  const file = type === "0" || type === "\0";
  return { name: (prefix === "" ? name : `${prefix}/${name}`).replace(/^\.\//, ""), bytes: file || type === "x" ? bytes : 0, file };
}

function octal(bytes: Buffer): number {
  return Number.parseInt(text(bytes).trim() || "0", 8);
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.subarray(0, end < 0 ? bytes.length : end).toString("utf8");
}
