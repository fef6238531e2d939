/**
 * Credentials of two parts: an id that is no secret, and the key that signs; with the token of a session where they are short-lived.
 * It reads them out of the texts in which people have them, and keeps nothing.
 */
import { createHmac } from "node:crypto";

export interface KeyPair {
  readonly id: string;
  readonly secret: string;
  /** Of credentials that end by themselves. */
  readonly token?: string;
}

/**
 * `ID SECRET [TOKEN]`, separated by spaces, lines or colons; lines `aws_access_key_id = ...` of a credentials file or of an environment;
 * or JSON as `aws sts assume-role` and credential processes print it. `undefined` for anything else.
 */
export function keyPairOf(text: string): KeyPair | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) return ofJson(trimmed);
  return trimmed.includes("=") && /access_key/i.test(trimmed) ? ofLines(trimmed) : ofWords(trimmed);
}

/** The one form in which the vault keeps it. */
export function keyPairText({ id, secret, token }: KeyPair): string {
  return [id, secret, ...(token === undefined ? [] : [token])].join(" ");
}

/** The parts of it that nobody may see. */
export function secretParts({ secret, token }: KeyPair): readonly string[] {
  return token === undefined ? [secret] : [secret, token];
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Of the right shape, the same for a holder however often it is made, and worth nothing but here. */
export function dummyKeyPair(key: Uint8Array, holder: string, name: string): KeyPair {
  const digest = (what: string): Buffer => createHmac("sha256", key).update(`${what}\0${holder}\0${name}`).digest();
  const letters = [...digest("id").subarray(0, 16)].map((byte) => ALPHABET[byte % ALPHABET.length]);
  return { id: `AKIA${letters.join("")}`, secret: digest("secret").subarray(0, 30).toString("base64") };
}

function ofWords(text: string): KeyPair | undefined {
  const words = text.split(/[\s:]+/);
  return words.length > 3 ? undefined : pairOf(words[0], words[1], words[2]);
}

function ofLines(text: string): KeyPair | undefined {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] =
      /^\s*(?:export\s+)?(?:AWS_)?(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)\s*=\s*["']?(\S+?)["']?\s*$/i.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    // Two profiles in one text: which one is meant is not for us to choose.
    if (found.has(name.toUpperCase())) return undefined;
    found.set(name.toUpperCase(), value);
  }
  return pairOf(found.get("ACCESS_KEY_ID"), found.get("SECRET_ACCESS_KEY"), found.get("SESSION_TOKEN"));
}

function ofJson(text: string): KeyPair | undefined {
  try {
    const whole = JSON.parse(text) as Record<string, unknown>;
    const inner = (whole["Credentials"] ?? whole["AccessKey"] ?? whole) as Record<string, unknown>;
    const field = (name: string): string | undefined => {
      const value = inner[name] ?? inner[`${name.charAt(0).toLowerCase()}${name.slice(1)}`];
      return typeof value === "string" ? value : undefined;
    };
    return pairOf(field("AccessKeyId"), field("SecretAccessKey"), field("SessionToken"));
  } catch {
    return undefined;
  }
}

function pairOf(id: string | undefined, secret: string | undefined, token: string | undefined): KeyPair | undefined {
  if (id === undefined || !/^\w{4,128}$/.test(id)) return undefined;
  if (secret === undefined || !/^[\x21-\x7e]{8,256}$/.test(secret)) return undefined;
  if (token === undefined || token === "") return { id, secret };
  return /^[\x21-\x7e]{8,4096}$/.test(token) ? { id, secret, token } : undefined;
}
