/**
 * Frames that the session itself writes to either side.
 * They do not come from the peer's bytes, except text that was judged.
 */
import { back, front } from "./shapes.ts";

function frame(type: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const bodies = parts.map((part) => (typeof part === "string" ? Buffer.from(`${part}\0`, "utf8") : part));
  const size = bodies.reduce((sum, body) => sum + body.length, 0);
  const out = Buffer.allocUnsafe(5 + size);
  out[0] = type;
  out.writeInt32BE(4 + size, 1);
  let at = 5;
  for (const body of bodies) at += body.copy(out, at);
  return out;
}

const NUL = Buffer.from([0]);
const int16 = (value: number): Buffer => {
  const out = Buffer.allocUnsafe(2);
  out.writeInt16BE(value);
  return out;
};
const int32 = (value: number): Buffer => {
  const out = Buffer.allocUnsafe(4);
  out.writeInt32BE(value);
  return out;
};

export const SYNC = frame(front.sync);
export const FLUSH = frame(front.flush);
export const TERMINATE = frame(front.terminate);

/** `text` is sent as it stands, without conversion: it must not hold NUL. */
export function parse(name: string, text: Buffer | string, types: readonly number[] = []): Buffer {
  const oids = Buffer.alloc(2 + 4 * types.length);
  oids.writeUInt16BE(types.length, 0);
  types.forEach((oid, i) => oids.writeUInt32BE(oid, 2 + 4 * i));
  return frame(front.parse, name, typeof text === "string" ? text : Buffer.concat([text, NUL]), oids);
}

/** Binds parameters in text format; results in text format too. */
export function bind(portal: string, statement: string, parameters: readonly string[] = []): Buffer {
  const values = parameters.flatMap((text) => [int32(Buffer.byteLength(text)), Buffer.from(text)]);
  return frame(front.bind, portal, statement, int16(0), int16(parameters.length), ...values, int16(0));
}

export function describePortal(portal: string): Buffer {
  return frame(front.describe, Buffer.from("P"), portal);
}

export function describeStatement(name: string): Buffer {
  return frame(front.describe, Buffer.from("S"), name);
}

/** Executes without a row limit. */
export function execute(portal: string): Buffer {
  return frame(front.execute, portal, int32(0));
}

export function closeStatement(name: string): Buffer {
  return frame(front.close, Buffer.from("S"), name);
}

export function closePortal(name: string): Buffer {
  return frame(front.close, Buffer.from("P"), name);
}

/** Bytes are sent as they stand and must end with their only NUL. */
export function query(text: Buffer | string): Buffer {
  return frame(front.query, text);
}

/** The end of a statement, with its tag. */
export function commandComplete(tag: string): Buffer {
  return frame(back.commandComplete, tag);
}

/** OIDs of a prepared statement's parameters. */
export function parameterDescription(types: readonly number[]): Buffer {
  return frame(back.parameterDescription, int16(types.length), ...types.map(int32));
}

/** An ErrorResponse or NoticeResponse of these fields, by their letters. */
export function report(type: number, fields: Iterable<readonly [string, string]>): Buffer {
  return frame(type, ...Array.from(fields, ([letter, value]) => `${letter}${value}`), NUL);
}

export const BIND_COMPLETE = frame(back.bindComplete);
export const CLOSE_COMPLETE = frame(back.closeComplete);
export const NO_DATA = frame(back.noData);
export const PORTAL_SUSPENDED = frame(back.portalSuspended);

/** Transaction status byte of a ReadyForQuery: `I`, `T` or `E`. */
export type Status = 0x49 | 0x54 | 0x45;
const READY: Record<Status, Buffer> = {
  0x49: frame(back.ready, Buffer.from("I")),
  0x54: frame(back.ready, Buffer.from("T")),
  0x45: frame(back.ready, Buffer.from("E")),
};
export function ready(status: Status): Buffer {
  return READY[status];
}

/** Says what the client knows: a sign of life to find out whether it is still there. */
export const SIGN_OF_LIFE = frame(back.parameterStatus, "standard_conforming_strings", "on");

/** The fields of an ErrorResponse that we fill. */
export interface ErrorFields {
  readonly severity: "ERROR" | "FATAL";
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

export function errorResponse(fields: ErrorFields): Buffer {
  const text = (letter: string, value: string | undefined): Buffer[] =>
    value === undefined ? [] : [Buffer.from(`${letter}${value.replaceAll("\0", "")}\0`, "utf8")];
  return frame(
    back.error,
    ...text("S", fields.severity),
    ...text("V", fields.severity),
    ...text("C", fields.sqlstate),
    ...text("M", fields.message),
    ...text("D", fields.detail),
    ...text("H", fields.hint),
    NUL,
  );
}
