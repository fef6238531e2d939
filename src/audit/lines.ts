/**
 * The log's files and lines: names of segments, and the reading of lines with their places.
 * It does not judge what it reads; recovery and verification each do, and share no state.
 */
import type { LogFiles } from "./files.ts";

/** The newest checkpoint, alone. */
export const checkpointFile = "checkpoint";
/** All checkpoints in order, an empty line after each. */
export const checkpointsFile = "checkpoints";
/** What the writer needs to start without reading everything; a cache of what the log says. */
export const frontierFile = "frontier";

const segmentPattern = /^events-([0-9]{15})\.jsonl$/;
const tornPattern = /^torn-([0-9]{6})$/;

/** The segment whose first line is record `first`. */
export function segmentName(first: number): string {
  return `events-${String(first).padStart(15, "0")}.jsonl`;
}

export interface Segment {
  readonly name: string;
  /** Index of its first record. */
  readonly first: number;
}

/** Segments in order of their records. */
export function segmentsOf(names: readonly string[]): readonly Segment[] {
  return names
    .flatMap((name) => {
      const first = segmentPattern.exec(name)?.[1];
      return first === undefined ? [] : [{ name, first: Number(first) }];
    })
    .sort((a, b) => a.first - b.first);
}

/** Files of set-aside bytes, in order. */
export function tornFilesOf(names: readonly string[]): readonly string[] {
  return names.filter((name) => tornPattern.test(name)).sort();
}

export function nextTornFile(names: readonly string[]): string {
  const last = tornFilesOf(names).at(-1);
  return `torn-${String(last === undefined ? 1 : Number(tornPattern.exec(last)?.[1]) + 1).padStart(6, "0")}`;
}

export interface Line {
  /** Without the line feed. */
  readonly bytes: Buffer;
  /** Place of its first byte in the segment. */
  readonly offset: number;
  /** False for the bytes after the last line feed. */
  readonly whole: boolean;
}

/** Lines of one file from `offset` on; an unfinished one comes last, with `whole` false. */
export async function* linesOf(files: LogFiles, name: string, offset: number): AsyncGenerator<Line> {
  let rest: Buffer[] = [];
  let start = offset;
  for await (const piece of files.stream(name, offset)) {
    let at = 0;
    for (let end = piece.indexOf(10, at); end >= 0; end = piece.indexOf(10, at)) {
      const tail = piece.subarray(at, end);
      const bytes = rest.length === 0 ? tail : Buffer.concat([...rest, tail]);
      rest = [];
      yield { bytes, offset: start, whole: true };
      start += bytes.length + 1;
      at = end + 1;
    }
    if (at < piece.length) rest.push(piece.subarray(at));
  }
  if (rest.length > 0) yield { bytes: Buffer.concat(rest), offset: start, whole: false };
}
