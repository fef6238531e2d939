/**
 * The hot path: events are put in order in memory and written in groups, one durable write for all callers of a moment.
 * It does not hash the tree, sign or recover; it tells `written` about every group that is on stable storage.
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { AuditEvent } from "../model/event.ts";
import type { AppendFile, LogFiles } from "./files.ts";
import { segmentName } from "./lines.ts";
import { AuditUnavailable } from "./log.ts";
import { eventFields, recordLine } from "./record.ts";
import { chainValue } from "./replay.ts";

/** Where the next line goes, and the chain value that the next write carries. */
export interface Place {
  readonly size: number;
  readonly segment: string;
  readonly offset: number;
  readonly chain: string;
}

/** One group that is on stable storage. */
export interface Written {
  readonly bytes: Buffer;
  /** Those of its events that open or settle acts. */
  readonly acts: readonly AuditEvent[];
  readonly after: Place;
}

export interface WriterOptions {
  readonly files: LogFiles;
  readonly clock: Clock;
  readonly segmentBytesMax: number;
  readonly place: Place;
  readonly written: (group: Written) => void;
}

export interface Writer {
  readonly size: number;
  append(event: AuditEvent): void;
  seal(): Promise<void>;
  /** After this every append throws and every seal rejects, with `because`. */
  breakOff(because: string, cause?: unknown): void;
  /** Closes the file, after a last `seal`. */
  close(): Promise<void>;
}

interface Group {
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export async function openWriter(options: WriterOptions): Promise<Writer> {
  const { files, clock } = options;
  let place = options.place;
  let file: AppendFile = await files.openAppend(place.segment);
  let size = place.size;
  let broken: AuditUnavailable | null = null;
  // The group being gathered. `chain` is null while a group before it is gathered: only the first line of a group carries it.
  let text = "";
  let acts: AuditEvent[] = [];
  let chain: string | null = place.chain;
  let gathering: Group | null = null;
  let writing: Group | null = null;
  let kicked = false;
  let timer: NodeJS.Timeout | null = null;

  const breakOff = (because: string, cause?: unknown): void => {
    broken ??= new AuditUnavailable(because, { cause });
    if (timer !== null) clearTimeout(timer);
    gathering?.reject(broken);
    writing?.reject(broken);
    gathering = null;
    text = "";
    acts = [];
  };

  const kick = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (kicked || writing !== null) return; // The write in flight starts the next group when it ends.
    kicked = true;
    setImmediate(start); // Callers of the same turn of the event loop come along.
  };

  const start = (): void => {
    kicked = false;
    if (broken !== null || text === "" || writing !== null) return;
    writing = gathering ?? newGroup();
    const group = writing;
    const bytes = Buffer.from(text);
    const taken = { acts, upTo: size };
    gathering = null;
    text = "";
    acts = [];
    chain = chainValue(bytes);
    const next = chain;
    write(bytes, taken.upTo).then(
      () => {
        if (broken !== null) return;
        // From here on the group is on stable storage: nobody is told before.
        place = { size: taken.upTo, segment: place.segment, offset: place.offset + bytes.length, chain: next };
        writing = null;
        group.resolve();
        options.written({ bytes, acts: taken.acts, after: place });
        if (gathering !== null || text.length > flushCharacters) kick();
        else if (text !== "") arm();
      },
    ).catch(
      // After a failed write nobody knows what the file holds: the log stays broken until it is opened anew.
      (error: unknown) => breakOff(`the audit log cannot be written: ${messageOf(error)}`, error),
    );
  };

  const write = async (bytes: Buffer, upTo: number): Promise<void> => {
    if (place.offset >= options.segmentBytesMax) {
      await file.close();
      place = { ...place, segment: segmentName(place.size), offset: 0 };
      file = await files.openAppend(place.segment);
    }
    if (upTo <= place.size) throw new RangeError("a group holds at least one record");
    await file.append(bytes);
  };

  const arm = (): void => {
    timer ??= setTimeout(kick, limits.auditReadSyncMsMax).unref();
  };

  return {
    get size() { return size; },
    append(event) {
      if (broken !== null) throw broken;
      if (text.length > limits.auditPendingCharactersMax) {
        breakOff("the audit log is not written fast enough: more waits in memory than is allowed");
        throw broken as unknown as Error;
      }
      text += `${recordLine(size, clock.now(), chain, eventFields(event))}\n`;
      chain = null;
      size += 1;
      if (event.kind === "intent" || event.kind === "outcome" || event.kind === "recovered") acts.push(event);
      if (text.length > flushCharacters) kick();
      else if (writing === null && gathering === null) arm();
    },
    seal() {
      if (broken !== null) return Promise.reject(broken);
      if (text === "") return writing === null ? Promise.resolve() : writing.settled;
      gathering ??= newGroup();
      kick();
      return gathering.settled;
    },
    breakOff,
    close: () => file.close(),
  };
}

/** A group is written without being asked once it is this long. */
const flushCharacters = 256 * 1024;

function newGroup(): Group {
  let resolve = (): void => {};
  let reject = (_: Error): void => {};
  const promise = new Promise<void>((yes, no) => { resolve = yes; reject = no; });
  promise.catch(() => {}); // Every caller sees the rejection on its own; a group nobody waits for must not end the process.
  return { settled: promise, resolve, reject };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
