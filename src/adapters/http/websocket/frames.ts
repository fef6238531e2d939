/**
 * Frames of a WebSocket as bytes (RFC 6455, 5.2), in their shortest form and without extensions.
 * It keeps no state: what may follow what is the writer's matter.
 */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  /** The last of its message. */
  readonly end?: boolean;
  /** Four bytes, of a client. */
  readonly mask?: Uint8Array;
}

export function frameBytes(opcode: number, payload: Uint8Array, { end = true, mask }: FrameOptions = {}): Buffer {
  const { length } = payload;
  const wide = length < 126 ? 0 : length < 0x1_0000 ? 2 : 8;
  const at = 2 + wide + (mask === undefined ? 0 : 4);
  const bytes = Buffer.alloc(at + length);
  bytes[0] = (end ? 0x80 : 0) | opcode;
  bytes[1] = (mask === undefined ? 0 : 0x80) | (wide === 0 ? length : wide === 2 ? 126 : 127);
  if (wide === 2) bytes.writeUInt16BE(length, 2);
  if (wide === 8) bytes.writeBigUInt64BE(BigInt(length), 2);
  bytes.set(payload, at);
  if (mask === undefined) return bytes;
  bytes.set(mask, at - 4);
  for (let index = 0; index < length; index++) bytes[at + index] = (bytes[at + index] ?? 0) ^ (mask[index & 3] ?? 0);
  return bytes;
}

/** `code` absent: a close without one. The reason is cut to what a control frame holds, never inside a character. */
export function closePayload(code: number | undefined, reason: string): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = [...text].slice(0, -1).join("");
  const payload = Buffer.alloc(2 + Buffer.byteLength(text));
  payload.writeUInt16BE(code, 0);
  payload.write(text, 2);
  return payload;
}

/** Of those that stand in a frame: 1004, 1005, 1006 and 1015 never do (RFC 6455, 7.4, and IANA's list). */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
