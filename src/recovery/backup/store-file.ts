/**
 * A stream into a file of the repository and back: compressed, sealed, counted and digested on the way, durable when it is done.
 * It decides no name beyond the endings, and holds no more than a piece in memory.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGunzip, createGzip } from "node:zlib";
import type { RandomBytes } from "../../base/ids.ts";
import { sealing, unsealing } from "./seal.ts";

export interface Storing {
  readonly folder: string;
  /** Without endings: they are added. */
  readonly name: string;
  /** `false` for what is compressed already. */
  readonly compressed: boolean;
  /** Absent: it is not sealed. */
  readonly key: Uint8Array | undefined;
  readonly random: RandomBytes;
  /** Looks at the plain bytes as they pass. */
  readonly watching?: readonly Transform[];
  /** Told of each plain piece's length. */
  readonly progress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface Stored {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly plainBytes: number;
}

/** The name that the bytes get: its endings say how they are read. */
export function storedName(name: string, compressed: boolean, sealed: boolean): string {
  return `${name}${compressed ? ".gz" : ""}${sealed ? ".sealed" : ""}`;
}

/** The bytes are on stable storage when it resolves; the name is the caller's to make durable. Mode 0600. */
export async function storeStream(source: Readable, options: Storing): Promise<Stored> {
  const { folder, key, compressed, random, progress = () => undefined } = options;
  const name = storedName(options.name, compressed, key !== undefined);
  const plain = counting(progress);
  const digest = createHash("sha256");
  const stored = counting((_, chunk) => void digest.update(chunk));
  const path = join(folder, name);
  const steps = [
    plain.stream,
    ...(options.watching ?? []),
    // Level 1 keeps up with a disk; higher ones save a few per cent of room and cost several times as long.
    ...(compressed ? [createGzip({ level: constants.Z_BEST_SPEED })] : []),
    ...(key === undefined ? [] : [sealing({ key, label: name }, random)]),
    stored.stream,
  ];
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  await pipeline([source, ...steps, createWriteStream(path, { mode: 0o600, flags: "wx" })], signal);
  const handle = await open(path, "r+");
  await handle.sync().finally(() => handle.close());
  return { name, bytes: stored.bytes(), sha256: digest.digest("hex"), plainBytes: plain.bytes() };
}

/** The plain bytes. The stream fails where the file is not what was stored. `watching` looks at the bytes as they lie there. */
export function readStored(path: string, name: string, key: Uint8Array | undefined, watching: readonly Transform[] = []): Readable {
  const sealed = name.endsWith(".sealed");
  if (sealed && key === undefined) throw new Error(`\`${name}\` is sealed: the repository's key is needed`);
  const inner = sealed ? name.slice(0, -".sealed".length) : name;
  const steps: Transform[] = [
    ...watching,
    ...(sealed ? [unsealing({ key: key ?? new Uint8Array(), label: name })] : []),
    ...(inner.endsWith(".gz") ? [createGunzip()] : []),
  ];
  const source = createReadStream(path);
  const end = steps.at(-1);
  if (end === undefined) return source;
  // What fails in the middle fails at the end, where somebody listens.
  pipeline([source, ...steps]).catch((error: unknown) => end.destroy(error instanceof Error ? error : new Error(String(error))));
  return end;
}

function counting(told: (bytes: number, chunk: Buffer) => void): { readonly stream: Transform; readonly bytes: () => number } {
  let bytes = 0;
  const stream = new Transform({
    transform: (chunk: Buffer, _, done) => {
      bytes += chunk.length;
      told(chunk.length, chunk);
      done(null, chunk);
    },
  });
  return { stream, bytes: () => bytes };
}
