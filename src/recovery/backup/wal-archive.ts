/**
 * The WAL archive of one target: a folder a timeline, a file a segment, its history file beside. It says what is missing between two
 * positions. It receives nothing by itself; `wal-receiver.ts` does, and puts here what is whole.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RandomBytes } from "../../base/ids.ts";
import { readStored, storedName, storeStream } from "./store-file.ts";
import { parseSegment, segmentName, timelineText } from "./wal-names.ts";

export interface WalSegment {
  /** 24 hexadecimal digits. */
  readonly name: string;
  readonly timeline: number;
  readonly number: bigint;
  /** As it lies there. */
  readonly bytes: number;
  readonly storedAtMs: number;
  /** What the server had filled of it when it was stored last; a whole one is stored in its place. */
  readonly partial: boolean;
}

export interface WalArchive {
  /** Absolute; need not be there. */
  readonly folder: string;
  /** Says that the archive is that cluster's alone. Rejects where it is another's: names of segments are the same in every cluster. */
  claim(systemIdentifier: string): Promise<void>;
  /** By timeline, then by number. */
  segments(segmentBytes: number): Promise<readonly WalSegment[]>;
  /** Stores a segment (`...A3`), a partial one (`...A3.partial`) or a history file (`00000002.history`), at once and durably. */
  put(file: string, name: string, random: RandomBytes): Promise<void>;
  /**
   * Plain bytes of a segment or a history file, as `restore_command` asks for them: where only a partial one is there, that.
   * `undefined` where there is none. The stream fails where the bytes are not those that were stored.
   */
  read(name: string): Promise<Readable | undefined>;
  /** As {@link read}, into a file, which is there whole or not at all. `false` where there is none. */
  fetch(name: string, destination: string): Promise<boolean>;
  /** Names of the segments from one to the other, both included, that are not there whole. */
  missing(timeline: number, from: bigint, to: bigint, segmentBytes: number): Promise<readonly string[]>;
  /** Removes whole segments of a timeline before `number`, and all segments of earlier timelines; histories stay. Returns how many. */
  removeBefore(timeline: number, number: bigint, segmentBytes: number): Promise<number>;
}

export function openWalArchive(folder: string, key: Uint8Array | undefined, sealed: boolean): WalArchive {
  return new FolderArchive(folder, key, sealed);
}

const partialMark = ".partial";
const nameShape = /^([0-9A-F]{8})(?:[0-9A-F]{16}(?:\.partial)?|\.history)$/;

class FolderArchive implements WalArchive {
  readonly folder: string;
  readonly #key: Uint8Array | undefined;
  readonly #sealed: boolean;

  constructor(folder: string, key: Uint8Array | undefined, sealed: boolean) {
    this.folder = folder;
    this.#key = key;
    this.#sealed = sealed;
  }

  async claim(systemIdentifier: string): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, "system-identifier");
    const known = await readFile(path, "utf8").catch(absentIsNull);
    if (known === null) return writeFile(path, `${systemIdentifier}\n`, { mode: 0o600, flag: "wx" });
    if (known.trim() !== systemIdentifier)
      throw new Error(
        `\`${this.folder}\` holds WAL of cluster ${known.trim()}, and this is ${systemIdentifier}: give it a target of its own`,
      );
  }

  async segments(segmentBytes: number): Promise<readonly WalSegment[]> {
    const found: WalSegment[] = [];
    for (const timeline of (await names(this.folder)).filter((name) => /^[0-9A-F]{8}$/.test(name))) {
      const here = join(this.folder, timeline);
      const files = (await names(here)).filter((file) => !file.startsWith("."));
      const whole = new Set(files.map(bare).filter((name) => !name.endsWith(partialMark)));
      for (const file of files) {
        const stem = bare(file);
        const partial = stem.endsWith(partialMark);
        const name = partial ? stem.slice(0, -partialMark.length) : stem;
        const parsed = parseSegment(name, segmentBytes);
        if (parsed === undefined || (partial && whole.has(name))) continue;
        const known = await stat(join(here, file)).catch(absentIsNull);
        if (known !== null) found.push({ name, ...parsed, bytes: known.size, storedAtMs: known.mtimeMs, partial });
      }
    }
    return found.sort((a, b) => a.timeline - b.timeline || Number(a.number - b.number));
  }

  async put(file: string, name: string, random: RandomBytes): Promise<void> {
    const [, timeline] = nameShape.exec(name) ?? [];
    if (timeline === undefined) throw new Error(`\`${name}\` is no WAL file's name`);
    if (this.#sealed && this.#key === undefined) throw new Error("the archive is sealed: the repository's key is needed");
    const home = join(this.folder, timeline);
    await mkdir(home, { recursive: true, mode: 0o700 });
    const final = storedName(name, true, this.#sealed);
    const drafts = join(home, ".draft");
    await mkdir(drafts, { recursive: true, mode: 0o700 });
    await rm(join(drafts, final), { force: true });
    await storeStream(createReadStream(file), { folder: drafts, name, compressed: true, key: this.#key, random });
    await rename(join(drafts, final), join(home, final));
    await syncFolder(home);
    // The whole one is durable: what was filled of it before is not wanted any more.
    if (!name.endsWith(partialMark)) await rm(join(home, storedName(`${name}${partialMark}`, true, this.#sealed)), { force: true });
  }

  async read(name: string): Promise<Readable | undefined> {
    const [, timeline] = nameShape.exec(name) ?? [];
    if (timeline === undefined) return undefined;
    const home = join(this.folder, timeline);
    for (const stem of [name, `${name}${partialMark}`]) {
      const file = storedName(stem, true, this.#sealed);
      if ((await stat(join(home, file)).catch(absentIsNull)) !== null) return readStored(join(home, file), file, this.#key);
    }
    return undefined;
  }

  async fetch(name: string, destination: string): Promise<boolean> {
    const bytes = await this.read(name);
    if (bytes === undefined) return false;
    const draft = `${destination}.draft`;
    await rm(draft, { force: true });
    try {
      await pipeline(bytes, createWriteStream(draft, { mode: 0o600, flags: "wx" }));
      await rename(draft, destination);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return true;
  }

  async missing(timeline: number, from: bigint, to: bigint, segmentBytes: number): Promise<readonly string[]> {
    const all = await this.segments(segmentBytes);
    const there = new Set(all.filter(({ partial }) => !partial).map(({ name }) => name));
    const lost: string[] = [];
    for (let number = from; number <= to; number += 1n) {
      const name = segmentName({ timeline, number }, segmentBytes);
      if (!there.has(name)) lost.push(name);
    }
    return lost;
  }

  async removeBefore(timeline: number, number: bigint, segmentBytes: number): Promise<number> {
    const all = await this.segments(segmentBytes);
    const old = all.filter((each) => each.timeline < timeline || (each.timeline === timeline && each.number < number && !each.partial));
    for (const { name, timeline: of } of old) {
      const home = join(this.folder, timelineText(of));
      for (const stem of of < timeline ? [name, `${name}${partialMark}`] : [name])
        await rm(join(home, storedName(stem, true, this.#sealed)), { force: true });
    }
    return old.length;
  }
}

/** A file's name without the endings of compressing and sealing. */
function bare(file: string): string {
  return file.replace(/\.sealed$/, "").replace(/\.gz$/, "");
}

async function names(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // Windows cannot sync a folder.
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

function absentIsNull(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
