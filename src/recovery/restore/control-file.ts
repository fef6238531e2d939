/**
 * What a cluster's `global/pg_control` says that a scratch server must have room for. It reads no more of it, and no program is asked.
 * Source: PostgreSQL's `catalog/pg_control.h` (`ControlFileData`), the same up to here in 15 to 18, as a 64-bit machine lays it out.
 */

/** What a server that recovers must have room for. */
export interface ControlData {
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
  readonly connections: number;
  readonly workers: number;
  readonly senders: number;
  readonly preparedTransactions: number;
  readonly locks: number;
}

const at = { identifier: 0, connections: 180, workers: 184, senders: 188, prepared: 192, locks: 196, float: 208, segment: 228 } as const;
const LEAST_BYTES = 232;
/** The server writes this number to know its own machine's floating point by: where it stands, the layout is the one read here. */
const KNOWN_FLOAT = 1234567;

/** `undefined` where the bytes are laid out otherwise: another kind of machine's, or of a version that is not known. */
export function readControl(bytes: Buffer): ControlData | undefined {
  if (bytes.length < LEAST_BYTES || bytes.readDoubleLE(at.float) !== KNOWN_FLOAT) return undefined;
  return {
    systemIdentifier: bytes.readBigUInt64LE(at.identifier).toString(),
    segmentBytes: bytes.readUInt32LE(at.segment),
    connections: bytes.readInt32LE(at.connections),
    workers: bytes.readInt32LE(at.workers),
    senders: bytes.readInt32LE(at.senders),
    preparedTransactions: bytes.readInt32LE(at.prepared),
    locks: bytes.readInt32LE(at.locks),
  };
}
