/**
 * The sums and inner parts that some tokens carry: what fails them was never issued.
 * It does not ask any provider.
 */
import { crc32 } from "node:zlib";

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The six base 62 digits of a text's CRC-32, as GitHub and npm end their tokens. */
export function crc32Base62(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let place = 0; place < 6; place++) {
    digits = (base62[rest % 62] ?? "") + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** `prefix_` and 30 characters and their sum: GitHub's classic tokens and npm's. */
export function endsInItsSum(token: string): boolean {
  const body = token.slice(token.indexOf("_") + 1);
  return crc32Base62(body.slice(0, -6)) === body.slice(-6);
}

const bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/** BIP 173: age keys end in six digits of a checksum over the whole. */
export function isBech32(text: string): boolean {
  const lower = text.toLowerCase();
  const split = lower.lastIndexOf("1");
  const values = [...lower.slice(split + 1)].map((char) => bech32.indexOf(char));
  if (split < 1 || values.includes(-1)) return false;
  const prefix = [...lower.slice(0, split)].map((char) => char.charCodeAt(0));
  return bech32Sum([...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...values]) === 1;
}

/** The polynomial of BIP 173 over values of five bits. */
export function bech32Sum(values: readonly number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    generator.forEach((term, bit) => {
      if ((top >>> bit) & 1) sum ^= term;
    });
  }
  return sum;
}

/** The claims of a JSON Web Token; `undefined` when it is none. The signature is not looked at: no key is at hand. */
export function jwtClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const [head, body] = token.split(".");
  const header = jsonObject(head ?? "");
  return typeof header?.["alg"] === "string" ? jsonObject(body ?? "") : undefined;
}

function jsonObject(base64url: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
