/**
 * Reads the log's records in order, from any place, and follows it while it grows.
 * It does not verify; a follower keeps its own place by the record's number.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { LogFiles } from "./files.ts";
import { directoryFiles } from "./files.ts";
import type { Segment } from "./lines.ts";
import { linesOf, segmentsOf } from "./lines.ts";
import type { StoredRecord } from "./record.ts";
import { parseRecord } from "./record.ts";

export interface ReadOptions {
  readonly directory: string;
  /** Number of the first record wanted; from 0. */
  readonly from?: number;
  /** Begin this many records before the end instead. */
  readonly last?: number;
  /** Go on when the end is reached, until `signal` says stop. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  readonly pollMs?: number;
  readonly files?: LogFiles;
}

/** A record and the exact bytes it is stored in: what the tree's leaf hashes. */
export interface ReadRecord extends StoredRecord {
  readonly line: Buffer;
}

/** Lines that are no record are passed over: `audit verify` names them. An unfinished last line waits for its end. */
export async function* readEvents(options: ReadOptions): AsyncGenerator<ReadRecord> {
  const files = options.files ?? (await directoryFiles(options.directory));
  const first = options.last === undefined ? (options.from ?? 0) : Math.max(0, (await recordCount(files)) - options.last);
  let segments = segmentsOf(await files.list());
  let at = startSegment(segments, first);
  let offset = 0;
  for (;;) {
    const segment = segments[at];
    if (segment !== undefined) {
      for await (const line of linesOf(files, segment.name, offset)) {
        if (options.signal?.aborted === true) return;
        if (!line.whole) break;
        offset = line.offset + line.bytes.length + 1;
        const record = parseRecord(line.bytes.toString());
        if (record !== null && record.n >= first) yield { ...record, line: line.bytes };
      }
    }
    if (segments[at + 1] !== undefined) {
      at += 1;
      offset = 0;
      continue;
    }
    const known = segments.length;
    if (options.follow !== true || options.signal?.aborted === true) return;
    await delay(options.pollMs ?? 100, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(() => {});
    segments = segmentsOf(await files.list());
    // A segment is complete once there is a next one: what it got meanwhile is read before going on to that.
    if (segments.length > known && segment !== undefined) segments = segments.slice(0, known + 1);
    if (segments.length > known && segment !== undefined && (await files.size(segment.name)) > offset) segments = segments.slice(0, known);
  }
}

function startSegment(segments: readonly Segment[], first: number): number {
  return Math.max(
    0,
    segments.findLastIndex((segment) => segment.first <= first),
  );
}

/** Records in the log, by counting the lines of its last segment only. */
export async function recordCount(files: LogFiles): Promise<number> {
  const last = segmentsOf(await files.list()).at(-1);
  if (last === undefined) return 0;
  let count = last.first;
  for await (const line of linesOf(files, last.name, 0)) if (line.whole) count += 1;
  return count;
}
