/**
 * The first bytes of a WAL segment: whose it is, and which. It reads no file.
 * Layout: PostgreSQL's `xlog_internal.h` (`XLogLongPageHeaderData`), little-endian as every machine that backups come from.
 */

export interface SegmentHeader {
  readonly systemIdentifier: string;
  /** WAL position of its first byte. */
  readonly at: bigint;
}

/** Bytes of a segment that the header takes. */
export const headerBytes = 40;

/** The flag of a page header that has the long form, as a segment's first always does. */
const LONG_HEADER = 0x0002;

/** `undefined` where the bytes are no beginning of a segment. */
export function segmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if ((view.getUint16(2, true) & LONG_HEADER) === 0) return undefined;
  return { at: view.getBigUint64(8, true), systemIdentifier: view.getBigUint64(24, true).toString() };
}
