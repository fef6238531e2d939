/**
 * Readers of the few fields that the session needs, each bounded by its frame.
 * They do not throw on hostile bytes: what does not fit is `undefined`.
 */
import { isUtf8 } from "node:buffer";

/** Position of the NUL that ends the string at `at`, or -1 when there is none before `end`. */
export function stringEnd(frame: Buffer, at: number, end: number): number {
  const nul = frame.indexOf(0, at);
  return nul >= 0 && nul < end ? nul : -1;
}

/** Bytes `at` to `end` as text, or `undefined` unless they are valid UTF-8 without NUL. The text encodes back to the same bytes. */
export function utf8(frame: Buffer, at: number, end: number): string | undefined {
  const bytes = frame.subarray(at, end);
  if (!isUtf8(bytes) || bytes.indexOf(0) >= 0) return undefined;
  return bytes.toString("utf8");
}

/** Rows of a command tag (`INSERT 0 5`, `UPDATE 5`, `SELECT 5`); `undefined` when it carries none. */
export function tagRows(tag: string): number | undefined {
  const space = tag.lastIndexOf(" ");
  if (space < 0) return undefined;
  const first = tag.charCodeAt(space + 1);
  if (first < 0x30 || first > 0x39) return undefined;
  const rows = Number(tag.slice(space + 1));
  return Number.isSafeInteger(rows) ? rows : undefined;
}

/** One field of an ErrorResponse or NoticeResponse whose first bytes are here; `undefined` when it is not among them. */
export function errorField(frame: Buffer, from: number, to: number, field: string): string | undefined {
  const wanted = field.charCodeAt(0);
  let at = from + 5;
  while (at < to && frame[at] !== 0) {
    const end = stringEnd(frame, at + 1, to);
    if (end < 0) return undefined;
    if (frame[at] === wanted) return frame.toString("utf8", at + 1, end);
    at = end + 1;
  }
  return undefined;
}

/** The values of a DataRow in text format, or `undefined` when its fields do not fill it exactly. */
export function rowValues(frame: Buffer, from: number, to: number): (string | null)[] | undefined {
  let at = from + 5;
  if (to - at < 2) return undefined;
  const count = frame.readInt16BE(at);
  at += 2;
  const values: (string | null)[] = [];
  for (let i = 0; i < count; i++) {
    if (to - at < 4) return undefined;
    const size = frame.readInt32BE(at);
    at += 4;
    if (size === -1) {
      values.push(null);
      continue;
    }
    if (size < 0 || size > to - at) return undefined;
    values.push(frame.toString("utf8", at, at + size));
    at += size;
  }
  return at === to ? values : undefined;
}

/** Name and value of a ParameterStatus. */
export function parameter(frame: Buffer, from: number, to: number): { name: string; value: string } | undefined {
  const first = stringEnd(frame, from + 5, to);
  if (first < 0) return undefined;
  const second = stringEnd(frame, first + 1, to);
  if (second !== to - 1) return undefined;
  return { name: frame.toString("utf8", from + 5, first), value: frame.toString("utf8", first + 1, second) };
}

/** What a Bind holds behind its two names. */
export interface BindValues {
  readonly formats: readonly number[];
  /** `null` is NULL. They point into the frame. */
  readonly values: readonly (Buffer | null)[];
}

/** `undefined` when the fields do not fill `body` exactly. */
export function bindValues(body: Buffer): BindValues | undefined {
  let at = 0;
  const int16s = (): number[] | undefined => {
    if (body.length - at < 2) return undefined;
    const count = body.readUInt16BE(at);
    at += 2;
    if (body.length - at < 2 * count) return undefined;
    const found = Array.from({ length: count }, (_, i) => body.readInt16BE(at + 2 * i));
    at += 2 * count;
    return found;
  };
  const formats = int16s();
  if (formats === undefined || body.length - at < 2) return undefined;
  const count = body.readUInt16BE(at);
  at += 2;
  const values: (Buffer | null)[] = [];
  for (let i = 0; i < count; i++) {
    if (body.length - at < 4) return undefined;
    const size = body.readInt32BE(at);
    at += 4;
    if (size < -1 || size > body.length - at) return undefined;
    values.push(size === -1 ? null : body.subarray(at, at + size));
    at += Math.max(size, 0);
  }
  return int16s() === undefined || at !== body.length ? undefined : { formats, values };
}
