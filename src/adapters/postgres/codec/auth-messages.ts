/**
 * The messages of both directions up to the first ReadyForQuery, written as bytes.
 * It does not read any: `auth-reader.ts` does.
 */

/** Fields of an ErrorResponse that Holdfast itself gives. */
export interface ErrorFields {
  readonly severity: "FATAL" | "ERROR";
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

function frame(type: string, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0, 0);
  return bytes;
}

/** What goes to the client. */
export const toClient = {
  authenticationOk: (): Buffer => frame("R", int32(0)),
  authenticationSasl: (mechanisms: readonly string[]): Buffer => frame("R", int32(10), ...mechanisms.map((name) => `${name}\0`), "\0"),
  saslContinue: (data: string): Buffer => frame("R", int32(11), data),
  saslFinal: (data: string): Buffer => frame("R", int32(12), data),
  parameterStatus: (name: string, value: string): Buffer => frame("S", `${name}\0${value}\0`),
  backendKeyData: (process: number, secret: Uint8Array): Buffer => frame("K", int32(process), secret),
  readyForQuery: (): Buffer => frame("Z", "I"),
  negotiateProtocolVersion: (minor: number, unknown: readonly string[]): Buffer =>
    frame("v", int32((3 << 16) | minor), int32(unknown.length), ...unknown.map((name) => `${name}\0`)),
  error(fields: ErrorFields): Buffer {
    const clean = (text: string) => text.replaceAll("\0", "");
    const field = (letter: string, text: string | undefined) => (text === undefined ? "" : `${letter}${clean(text)}\0`);
    const { severity, sqlstate, message, detail, hint } = fields;
    const all = [
      ["S", severity],
      ["V", severity],
      ["C", sqlstate],
      ["M", message],
      ["D", detail],
      ["H", hint],
    ] as const;
    return frame("E", `${all.map(([letter, text]) => field(letter, text)).join("")}\0`);
  },
};

/** What goes to the server. */
export const toServer = {
  password: (text: string): Buffer => frame("p", `${text}\0`),
  saslInitial: (mechanism: string, data: string): Buffer => frame("p", `${mechanism}\0`, int32(Buffer.byteLength(data)), data),
  saslResponse: (data: string): Buffer => frame("p", data),
  query: (sql: string): Buffer => frame("Q", `${sql}\0`),
  terminate: (): Buffer => frame("X"),
};
