/**
 * Whether the commits in a pack of git lead from a branch's new tip back to its old one. A commit is known by the digest of what it says,
 * so that a chain of them cannot be made up.
 * It reads commits alone: what comes after them, and what differs from an object that is not in the pack, counts as not seen.
 */
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { applied } from "./pack-delta.ts";

const COMMIT = 1;
const TAG = 4;
const OFFSET_DELTA = 6;
const REFERENCE_DELTA = 7;

/** One object's bytes, all of them together, and how many: commits come first in a pack. */
const OBJECT_BYTES_MAX = 262_144;
const ALL_BYTES_MAX = 4_194_304;
const OBJECTS_MAX = 5_000;

/** True is certain; false only says that it is not seen here. `before` and `after` are ids in small hexadecimal digits. */
export function addsOnly(pack: Buffer, before: string, after: string): boolean {
  if (before === after) return true;
  const parents = parentsIn(pack, before.length === 64 ? "sha256" : "sha1");
  const left = [after];
  const seen = new Set(left);
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next === before) return true;
    for (const parent of parents.get(next) ?? []) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      left.push(parent);
    }
  }
  return false;
}

/** Of each commit that can be read, as far as the bytes go. */
function parentsIn(pack: Buffer, algorithm: "sha1" | "sha256"): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  if (pack.length < 12 || pack.toString("latin1", 0, 4) !== "PACK") return found;
  /** Commits, by where they begin and by their id: later ones may be written as differences to them. */
  const known = new Map<number | string, Buffer>();
  let at = 12;
  let all = 0;
  for (let count = Math.min(pack.readUInt32BE(8), OBJECTS_MAX); count > 0; count--) {
    const head = objectAt(pack, at, algorithm);
    const inflated = head === undefined ? undefined : inflatedAt(pack, head.data);
    if (head === undefined || inflated === undefined) return found;
    all += inflated.bytes.length;
    const base = head.base === undefined ? undefined : known.get(head.base);
    const whole = base === undefined ? inflated.bytes : applied(base, inflated.bytes, OBJECT_BYTES_MAX);
    all += whole?.length ?? 0;
    if (all > ALL_BYTES_MAX) return found;
    if (whole !== undefined && (head.type === COMMIT || base !== undefined)) {
      const id = createHash(algorithm).update(`commit ${whole.length}\0`).update(whole).digest("hex");
      found.set(id, parentsOf(whole));
      known.set(at, whole).set(id, whole);
    }
    at = inflated.end;
  }
  return found;
}

interface PackedObject {
  readonly type: number;
  /** Where its compressed bytes begin. */
  readonly data: number;
  /** Where that begins, or what it is called, to which this is the difference. */
  readonly base?: number | string;
}

/** `undefined` where the pack ends, or something other than commits, tags and differences begins. */
function objectAt(pack: Buffer, from: number, algorithm: "sha1" | "sha256"): PackedObject | undefined {
  let at = from;
  let byte = pack[at++] ?? 0;
  const type = (byte >> 4) & 7;
  while ((byte & 0x80) !== 0 && at < pack.length) byte = pack[at++] ?? 0;
  if (type === OFFSET_DELTA) {
    byte = pack[at++] ?? 0;
    let back = byte & 0x7f;
    while ((byte & 0x80) !== 0 && at < pack.length) {
      byte = pack[at++] ?? 0;
      back = (back + 1) * 128 + (byte & 0x7f);
    }
    return at < pack.length ? { type, data: at, base: from - back } : undefined;
  }
  if (type === REFERENCE_DELTA) {
    const end = at + (algorithm === "sha1" ? 20 : 32);
    return end < pack.length ? { type, data: end, base: pack.toString("hex", at, end) } : undefined;
  }
  if (type !== COMMIT && type !== TAG) return undefined;
  return at < pack.length ? { type, data: at } : undefined;
}

function inflatedAt(pack: Buffer, from: number): { readonly bytes: Buffer; readonly end: number } | undefined {
  try {
    // With `info` it gives its engine, which has counted what it took.
    const { buffer, engine } = inflateSync(pack.subarray(from), { info: true, maxOutputLength: OBJECT_BYTES_MAX }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return { bytes: buffer, end: from + engine.bytesWritten };
  } catch {
    return undefined;
  }
}

/** As git reads them: directly behind the tree, and nowhere else. */
function parentsOf(commit: Buffer): readonly string[] {
  const found = /^tree [0-9a-f]{40,64}\n((?:parent (?:[0-9a-f]{64}|[0-9a-f]{40})\n)*)author /.exec(commit.toString("latin1"))?.[1] ?? "";
  return found.split("\n").flatMap((line) => (line === "" ? [] : [line.slice("parent ".length)]));
}
