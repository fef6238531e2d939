/**
 * Walks a folder and gives each file's text, and what was not read with the reason: no file makes it fail.
 * It does not know what a secret is; which names are passed over stands in `paths.ts`.
 */
import { constants } from "node:fs";
import { lstat, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { limits } from "../base/limits.ts";
import type { SourceText } from "./credential.ts";
import { isBinaryName, isPassedOver, isReadableBinary } from "./paths.ts";

/** Why something was not read, in words. */
export interface Unread {
  readonly path: string;
  readonly why: string;
}

export type Walked = { readonly kind: "file"; readonly file: SourceText } | { readonly kind: "unread"; readonly unread: Unread };

export interface WalkOptions {
  readonly signal?: AbortSignal;
  /** Those of `base/limits.ts`, unless given. */
  readonly bounds?: Bounds;
}

interface Bounds {
  readonly scanDepthMax: number;
  readonly scanFilesMax: number;
  readonly scanFileBytesMax: number;
}

interface Walk {
  /** Device and inode of each folder, so that no way leads round in circles, whoever makes them. */
  readonly folders: Set<string>;
  files: number;
  readonly signal: AbortSignal | undefined;
  readonly bounds: Bounds;
}

/**
 * Every regular file at or below `root`, in the order of names, each with its path relative to `root` and with `/`.
 * Links to files are followed, links to folders are not: what they hold lies elsewhere. Ends early, without an error, when `signal` aborts.
 */
export async function* walk(root: string, { signal, bounds = limits }: WalkOptions = {}): AsyncGenerator<Walked> {
  const state: Walk = { folders: new Set(), files: 0, signal, bounds };
  const about = await stat(root).catch((error: unknown) => causeOf(error));
  if (typeof about === "string") yield { kind: "unread", unread: { path: ".", why: about } };
  else if (about.isDirectory()) yield* folder(root, "", 0, state);
  else yield* file(root, root.replace(/^.*[/\\]/, ""), state);
}

/** The same for the named files and folders of `root` that are there, and for nothing else of it. */
export async function* walkPlaces(
  root: string,
  places: readonly string[],
  { signal, bounds = limits }: WalkOptions = {},
): AsyncGenerator<Walked> {
  const state: Walk = { folders: new Set(), files: 0, signal, bounds };
  for (const place of places) {
    const there = await lstat(join(root, place)).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== "ENOENT" && error.code !== "ENOTDIR",
    );
    if (there) yield* entry(root, place, 0, state);
  }
}

async function* folder(root: string, relative: string, depth: number, state: Walk): AsyncGenerator<Walked> {
  const path = relative === "" ? root : join(root, relative);
  const unread = (why: string): Walked => ({ kind: "unread", unread: { path: relative === "" ? "." : relative, why } });
  if (depth > state.bounds.scanDepthMax) return yield unread(`more than ${state.bounds.scanDepthMax} folders deep`);
  let names: string[];
  try {
    const { dev, ino } = await lstat(path);
    if (state.folders.has(`${dev}:${ino}`)) return;
    state.folders.add(`${dev}:${ino}`);
    names = (await readdir(path)).sort();
  } catch (error) {
    return yield unread(causeOf(error));
  }
  for (const name of names) {
    if (state.signal?.aborted === true) return;
    if (state.files >= state.bounds.scanFilesMax)
      return yield unread(`more than ${state.bounds.scanFilesMax} files: the rest of it was not read`);
    const below = relative === "" ? name : `${relative}/${name}`;
    if (!isPassedOver(below)) yield* entry(root, below, depth, state);
  }
}

async function* entry(root: string, relative: string, depth: number, state: Walk): AsyncGenerator<Walked> {
  const path = join(root, relative);
  try {
    const own = await lstat(path);
    if (own.isDirectory()) return yield* folder(root, relative, depth + 1, state);
    const meant = own.isSymbolicLink() ? await stat(path) : own;
    if (meant.isDirectory()) return yield { kind: "unread", unread: { path: relative, why: "a link to a folder is not followed" } };
    if (!meant.isFile()) return;
  } catch (error) {
    return yield { kind: "unread", unread: { path: relative, why: causeOf(error) } };
  }
  yield* file(path, relative, state);
}

async function* file(path: string, relative: string, state: Walk): AsyncGenerator<Walked> {
  state.files++;
  if (isBinaryName(relative)) return;
  try {
    const bytes = await bytesOf(path, state.bounds.scanFileBytesMax);
    if (typeof bytes === "string") return yield { kind: "unread", unread: { path: relative, why: bytes } };
    const text = textOf(bytes, isReadableBinary(relative));
    if (text !== undefined) yield { kind: "file", file: { path: relative, text } };
  } catch (error) {
    yield { kind: "unread", unread: { path: relative, why: causeOf(error) } };
  }
}

/** The file's bytes, or why they are not read. It is looked at again once it is open: it may have been replaced since. */
async function bytesOf(path: string, bytesMax: number): Promise<Uint8Array | string> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const about = await handle.stat();
    if (!about.isFile()) return "no regular file";
    if (about.size > bytesMax) return `larger than ${bytesMax} bytes`;
    const bytes = Buffer.allocUnsafe(Math.min(about.size + 1, bytesMax));
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}

/** `undefined` for what is no text: a zero byte near its start. Bytes that are no UTF-8 become a mark and harm nothing. */
function textOf(bytes: Uint8Array, anyBytes: boolean): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return buffer.subarray(2).toString("utf16le");
  if (buffer[0] === 0xfe && buffer[1] === 0xff)
    return Buffer.from(buffer.subarray(2, buffer.length & ~1))
      .swap16()
      .toString("utf16le");
  if (anyBytes) return buffer.toString("latin1");
  if (buffer.subarray(0, 8_192).includes(0)) return undefined;
  return buffer.toString("utf8").replace(/^\uFEFF/, "");
}

/** The system's code in words; its message would repeat the path, which is shown with care elsewhere. */
function causeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case "EACCES":
    case "EPERM":
      return "no permission to read it";
    case "ENOENT":
      return "not there (a link that leads nowhere, or gone meanwhile)";
    case "ELOOP":
      return "a link that leads in circles";
    default:
      return `cannot be read: ${code ?? "unknown cause"}`;
  }
}
