/**
 * The frames that carry one act to the server, and what its answer says of it: messages for the client, rows of each part, the error.
 * It sends nothing.
 */
import { errorField, tagRows } from "../codec/read.ts";
import { back, front } from "../codec/shapes.ts";
import { describePortal, execute, query, SYNC } from "../codec/write.ts";
import type { Exchanged, ServerMessage } from "./frame-client.ts";
import type { ExecutorMessage } from "./port.ts";

/** As the client sent it: the same text, the same types, the same bytes for the values. */
export function actFrames(message: ExecutorMessage): Buffer {
  if (message.kind === "simple") return query(message.text);
  const { text, parameterTypes, bind } = message;
  const types = Buffer.alloc(2 + 4 * parameterTypes.length);
  types.writeUInt16BE(parameterTypes.length, 0);
  parameterTypes.forEach((oid, i) => types.writeUInt32BE(oid, 2 + 4 * i));
  const parse = frame(front.parse, Buffer.from(`\0${text}\0`, "utf8"), types);
  return Buffer.concat([parse, frame(front.bind, Buffer.from("\0\0"), bind), describePortal(""), execute(""), SYNC]);
}

function frame(type: number, ...bodies: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(5);
  head[0] = type;
  head.writeInt32BE(4 + bodies.reduce((sum, { length }) => sum + length, 0), 1);
  return Buffer.concat([head, ...bodies]);
}

/** What belongs to our way of sending and not to the act. */
const OURS: ReadonlySet<number> = new Set([back.parseComplete, back.bindComplete, back.closeComplete, back.noData, back.error]);

export interface ActAnswer {
  /** RowDescription, DataRow, CommandComplete, notices. */
  readonly answers: readonly Buffer[];
  /** Rows that each statement said it changed or returned. */
  readonly parts: readonly (number | null)[];
  readonly error: ActError | undefined;
  readonly tooLong: boolean;
  readonly status: number;
}

export interface ActError {
  readonly frame: Buffer;
  readonly sqlstate: string;
  readonly because: string;
}

export function actAnswer({ messages, status, tooLong }: Exchanged): ActAnswer {
  const error = messages.find(({ type }) => type === back.error);
  return {
    answers: messages.filter(({ type }) => !OURS.has(type)).map(({ bytes }) => bytes),
    parts: messages.filter(completes).map(({ bytes }) => tagRows(tagOf(bytes)) ?? null),
    error: error === undefined ? undefined : actError(error.bytes),
    tooLong,
    status,
  };
}

function completes({ type }: ServerMessage): boolean {
  return type === back.commandComplete || type === back.emptyQuery;
}

function tagOf(bytes: Buffer): string {
  return bytes[0] === back.commandComplete ? bytes.toString("latin1", 5, bytes.length - 1) : "";
}

/** Classes whose messages name objects and limits, and no value of a row or a statement. */
const TELLING = /^(08|23|25|2B|2D|3D|3F|40|42|53|54|55|57)/;

export function actError(frame: Buffer): ActError {
  const read = (letter: string) => errorField(frame, 0, frame.length, letter);
  const sqlstate = read("C") ?? "XX000";
  const message = TELLING.test(sqlstate) ? read("M") : undefined;
  return { frame, sqlstate, because: message === undefined ? `\`${sqlstate}\`` : `\`${sqlstate}\`: ${message}` };
}
