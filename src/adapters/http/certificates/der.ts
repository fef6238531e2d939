/**
 * The few forms of DER (X.690) that a certificate is written in. It writes and never reads: nothing from outside is parsed here.
 */

export function tlv(tag: number, value: Uint8Array): Buffer {
  const size = value.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

export const der = {
  sequence: (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, Buffer.concat(parts)),
  set: (...parts: readonly Uint8Array[]): Buffer => tlv(0x31, Buffer.concat(parts)),
  /** Big endian, and positive whatever its first bit is. */
  integer: (bytes: Uint8Array): Buffer => tlv(0x02, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes),
  /** By its encoded bytes in hexadecimal. */
  oid: (hex: string): Buffer => tlv(0x06, Buffer.from(hex, "hex")),
  text: (text: string): Buffer => tlv(0x0c, Buffer.from(text, "utf8")),
  octets: (bytes: Uint8Array): Buffer => tlv(0x04, bytes),
  /** `unused` bits of the last byte do not count. */
  bits: (bytes: Uint8Array, unused = 0): Buffer => tlv(0x03, Buffer.concat([Buffer.from([unused]), bytes])),
  yes: (): Buffer => tlv(0x01, Buffer.from([0xff])),
  /** UTCTime, which RFC 5280 demands for years before 2050. */
  time(ms: number): Buffer {
    const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
    return tlv(0x17, Buffer.from(text.slice(2)));
  },
};
