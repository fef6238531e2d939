/**
 * RFC 8785 canonical JSON and the digests made from it.
 * It does not accept what JSON cannot carry (undefined, functions, NaN, bigint): such a value is a defect.
 */
import { hash } from "node:crypto";
import { Defect } from "./assert.ts";

/** The canonical text of a JSON value: keys sorted by UTF-16 code units, no white space. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Defect("invariant broken: canonical JSON holds finite numbers only");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value as Record<string, unknown>).filter(([, v]) => v !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(",")}}`;
  }
  throw new Defect(`invariant broken: canonical JSON cannot hold a ${typeof value}`);
}

/** SHA-256 of the canonical text, as 64 lower-case hexadecimal digits. */
export function digestOf(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}

/** SHA-256 of the bytes (a string counts as UTF-8), as 64 lower-case hexadecimal digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}
