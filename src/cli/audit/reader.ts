/**
 * Reads records of an audit log for people and programs: from the start, the last few, or as they come in.
 * It does not verify anything: `audit verify` does, and what a record says counts only as much as that.
 */
import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type LogFiles, directoryFiles } from "../../audit/files.ts";
import { linesOf, segmentsOf } from "../../audit/lines.ts";
import { type StoredRecord, parseRecord } from "../../audit/record.ts";
import { failed } from "../errors.ts";

/** One stored line; `record` is null when the line is none. */
export interface ReadRecord {
  readonly record: StoredRecord | null;
  /** The exact line as stored, without its line feed. */
  readonly line: string;
}

/** A place to go on reading from. */
interface Place {
  readonly segment: string;
  readonly offset: number;
}

const pollMs = 250;

/** The log's files. Fails when there is no such log, instead of making one. */
export async function openLogFiles(directory: string): Promise<LogFiles> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw failed(`there is no audit log in \`${directory}\``, "give the folder with --directory, or start the gateway once: holdfast up");
  }
  return directoryFiles(directory);
}

/** Every record from the first on. */
export async function* allRecords(files: LogFiles): AsyncGenerator<ReadRecord> {
  for (const { name } of segmentsOf(await files.list())) {
    for await (const { bytes, whole } of linesOf(files, name, 0)) if (whole) yield read(bytes);
  }
}

/** The last `count` records in order, and where to go on. Reads as many whole segments from the end as that takes. */
export async function lastRecords(files: LogFiles, count: number): Promise<{ records: readonly ReadRecord[]; next: Place | undefined }> {
  const segments = segmentsOf(await files.list());
  let records: ReadRecord[] = [];
  let next: Place | undefined;
  for (const { name } of [...segments].reverse()) {
    const ofSegment: ReadRecord[] = [];
    let offset = 0;
    for await (const line of linesOf(files, name, 0)) {
      if (!line.whole) break;
      offset = line.offset + line.bytes.length + 1;
      ofSegment.push(read(line.bytes));
      if (ofSegment.length > 2 * count + 64) ofSegment.splice(0, ofSegment.length - count);
    }
    next ??= { segment: name, offset };
    records = [...ofSegment, ...records];
    if (records.length >= count) break;
  }
  return { records: count === 0 ? [] : records.slice(-count), next };
}

/** Records after `place` as they are written, until `ended` aborts. */
export async function* followRecords(files: LogFiles, place: Place | undefined, ended: AbortSignal): AsyncGenerator<ReadRecord> {
  let at = place;
  while (!ended.aborted) {
    const segments = segmentsOf(await files.list());
    for (const { name } of segments) {
      if (at !== undefined && name < at.segment) continue;
      const offset: number = at?.segment === name ? at.offset : 0;
      at = { segment: name, offset };
      for await (const line of linesOf(files, name, offset)) {
        if (!line.whole) break;
        at = { segment: name, offset: line.offset + line.bytes.length + 1 };
        yield read(line.bytes);
      }
    }
    await delay(pollMs, undefined, { signal: ended }).catch(() => {});
  }
}

function read(bytes: Buffer): ReadRecord {
  const line = bytes.toString("utf8");
  return { record: parseRecord(line), line };
}
