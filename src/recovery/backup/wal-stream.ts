/**
 * WAL over one connection: from where to begin, segment files as they fill, timelines as the server changes them, and word to the server of
 * what it need not keep any more. It archives nothing, and ends with its connection.
 * Source: PostgreSQL documentation, "Streaming Replication Protocol".
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import { type ReplicationWire, rowsOf } from "./replication-port.ts";
import { SegmentFile } from "./segment-file.ts";
import { lsnText, parseLsn, segmentName, timelineText } from "./wal-names.ts";

/** The first byte of a segment that is wanted. */
export interface WalPlace {
  readonly timeline: number;
  readonly at: bigint;
}

export interface WalStreamParts {
  readonly wire: ReplicationWire;
  readonly slot: string;
  readonly spool: string;
  readonly segmentBytes: number;
  readonly clock: Clock;
  /** Where what is archived ends; absent: where the slot begins. */
  readonly from: WalPlace | undefined;
  /** Called before the first bytes: all before that place is archived, or lost. */
  readonly onStart: (from: WalPlace) => void;
  readonly onStreaming: () => void;
  /** What the server had written when we came is here. */
  readonly onCaughtUp: () => void;
  /** Before it everything is archived: the server may let go of it. */
  readonly archived: () => bigint;
  /** Whole segments that are not archived yet. */
  readonly waiting: () => Promise<number>;
  readonly signal: AbortSignal;
}

const STATUS_EVERY_MS = 5_000;
/** It was asked for a sign of life a dozen times by then. */
const SILENT_MS_MAX = 60_000;
/** The archive takes none: then the server keeps its WAL, and says so, while the spool stays small. */
const WAITING_MAX = 16;
const WAITING_LOOK_MS = 250;

/** Runs until the connection ends, which is always a rejection: with what the server said, or why there is no more. */
export async function streamWal(parts: WalStreamParts): Promise<never> {
  const { wire } = parts;
  const [system] = await rowsOf(wire, "IDENTIFY_SYSTEM");
  const [, timeline, position] = system ?? [];
  const written = parseLsn(position ?? "");
  if (timeline === undefined || timeline === null || written === undefined) throw new Error("the server does not say where its WAL ends");
  const ofSlot = await slotPlace(parts, { timeline: Number(timeline), at: written });
  for (let from = parts.from ?? ofSlot; ; ) {
    if (from.timeline > 1) await keepHistory(parts, from.timeline);
    parts.onStart(from);
    const next = await new TimelineStream(parts, from, written).run();
    if (next === undefined) throw new Error("the server ended the stream");
    from = { timeline: next.timeline, at: segmentStart(next.at, parts.segmentBytes) };
  }
}

/** The slot is made where it is not there, and keeps WAL from that moment on. */
async function slotPlace({ wire, slot, segmentBytes }: WalStreamParts, end: WalPlace): Promise<WalPlace> {
  const look = async () => (await rowsOf(wire, `READ_REPLICATION_SLOT ${slot}`))[0];
  const known = await look();
  const absent = known === undefined || known[0] === null || known[0] === undefined;
  if (absent) await rowsOf(wire, `CREATE_REPLICATION_SLOT ${slot} PHYSICAL RESERVE_WAL`);
  const [, restart, timeline] = (absent ? await look() : known) ?? [];
  const at = parseLsn(restart ?? "") ?? end.at;
  return { timeline: Number(timeline ?? end.timeline), at: segmentStart(at, segmentBytes) };
}

function segmentStart(at: bigint, segmentBytes: number): bigint {
  return at - (at % BigInt(segmentBytes));
}

/** The file by which a server that recovers knows which timeline came out of which. */
async function keepHistory({ wire, spool }: WalStreamParts, timeline: number): Promise<void> {
  const [row] = await rowsOf(wire, `TIMELINE_HISTORY ${timeline}`);
  const [, content] = row ?? [];
  if (content === undefined || content === null) throw new Error(`the server has no history of timeline ${timeline}`);
  await writeFile(join(spool, `${timelineText(timeline)}.history`), content, { mode: 0o600 });
}

/** Heads of the server's pieces, and where their fields stand. */
const heads = { data: 0x77, alive: 0x6b } as const;
const DATA_HEAD = 25;

class TimelineStream {
  readonly #parts: WalStreamParts;
  readonly #timeline: number;
  /** As far as the server had written when we came. */
  readonly #written: bigint;
  #at: bigint;
  #file: SegmentFile | undefined;
  #caughtUp = false;
  #heardMs: number;
  #full = false;
  #copying = false;

  constructor(parts: WalStreamParts, from: WalPlace, written: bigint) {
    this.#parts = parts;
    this.#timeline = from.timeline;
    this.#at = from.at;
    this.#written = written;
    this.#heardMs = parts.clock.monotonic();
  }

  /** Resolves where the server goes on on another timeline: which, and from where. */
  async run(): Promise<WalPlace | undefined> {
    const { wire, slot } = this.#parts;
    const rows: (readonly (string | null)[])[] = [];
    const ticking = setInterval(() => this.#tick(), STATUS_EVERY_MS);
    try {
      const text = `START_REPLICATION SLOT ${slot} PHYSICAL ${lsnText(this.#at)} TIMELINE ${this.#timeline}`;
      for await (const answer of wire.command(text)) {
        this.#heardMs = this.#parts.clock.monotonic();
        if (answer.kind === "copy") await this.#piece(answer.bytes);
        else if (answer.kind === "copy_begins") this.#begin();
        else if (answer.kind === "copy_ends") this.#end();
        else rows.push(answer.values);
      }
    } finally {
      clearInterval(ticking);
      await this.#file?.close();
    }
    const [timeline, at] = rows.at(-1) ?? [];
    const place = parseLsn(at ?? "");
    return timeline === null || timeline === undefined || place === undefined ? undefined : { timeline: Number(timeline), at: place };
  }

  #begin(): void {
    this.#copying = true;
    this.#parts.onStreaming();
    this.#tell(true);
  }

  #end(): void {
    this.#copying = false;
    this.#parts.wire.endCopy();
  }

  async #piece(bytes: Buffer): Promise<void> {
    switch (bytes[0]) {
      case heads.data:
        if (bytes.length < DATA_HEAD) throw new Error("the server's WAL cannot be read");
        return this.#take(bytes.readBigUInt64BE(1), bytes.subarray(DATA_HEAD));
      case heads.alive:
        this.#look();
        return bytes[17] === 1 ? this.#answer(bytes.readBigUInt64BE(1)) : undefined;
      default:
        throw new Error(`the server sent \`${String.fromCharCode(bytes[0] ?? 0)}\` among its WAL, which is not known`);
    }
  }

  async #take(start: bigint, bytes: Buffer): Promise<void> {
    if (start !== this.#at) throw new Error(`the server sent WAL of ${lsnText(start)} where ${lsnText(this.#at)} is due`);
    const { spool, segmentBytes } = this.#parts;
    const size = BigInt(segmentBytes);
    for (let taken = 0; taken < bytes.length; ) {
      const offset = Number(this.#at % size);
      this.#file ??= await this.#open(spool, segmentName({ timeline: this.#timeline, number: this.#at / size }, segmentBytes));
      const part = bytes.subarray(taken, taken + segmentBytes - offset);
      await this.#file.write(part, offset);
      this.#at += BigInt(part.length);
      taken += part.length;
      if (this.#at % size !== 0n) continue;
      await this.#file.finish();
      this.#file = undefined;
    }
    this.#look();
  }

  async #open(spool: string, name: string): Promise<SegmentFile> {
    for (this.#full = true; (await this.#parts.waiting()) >= WAITING_MAX; )
      await delay(WAITING_LOOK_MS, undefined, { signal: this.#parts.signal });
    this.#full = false;
    return SegmentFile.open(spool, name, this.#parts.segmentBytes);
  }

  #look(): void {
    if (this.#caughtUp || this.#at < this.#written) return;
    this.#caughtUp = true;
    this.#parts.onCaughtUp();
  }

  #tick(): void {
    const { wire, clock } = this.#parts;
    if (!this.#copying) return;
    if (!this.#full && clock.monotonic() - this.#heardMs > SILENT_MS_MAX) wire.close();
    else this.#tell(true);
  }

  /**
   * A server that wants an answer, and has no more, is being stopped: it waits until all is on stable storage here. That the archive takes
   * none must not keep it from stopping.
   */
  async #answer(sent: bigint): Promise<void> {
    if (this.#at < sent) return this.#tell(false);
    await this.#file?.sync();
    this.#tell(false, this.#at);
  }

  /** What came, what is archived; of applying there is nothing to say. `answer`: the server is to show that it is there. */
  #tell(answer: boolean, durable = this.#parts.archived()): void {
    const { wire, clock } = this.#parts;
    const status = Buffer.alloc(34);
    status.write("r", 0, "latin1");
    status.writeBigUInt64BE(this.#at, 1);
    status.writeBigUInt64BE(durable, 9);
    status.writeBigUInt64BE(BigInt(clock.now() - EPOCH_MS) * 1000n, 25);
    status.writeUInt8(answer ? 1 : 0, 33);
    wire.sendCopy(status);
  }
}

/** The server counts microseconds from 2000 on. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
