/**
 * WAL positions and the names of the files that hold them, as PostgreSQL's own documentation has them ("WAL internals").
 * It reads no file.
 */

/** A position in the WAL (`pg_lsn`) as a number: `16/B374D848`. `undefined` where the text is none. */
export function parseLsn(text: string): bigint | undefined {
  const [, high, low] = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text) ?? [];
  if (high === undefined || low === undefined) return undefined;
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function lsnText(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}

export interface SegmentName {
  readonly timeline: number;
  /** Counted from the beginning of the WAL: the segment's first byte is at `number * segment size`. */
  readonly number: bigint;
}

/** Name of the segment that holds the byte at `lsn`. */
export function segmentAt(timeline: number, lsn: bigint, segmentBytes: number): string {
  return segmentName({ timeline, number: lsn / BigInt(segmentBytes) }, segmentBytes);
}

export function segmentName({ timeline, number }: SegmentName, segmentBytes: number): string {
  const perHigh = 0x1_0000_0000n / BigInt(segmentBytes);
  return [BigInt(timeline), number / perHigh, number % perHigh].map((part) => part.toString(16).toUpperCase().padStart(8, "0")).join("");
}

/** `undefined` where it is no segment's name. */
export function parseSegment(name: string, segmentBytes: number): SegmentName | undefined {
  const [, timeline, high, low] = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name) ?? [];
  if (timeline === undefined) return undefined;
  const perHigh = 0x1_0000_0000n / BigInt(segmentBytes);
  return { timeline: Number.parseInt(timeline, 16), number: BigInt(`0x${high}`) * perHigh + BigInt(`0x${low}`) };
}

export function timelineText(timeline: number): string {
  return timeline.toString(16).toUpperCase().padStart(8, "0");
}

/** Numbers of the first and last segment that hold the bytes from one position up to and without the other. */
export function segmentsBetween(from: bigint, to: bigint, segmentBytes: number): readonly [bigint, bigint] {
  const size = BigInt(segmentBytes);
  return [from / size, (to > from ? to - 1n : from) / size];
}
