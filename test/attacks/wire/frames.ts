/**
 * Writes and reads frames of the PostgreSQL wire protocol by hand, right or deliberately wrong.
 * It shares nothing with the codec under test, and refuses nothing: what it is told to send is what goes out.
 */

export type Bytes = Buffer;

/** One frame: type, length, body. `length` overrides the true length (which counts itself and the body). */
export function frame(type: string, body: Buffer | readonly Buffer[] = [], length?: number): Buffer {
  const whole = Buffer.isBuffer(body) ? body : Buffer.concat(body as Buffer[]);
  return Buffer.concat([Buffer.from(type, "latin1"), int32(length ?? whole.length + 4), whole]);
}

/** Start-up, SSLRequest, CancelRequest ...: length, code, body. */
export function untyped(code: number, body: Buffer = Buffer.alloc(0), length?: number): Buffer {
  return Buffer.concat([int32(length ?? body.length + 8), int32(code), body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE((value << 16) >> 16);
  return bytes;
}

export function cstring(text: string | Buffer): Buffer {
  return Buffer.concat([Buffer.isBuffer(text) ? text : Buffer.from(text), Buffer.of(0)]);
}

export interface Parameter {
  readonly value: string | null;
  /** OID of its type in Parse; 0 lets the server find it. */
  readonly oid?: number;
}

export const messages = {
  startup: (parameters: Readonly<Record<string, string>>, version = 196608) =>
    untyped(
      version,
      Buffer.concat([...Object.entries(parameters).flatMap(([name, value]) => [cstring(name), cstring(value)]), Buffer.of(0)]),
    ),
  query: (text: string | Buffer) => frame("Q", cstring(text)),
  parse: (text: string | Buffer, name = "", oids: readonly number[] = []) =>
    frame("P", [cstring(name), cstring(text), int16(oids.length), ...oids.map(int32)]),
  bind: (values: readonly (string | null)[] = [], statement = "", portal = "") =>
    frame("B", [cstring(portal), cstring(statement), int16(0), int16(values.length), ...values.map(value), int16(0)]),
  describe: (kind: "S" | "P", name = "") => frame("D", [Buffer.from(kind), cstring(name)]),
  execute: (portal = "", rowsMax = 0) => frame("E", [cstring(portal), int32(rowsMax)]),
  close: (kind: "S" | "P", name = "") => frame("C", [Buffer.from(kind), cstring(name)]),
  sync: () => frame("S"),
  flush: () => frame("H"),
  terminate: () => frame("X"),
  copyData: (data: string | Buffer) => frame("d", Buffer.from(data as string)),
  copyDone: () => frame("c"),
  copyFail: (because: string) => frame("f", cstring(because)),
  /** FunctionCall with text arguments and a text result. */
  functionCall: (oid: number, values: readonly (string | null)[]) =>
    frame("F", [int32(oid), int16(0), int16(values.length), ...values.map(value), int16(0)]),
  cancel: (process: number, secret: Buffer) => untyped(80877102, Buffer.concat([int32(process), secret])),
  sslRequest: () => untyped(80877103),
  gssRequest: () => untyped(80877104),
};

function value(text: string | null): Buffer {
  if (text === null) return int32(-1);
  const bytes = Buffer.from(text);
  return Buffer.concat([int32(bytes.length), bytes]);
}

export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

/** The fields of ErrorResponse or NoticeResponse by their letter. */
export function errorFields(body: Buffer): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const part of body.toString("utf8").split("\0").filter(Boolean)) fields[part[0] as string] = part.slice(1);
  return fields;
}

/** The fields of a DataRow as text; null for NULL. */
export function rowFields(body: Buffer): (string | null)[] {
  const fields: (string | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const size = body.readInt32BE(at);
    at += 4;
    fields.push(size < 0 ? null : body.toString("utf8", at, at + size));
    at += Math.max(size, 0);
  }
  return fields;
}
