/**
 * Which messages each side may send after start-up, how many of their bytes must be seen before they can be acted on, and how
 * long they may be.
 * It does not read their fields. Source: PostgreSQL documentation, "Message Formats".
 */
import { limits } from "../../../base/limits.ts";

/** Type bytes a client sends. */
export const front = {
  bind: 0x42,
  close: 0x43,
  describe: 0x44,
  execute: 0x45,
  functionCall: 0x46,
  flush: 0x48,
  parse: 0x50,
  query: 0x51,
  sync: 0x53,
  terminate: 0x58,
  copyDone: 0x63,
  copyData: 0x64,
  copyFail: 0x66,
} as const;

/** Type bytes a server sends. */
export const back = {
  parseComplete: 0x31,
  bindComplete: 0x32,
  closeComplete: 0x33,
  notification: 0x41,
  commandComplete: 0x43,
  dataRow: 0x44,
  error: 0x45,
  copyIn: 0x47,
  copyOut: 0x48,
  emptyQuery: 0x49,
  notice: 0x4e,
  parameterStatus: 0x53,
  rowDescription: 0x54,
  functionResult: 0x56,
  copyBoth: 0x57,
  ready: 0x5a,
  copyDone: 0x63,
  copyData: 0x64,
  noData: 0x6e,
  portalSuspended: 0x73,
  parameterDescription: 0x74,
} as const;

/** What a scanner must know about one direction. Sizes are of the whole frame: type byte, length word and body. */
export interface FrameShapes {
  /** Bytes that must be there before the frame is shown; 0 marks an unknown type. A frame shorter than this is shown whole. */
  readonly peek: Int32Array;
  /** The longest frame of this type. */
  readonly max: Int32Array;
  /** The shortest. */
  readonly min: Int32Array;
}

const WHOLE = 0x7fffffff;
const HEADER = 5;
/** Names and other short fields: PostgreSQL's own identifiers have 63 bytes. */
const SMALL = 4096;

type Row = readonly [type: number, peek: number, min: number, max: number];

function shapes(rows: readonly Row[]): FrameShapes {
  const table = { peek: new Int32Array(256), min: new Int32Array(256), max: new Int32Array(256) };
  for (const [type, peek, min, max] of rows) {
    table.peek[type] = peek;
    table.min[type] = min;
    table.max[type] = max;
  }
  return table;
}

/** A frame that is held whole and is longer than this is shown by its header only, so that it can be refused without being kept. */
export const HELD_WHOLE_MAX = limits.judgedFrameBytesMax + HEADER;
const STREAMED = limits.streamedFrameBytesMax;
/** Fields of a Bind that are read stand at its start; the values after them are streamed. */
const BIND_PEEK = 1024;
/** An ErrorResponse's severity, code and message stand at its start; the meter's message holds its figures, of 3,000 characters at most. */
const ERROR_PEEK = 16 * 1024;

export const clientShapes: FrameShapes = shapes([
  [front.query, WHOLE, 6, STREAMED],
  [front.parse, WHOLE, 9, STREAMED],
  [front.functionCall, WHOLE, 15, STREAMED],
  [front.bind, BIND_PEEK, 13, STREAMED],
  [front.close, WHOLE, 7, SMALL],
  [front.describe, WHOLE, 7, SMALL],
  [front.execute, WHOLE, 10, SMALL],
  [front.flush, WHOLE, 5, 5],
  [front.sync, WHOLE, 5, 5],
  [front.terminate, WHOLE, 5, 5],
  [front.copyData, HEADER, 5, STREAMED],
  [front.copyDone, WHOLE, 5, 5],
  [front.copyFail, HEADER, 6, STREAMED],
]);

const SERVER_ROWS: readonly Row[] = [
  [back.parseComplete, WHOLE, 5, 5],
  [back.bindComplete, WHOLE, 5, 5],
  [back.closeComplete, WHOLE, 5, 5],
  [back.notification, HEADER, 11, STREAMED],
  [back.commandComplete, WHOLE, 6, SMALL],
  [back.dataRow, HEADER, 7, STREAMED],
  [back.error, ERROR_PEEK, 6, STREAMED],
  [back.copyIn, HEADER, 8, STREAMED],
  [back.copyOut, HEADER, 8, STREAMED],
  [back.copyBoth, HEADER, 8, STREAMED],
  [back.emptyQuery, WHOLE, 5, 5],
  [back.notice, HEADER, 6, STREAMED],
  [back.parameterStatus, WHOLE, 7, 64 * 1024],
  [back.rowDescription, HEADER, 7, STREAMED],
  [back.functionResult, HEADER, 9, STREAMED],
  [back.ready, WHOLE, 6, 6],
  [back.copyDone, WHOLE, 5, 5],
  [back.copyData, HEADER, 5, STREAMED],
  [back.noData, WHOLE, 5, 5],
  [back.portalSuspended, WHOLE, 5, 5],
  [back.parameterDescription, HEADER, 7, STREAMED],
];

export const serverShapes: FrameShapes = shapes(SERVER_ROWS);
/** The same, each frame held until it is whole, so that the stream may break off between any two; the very long are streamed. */
export const wholeServerShapes: FrameShapes = shapes(SERVER_ROWS.map(([type, , min, max]) => [type, WHOLE, min, max]));
