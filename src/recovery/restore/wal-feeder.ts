/**
 * Hands a recovering server the WAL it asks for, file by file: its `restore_command` is a small script that leaves a note and waits, and we
 * answer. So the key of a sealed archive stays in this process, and no more than a segment or two lies about in plain.
 * It decides nothing about how far the server replays.
 */
import { createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../base/message-of.ts";
import { parseSegment } from "../backup/wal-names.ts";
import { headerBytes, segmentHeader } from "./segment-header.ts";
import type { WalSource } from "./source.ts";
import type { ScratchFolder } from "./scratch-folder.ts";

export interface WalFeeder {
  /** For `restore_command`. */
  readonly command: string;
  /** The newest segment that was handed out. */
  readonly newest: () => string | undefined;
  /** What the server asked for, and the archive does not have. */
  readonly missed: () => readonly string[];
  /** What is wrong with a file that the archive has: the server was told to stop there. */
  readonly broken: () => string | undefined;
  stop(): Promise<void>;
}

/** %f and %p are the server's: a plain name, and a path within its own folder. An exit code beyond 125 ends the recovery by name. */
const script = `#!/bin/sh
dir=$1; name=$2; to=$3
: > "$dir/wanted/$name" || exit 1
while [ -d "$dir" ]; do
  if [ -e "$dir/given/$name" ]; then mv "$dir/given/$name" "$to" || exit 126; exit 0; fi
  if [ -e "$dir/none/$name" ]; then rm -f "$dir/none/$name"; exit 1; fi
  if [ -e "$dir/over" ]; then exit 126; fi
  sleep 0.02
done
exit 126
`;

const POLL_MS = 20;

export interface Cluster {
  readonly systemIdentifier: string | undefined;
  readonly segmentBytes: number;
}

/** `archive` may be absent: then the server is told of each file that there is none. */
export async function feedWal(folder: ScratchFolder, archive: WalSource | undefined, cluster: Cluster): Promise<WalFeeder> {
  const feeder = new Feeder(join(folder.path, "wal"), folder, archive, cluster);
  await feeder.open();
  return feeder;
}

class Feeder implements WalFeeder {
  readonly command: string;
  readonly #place: string;
  readonly #folder: ScratchFolder;
  readonly #archive: WalSource | undefined;
  readonly #cluster: Cluster;
  readonly #missed: string[] = [];
  #newest: string | undefined;
  #broken: string | undefined;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(place: string, folder: ScratchFolder, archive: WalSource | undefined, cluster: Cluster) {
    this.#place = place;
    this.#folder = folder;
    this.#archive = archive;
    this.#cluster = cluster;
    const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
    // Where a path has a per cent sign, the server reads two of them as one.
    const literal = (text: string) => quoted(text).replaceAll("%", "%%");
    this.command = `/bin/sh ${literal(join(place, "fetch.sh"))} ${literal(place)} "%f" "%p"`;
  }

  async open(): Promise<void> {
    for (const each of ["", "wanted", "given", "none", "drafts"]) {
      const path = join(this.#place, each);
      await mkdir(path, { mode: 0o700 });
      await this.#folder.own(path);
    }
    await writeFile(join(this.#place, "fetch.sh"), script, { mode: 0o700 });
    await this.#folder.own(join(this.#place, "fetch.sh"));
    this.#running = this.#serve();
  }

  newest = () => this.#newest;
  missed = () => this.#missed;
  broken = () => this.#broken;

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #serve(): Promise<void> {
    while (!this.#stopping) {
      for (const name of await readdir(join(this.#place, "wanted")).catch(() => [])) await this.#answer(name);
      await delay(POLL_MS);
    }
  }

  async #answer(name: string): Promise<void> {
    await rm(join(this.#place, "wanted", name), { force: true });
    try {
      if (await this.#give(name)) return;
      this.#missed.push(name);
      await writeFile(join(this.#place, "none", name), "", { mode: 0o600 });
    } catch (error) {
      this.#broken ??= `WAL file \`${name}\`: ${messageOf(error)}`;
      await writeFile(join(this.#place, "over"), "", { mode: 0o600 }).catch(() => undefined);
    }
  }

  /** False where the archive has no such file. */
  async #give(name: string): Promise<boolean> {
    const bytes = await this.#archive?.read(name);
    if (bytes === undefined) return false;
    const draft = join(this.#place, "drafts", name);
    await pipeline(bytes, createWriteStream(draft, { mode: 0o600 }));
    const segment = parseSegment(name, this.#cluster.segmentBytes);
    if (segment !== undefined) await this.#examine(segment.number, draft);
    await this.#folder.own(draft);
    await rename(draft, join(this.#place, "given", name));
    if (segment !== undefined) this.#newest = name;
    return true;
  }

  /** The server takes a segment that is not its own for the end of all WAL, and goes on as if nothing were missing. */
  async #examine(number: bigint, path: string): Promise<void> {
    const { systemIdentifier, segmentBytes } = this.#cluster;
    const header = segmentHeader(await firstBytes(path));
    const { size } = await stat(path);
    if (size > segmentBytes) throw new Error(`it has ${size} bytes and should have ${segmentBytes}`);
    if (header === undefined) throw new Error("it is no WAL segment");
    if (systemIdentifier !== undefined && header.systemIdentifier !== systemIdentifier)
      throw new Error(`it is of another cluster (${header.systemIdentifier}, and this is ${systemIdentifier})`);
    if (header.at !== number * BigInt(segmentBytes)) throw new Error("its bytes are another segment's");
    if (size < segmentBytes) await pad(path, segmentBytes);
  }
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** An unfinished segment ends in zeros, as the server's own does. */
async function pad(path: string, bytes: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.truncate(bytes);
  } finally {
    await file.close();
  }
}
