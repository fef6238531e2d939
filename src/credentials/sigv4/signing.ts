/**
 * Signatures of AWS Signature Version 4: of a request, of the chunks that follow it, and of the trailers after them.
 * It reads no request and keeps no key.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { canonicalText, type PathForm, sha256Hex, type SignedParts } from "./canonical.ts";

export const algorithm = "AWS4-HMAC-SHA256";
export const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** What a signature is good for. */
export interface Scope {
  /** `YYYYMMDD`, in UTC. */
  readonly day: string;
  readonly region: string;
  readonly api: string;
}

/** Signs for one scope. The key in it is good for one day, one region and one service. */
export interface Signer {
  readonly scope: string;
  readonly sign: (text: string) => string;
}

export function signerFor(secret: string, { day, region, api }: Scope): Signer {
  const key = [region, api, "aws4_request"].reduce((above, part) => hmac(above, part), hmac(`AWS4${secret}`, day));
  return { scope: `${day}/${region}/${api}/aws4_request`, sign: (text) => hmac(key, text).toString("hex") };
}

/** `stamp` is the time of the request, as `20150830T123600Z`. */
export function requestSignature(signer: Signer, stamp: string, parts: SignedParts, form: PathForm): string {
  return signer.sign([algorithm, stamp, signer.scope, sha256Hex(canonicalText(parts, form))].join("\n"));
}

/** `before` is the signature of the chunk before, or of the request. */
export function chunkSignature(signer: Signer, stamp: string, before: string, dataHash: string): string {
  return signer.sign([`${algorithm}-PAYLOAD`, stamp, signer.scope, before, emptyHash, dataHash].join("\n"));
}

/** `lines` are `name:value`, in the order in which they are sent. */
export function trailerSignature(signer: Signer, stamp: string, before: string, lines: readonly string[]): string {
  const told = lines
    .map((line) => `${line.replace(/^[^:]*/, (name) => name.toLowerCase()).replace(/^([^:]*):\s*(.*?)\s*$/, "$1:$2")}\n`)
    .join("");
  return signer.sign([`${algorithm}-TRAILER`, stamp, signer.scope, before, sha256Hex(told)].join("\n"));
}

export function sameSignature(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}

/** `20150830T123600Z`, in milliseconds; `undefined` for what is no time. */
export function timeOfStamp(stamp: string): number | undefined {
  const [, ...parts] = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(stamp) ?? [];
  const [year, month, day, hour, minute, second] = parts;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? undefined : at;
}

export function stampOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text, "utf8").digest();
}
