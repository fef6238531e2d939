/**
 * The log's tree as static C2SP tlog-tiles (`tile/<level>/<number>`, 256 hashes each), for tools that read transparency logs.
 * It covers what the newest checkpoint signs, and writes hashes only: records leave through the other formats.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readEvents } from "../events.ts";
import { directoryFiles } from "../files.ts";
import { checkpointFile } from "../lines.ts";
import { leafHash, nodeHash } from "../merkle.ts";
import { parseCheckpoint } from "../note.ts";

const tileWidth = 256;

/** Writes `checkpoint` and the tiles under `into`; resolves to the number of records covered. */
export async function exportTiles(directory: string, into: string): Promise<number> {
  const text = (await (await directoryFiles(directory)).read(checkpointFile))?.toString() ?? "";
  const checkpoint = parseCheckpoint(text);
  if (checkpoint === null) throw new Error(`\`${directory}\` holds no checkpoint: there is nothing to export`);
  const levels: { number: number; hashes: Buffer[] }[] = [];
  const put = async (level: number, hash: Buffer): Promise<void> => {
    const tile = levels[level] ?? { number: 0, hashes: [] };
    levels[level] = tile;
    tile.hashes.push(hash);
    if (tile.hashes.length < tileWidth) return;
    await save(join(into, "tile", String(level), tilePath(tile.number)), Buffer.concat(tile.hashes));
    const root = subtreeRoot(tile.hashes);
    levels[level] = { number: tile.number + 1, hashes: [] };
    await put(level + 1, root);
  };
  let covered = 0;
  for await (const { line } of readEvents({ directory })) {
    if (covered === checkpoint.size) break;
    await put(0, leafHash(line));
    covered += 1;
  }
  if (covered < checkpoint.size)
    throw new Error(`the log has ${covered} records and its checkpoint signs ${checkpoint.size}: run audit verify`);
  for (const [level, { number, hashes }] of levels.entries()) {
    if (hashes.length > 0)
      await save(join(into, "tile", String(level), `${tilePath(number)}.p`, String(hashes.length)), Buffer.concat(hashes));
  }
  await save(join(into, "checkpoint"), Buffer.from(text));
  return covered;
}

/** Three digits a path element, all but the last marked with an x: 1234067 is `x001/x234/067`. */
export function tilePath(number: number): string {
  const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, "0");
  const parts = digits.match(/\d{3}/g) ?? [];
  return parts.map((part, i) => (i < parts.length - 1 ? `x${part}` : part)).join("/");
}

/** The root of a full tile: a perfect tree. */
function subtreeRoot(hashes: readonly Buffer[]): Buffer {
  let row = hashes;
  while (row.length > 1) {
    const below = row;
    row = Array.from({ length: below.length / 2 }, (_, i) => nodeHash(below[2 * i] as Buffer, below[2 * i + 1] as Buffer));
  }
  return row[0] as Buffer;
}

async function save(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
