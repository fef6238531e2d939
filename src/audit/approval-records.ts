/**
 * The log's records of approvals since a time, read back at a start: what was used or answered before is known from here alone.
 * It verifies nothing: opening the log for writing has held it against its checkpoints.
 */
import type { ApprovalEvent } from "../model/event.ts";
import { directoryFiles, type LogFiles } from "./files.ts";
import { linesOf, segmentsOf } from "./lines.ts";
import { parseRecord, type StoredRecord } from "./record.ts";

/** Stands in every such record and in few others: the rest is not parsed. */
const mark = Buffer.from('"kind":"approval_');
const lineFeed = 0x0a;

/** In order. Rejects with the error of a file. */
export async function* approvalRecords(directory: string, sinceMs: number): AsyncGenerator<ApprovalEvent> {
  const files = await directoryFiles(directory);
  const segments = segmentsOf(await files.list()).map(({ name }) => name);
  for (const segment of segments.slice(await firstSince(files, segments, sinceMs))) {
    for await (const line of markedLines(files, segment)) {
      const record = parseRecord(line);
      if (record !== null && isApproval(record)) yield record.event;
    }
  }
}

/** Whole lines that hold the mark. A busy log has hundreds of millions of others: they are not even told apart. */
async function* markedLines(files: LogFiles, segment: string): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of files.stream(segment, 0)) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const end = bytes.lastIndexOf(lineFeed) + 1;
    for (let found = bytes.indexOf(mark); found >= 0 && found < end; ) {
      const from = bytes.lastIndexOf(lineFeed, found) + 1;
      const to = bytes.indexOf(lineFeed, found);
      yield bytes.toString("utf8", from, to);
      found = bytes.indexOf(mark, to);
    }
    rest = bytes.subarray(end);
  }
}

/** The last segment that begins before the time: what follows it may be later. */
async function firstSince(files: LogFiles, segments: readonly string[], sinceMs: number): Promise<number> {
  for (let at = segments.length - 1; at > 0; at--) {
    const begins = await firstTime(files, segments[at] ?? "");
    if (begins !== undefined && begins < sinceMs) return at;
  }
  return 0;
}

async function firstTime(files: LogFiles, segment: string): Promise<number | undefined> {
  for await (const { bytes, whole } of linesOf(files, segment, 0)) return whole ? parseRecord(bytes.toString())?.t : undefined;
  return undefined;
}

function isApproval(record: StoredRecord): record is StoredRecord & { readonly event: ApprovalEvent } {
  return record.event.kind.startsWith("approval_");
}
