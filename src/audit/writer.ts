/**
 * The hot path: events are put in order in memory and written in groups, one durable write for all callers of a moment.
 * It does not hash the tree, sign or recover; it tells `written` about every group that is on stable storage.
 */
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { AuditEvent } from "../model/event.ts";
import type { AppendFile, LogFiles } from "./files.ts";
import { LineWriter } from "./line-writer.ts";
import { segmentName } from "./lines.ts";
import { AuditUnavailable } from "./log.ts";
import { chainValue, GatheredActs, type WrittenActs } from "./replay.ts";

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
  readonly acts: WrittenActs;
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

interface Waiters {
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export async function openWriter(options: WriterOptions): Promise<Writer> {
  return new GroupWriter(options, await options.files.openAppend(options.place.segment));
}

/** State of one writer. "The group" is what was appended since the last write began. */
class GroupWriter implements Writer {
  readonly #options: WriterOptions;
  #file: AppendFile;
  /** Where the durable part ends. */
  #place: Place;
  #size: number;
  readonly #lines = new LineWriter();
  readonly #acts = new GatheredActs();
  /** Null once the group has its first line: only that line carries the chain. */
  #chain: string | null;
  /** Callers who wait for the group. */
  #gathering: Waiters | null = null;
  /** Callers who wait for the write in flight; null when there is none. */
  #writing: Waiters | null = null;
  #inFlight: Promise<void> = Promise.resolve();
  #kicked = false;
  #timer: NodeJS.Timeout | null = null;
  #broken: AuditUnavailable | null = null;

  constructor(options: WriterOptions, file: AppendFile) {
    this.#options = options;
    this.#file = file;
    this.#place = options.place;
    this.#size = options.place.size;
    this.#chain = options.place.chain;
  }

  get size(): number {
    return this.#size;
  }

  append(event: AuditEvent): void {
    // A long transaction is told in several records, so that none of its acts is cut off.
    if (event.kind === "transaction_ended" && event.actions.length > actionsMax) {
      this.append({ ...event, actions: event.actions.slice(0, actionsMax) });
      this.append({ ...event, actions: event.actions.slice(actionsMax), rowsChanged: 0 });
      return;
    }
    if (this.#lines.length > limits.auditPendingBytesMax) {
      this.breakOff("the audit log is not written fast enough: more waits in memory than is allowed");
    }
    if (this.#broken !== null) throw this.#broken;
    this.#lines.add(this.#size, this.#options.clock.now(), this.#chain, event); // May throw on a defect; nothing has changed then.
    this.#chain = null;
    this.#size += 1;
    this.#acts.add(event);
    if (this.#lines.length > flushBytes) this.#kick();
    else if (this.#writing === null && this.#gathering === null) this.#arm();
  }

  seal(): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    if (this.#lines.length === 0) return this.#writing === null ? Promise.resolve() : this.#writing.settled;
    this.#gathering ??= newWaiters();
    this.#kick();
    return this.#gathering.settled;
  }

  breakOff(because: string, cause?: unknown): void {
    this.#broken ??= new AuditUnavailable(because, { cause });
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#gathering?.reject(this.#broken);
    this.#writing?.reject(this.#broken);
    this.#gathering = null;
    this.#lines.clear();
    this.#acts.clear();
  }

  async close(): Promise<void> {
    await this.#inFlight; // It may be opening the next segment.
    await this.#file.close();
  }

  /** Reads' records wait for their sync at most this long: shorter where a timer still runs that an earlier group, written since, began. */
  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#kick();
    }, limits.auditReadSyncMsMax).unref();
  }

  #kick(): void {
    if (this.#kicked || this.#writing !== null) return; // The write in flight starts the next group when it ends.
    this.#kicked = true;
    setImmediate(() => this.#start()); // Callers of the same turn of the event loop come along.
  }

  #start(): void {
    this.#kicked = false;
    if (this.#broken !== null || this.#lines.length === 0 || this.#writing !== null) return;
    const waiters = this.#gathering ?? newWaiters();
    const bytes = this.#lines.take();
    const acts = this.#acts.take();
    const size = this.#size;
    const chain = chainValue(bytes);
    this.#writing = waiters;
    this.#gathering = null;
    this.#chain = chain;
    // After a failed write nobody knows what the file holds: the log stays broken until it is opened anew.
    this.#inFlight = this.#write(bytes)
      .then(() => this.#written(waiters, bytes, acts, size, chain))
      .catch((error: unknown) => {
        this.breakOff(`the audit log cannot be written: ${messageOf(error)}`, error);
      });
  }

  #write(bytes: Buffer): Promise<void> {
    return this.#place.offset < this.#options.segmentBytesMax ? this.#file.append(bytes) : this.#writeToNext(bytes);
  }

  async #writeToNext(bytes: Buffer): Promise<void> {
    await this.#file.close();
    this.#place = { ...this.#place, segment: segmentName(this.#place.size), offset: 0 };
    this.#file = await this.#options.files.openAppend(this.#place.segment);
    await this.#file.append(bytes);
  }

  #written(waiters: Waiters, bytes: Buffer, acts: WrittenActs, size: number, chain: string): void {
    if (this.#broken !== null) return;
    // From here on the group is on stable storage: nobody is told before.
    this.#place = { size, chain, segment: this.#place.segment, offset: this.#place.offset + bytes.length };
    this.#writing = null;
    waiters.resolve();
    this.#options.written({ bytes, acts, after: this.#place });
    if (this.#gathering !== null || this.#lines.length > flushBytes) this.#kick();
    else if (this.#lines.length > 0) this.#arm();
  }
}

/** Acts named in one record: 1,000 ids are about half of what a record may hold. */
const actionsMax = 1000;

/** A group is written without being asked once it is this long. */
const flushBytes = 256 * 1024;

function newWaiters(): Waiters {
  let resolve = (): void => {};
  let reject = (_: Error): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {}); // Every caller sees the rejection on its own; a group nobody waits for must not end the process.
  return { settled: promise, resolve, reject };
}
