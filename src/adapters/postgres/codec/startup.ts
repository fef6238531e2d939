/**
 * What a client may send first: SSLRequest, GSSENCRequest, CancelRequest, StartupMessage (protocol 3), and how the latter is written.
 * It does not decide what is answered.
 */

export type StartupPacket =
  | { readonly kind: "ssl_request" }
  | { readonly kind: "gssenc_request" }
  | { readonly kind: "cancel"; readonly process: number; readonly secret: Buffer }
  | { readonly kind: "startup"; readonly major: number; readonly minor: number; readonly parameters: readonly StartupParameter[] }
  /** A version that is not 3.x: its body is not looked at. */
  | { readonly kind: "other_version"; readonly major: number; readonly minor: number }
  | { readonly kind: "malformed"; readonly because: string };

export type StartupParameter = readonly [name: string, value: string];

/** The codes that stand where a version would: 1234 in the high half. */
export const startupCodes = { cancel: 80877102, ssl: 80877103, gssenc: 80877104 } as const;

/** A cancel key is 4 bytes in protocol 3.0 and 4 to 256 from 3.2 on. */
const SECRET_BYTES_MAX = 256;

/** Takes the body of an untyped packet: all after its length. */
export function readStartup(body: Buffer): StartupPacket {
  if (body.length < 4) return { kind: "malformed", because: "a start-up packet without a version" };
  const code = body.readUInt32BE(0);
  const rest = body.subarray(4);
  switch (code) {
    case startupCodes.ssl:
      return rest.length === 0 ? { kind: "ssl_request" } : { kind: "malformed", because: "an SSLRequest with a body" };
    case startupCodes.gssenc:
      return rest.length === 0 ? { kind: "gssenc_request" } : { kind: "malformed", because: "a GSSENCRequest with a body" };
    case startupCodes.cancel:
      if (rest.length < 8 || rest.length > 4 + SECRET_BYTES_MAX) return { kind: "malformed", because: "a CancelRequest of a wrong size" };
      return { kind: "cancel", process: rest.readUInt32BE(0), secret: Buffer.from(rest.subarray(4)) };
    default:
      return readParameters(code >>> 16, code & 0xffff, rest);
  }
}

function readParameters(major: number, minor: number, rest: Buffer): StartupPacket {
  if (major !== 3) return { kind: "other_version", major, minor };
  const text = new TextDecoder("utf-8", { fatal: true });
  const parameters: StartupParameter[] = [];
  let at = 0;
  const next = (): string | undefined => {
    const end = rest.indexOf(0, at);
    if (end < 0) return undefined;
    const value = text.decode(rest.subarray(at, end));
    at = end + 1;
    return value;
  };
  try {
    for (;;) {
      const name = next();
      if (name === undefined) return { kind: "malformed", because: "a start-up packet without its final zero byte" };
      if (name === "") break;
      const value = next();
      if (value === undefined) return { kind: "malformed", because: "a start-up parameter without a value" };
      parameters.push([name, value]);
    }
  } catch {
    return { kind: "malformed", because: "a start-up parameter that is not valid UTF-8" };
  }
  if (at !== rest.length) return { kind: "malformed", because: "bytes after the end of the start-up parameters" };
  return { kind: "startup", major, minor, parameters };
}

/**
 * A StartupMessage of protocol 3.0. No name or value may hold a zero byte: they came out of zero-terminated strings, or from the
 * configuration.
 */
export function writeStartup(parameters: readonly StartupParameter[]): Buffer {
  const strings = parameters.flat().map((text) => Buffer.from(`${text}\0`));
  const body = Buffer.concat([...strings, Buffer.alloc(1)]);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length, 0);
  head.writeUInt32BE(3 << 16, 4);
  return Buffer.concat([head, body]);
}

export function writeCancel(process: number, secret: Uint8Array): Buffer {
  const head = Buffer.alloc(12);
  head.writeInt32BE(12 + secret.length, 0);
  head.writeUInt32BE(startupCodes.cancel, 4);
  head.writeUInt32BE(process, 8);
  return Buffer.concat([head, secret]);
}

export function writeSslRequest(): Buffer {
  const packet = Buffer.alloc(8);
  packet.writeInt32BE(8, 0);
  packet.writeUInt32BE(startupCodes.ssl, 4);
  return packet;
}
