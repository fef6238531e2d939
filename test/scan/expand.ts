/**
 * Turns `{base62:36}` and the like in examples into generated characters: from a seed, so that every run sees the same ones.
 * What it makes has the shape of a secret and was never one; it stands nowhere in the repository as text.
 */
import { createHash, generateKeyPairSync } from "node:crypto";
import { bech32Sum, crc32Base62 } from "../../src/scan/checksum.ts";

const lower = "abcdefghijklmnopqrstuvwxyz";
const upper = lower.toUpperCase();
const digits = "0123456789";
const alphabets: Readonly<Record<string, string>> = {
  base62: digits + upper + lower,
  b64: `${upper}${lower}${digits}+/`,
  hex: `${digits}abcdef`,
  b32: `${upper}234567`,
  upper: upper + digits,
  lower,
  lower36: lower + digits,
  alpha: upper + lower,
  digits: "23456789",
  digits9: "6789",
};

export interface Chance {
  /** A whole number below `below`. */
  next(below: number): number;
}

/** The same numbers for the same seed, well spread. */
export function seeded(seed: string): Chance {
  let counter = 0;
  let pool = Buffer.alloc(0);
  return {
    next(below) {
      if (pool.length < 4) pool = createHash("sha256").update(`${seed}/${counter++}`).digest();
      const value = pool.readUInt32BE(0) % below;
      pool = pool.subarray(4);
      return value;
    },
  };
}

function drawn(alphabet: string, length: number, chance: Chance): string {
  return Array.from({ length }, () => alphabet[chance.next(alphabet.length)]).join("");
}

/** `kind` is a key of `alphabets` or one of the cases below; `rest` what stands after its colon or blank. */
function made(kind: string, given: string, chance: Chance): string {
  const alphabet = alphabets[kind];
  if (alphabet !== undefined) return drawn(alphabet, Number(given), chance);
  const hex = (length: number) => drawn(`${digits}abcdef`, length, chance);
  switch (kind) {
    case "uuid":
      return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
    case "summed": {
      const body = drawn(`${digits}${upper}${lower}`, Number(given === "" ? 30 : given), chance);
      return body + crc32Base62(body);
    }
    case "strong": {
      const length = Number(given);
      const signs = "!#%+_";
      const rest = drawn(`${digits}${upper}${lower}`, length - 3, chance);
      return `${drawn(upper, 1, chance)}${drawn(digits, 1, chance)}${drawn(signs, 1, chance)}${rest}`;
    }
    case "age":
      return ageKey(chance);
    case "basic":
      return Buffer.from(`shop:${drawn(`${digits}${lower}${upper}`, 18, chance)}`).toString("base64");
    case "snowflake":
      return Buffer.from(`1${drawn(digits, 17, chance)}`).toString("base64url");
    case "jwt":
      return jwt(given, chance);
    case "pem":
      return pem(given);
    case "pemline":
      return pem(given).replaceAll("\n", "\\n");
    case "b64secret":
      return Buffer.from(drawn(`${digits}${lower}${upper}`, 18, chance)).toString("base64");
    case "pem64":
      return Buffer.from(pem(given)).toString("base64");
    default:
      throw new Error(`no such example: {${kind}:${given}}`);
  }
}

const kinds =
  "base62|b64secret|b64|hex|b32|upper|lower36|lower|alpha|digits9|digits|uuid|summed|strong|age|basic|snowflake|pem64|pemline|pem";
const shape = new RegExp(`\\{(${kinds})(?::([\\w ]+))?\\}|\\{jwt ((?:[\\w-]+=(?:\\{lower:\\d+\\}|[\\w.-]+) ?)+)\\}`, "g");

/** The text with every example in it made. */
export function expand(text: string, chance: Chance): string {
  return text.replace(shape, (_, kind: string | undefined, rest: string | undefined, claims: string | undefined) =>
    kind === undefined ? made("jwt", expand(claims ?? "", chance), chance) : made(kind, rest ?? "", chance),
  );
}

function jwt(claims: string, chance: Chance): string {
  const body = Object.fromEntries(
    claims
      .trim()
      .split(/\s+/)
      .map((claim) => claim.split("=") as [string, string]),
  );
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signature = Buffer.from(drawn(lower + upper, 32, chance)).toString("base64url");
  return `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ ...body, iat: 1_700_000_000 })}.${signature}`;
}

function pem(type: string): string {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (type === "PUBLIC KEY") return publicKey.export({ type: "spki", format: "pem" }).toString();
  const text = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return text.replaceAll("PRIVATE KEY", type);
}

function ageKey(chance: Chance): string {
  const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  const data = Array.from({ length: 52 }, (_, index) => (index === 51 ? chance.next(2) * 16 : chance.next(32)));
  const prefix = "age-secret-key-";
  const codes = [...prefix].map((char) => char.charCodeAt(0));
  const sum = bech32Sum([...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...data, 0, 0, 0, 0, 0, 0]) ^ 1;
  const ends = Array.from({ length: 6 }, (_, index) => (sum >>> (5 * (5 - index))) & 31);
  return `${prefix}1${[...data, ...ends].map((value) => letters[value]).join("")}`.toUpperCase();
}
