/**
 * What a log holds when it is opened: state rebuilt from frontier and tail, held against the newest checkpoint, torn bytes set aside.
 * It does not repair: a log that contradicts its own checkpoint, or is damaged before its end, is refused.
 */
import type { LogFiles } from "./files.ts";
import { frontierText, hashesOf, parseFrontier } from "./frontier.ts";
import type { Frontier } from "./frontier.ts";
import { checkpointFile, checkpointsFile, frontierFile, linesOf, nextTornFile, segmentName, segmentsOf } from "./lines.ts";
import type { Segment } from "./lines.ts";
import { compactRange } from "./merkle.ts";
import type { CompactRange } from "./merkle.ts";
import { parseCheckpoint, parseNotes, signatureHolds } from "./note.ts";
import type { Checkpoint, VerifierKey } from "./note.ts";
import { parseRecord } from "./record.ts";
import { chainReader, chainStart, openActs } from "./replay.ts";
import type { OpenActs } from "./replay.ts";
import type { Place } from "./writer.ts";

/** The log contradicts itself; it is not opened for writing. `audit verify` says more. */
export class AuditDamaged extends Error {
  override readonly name = "AuditDamaged";
}

export interface Recovered {
  readonly place: Place;
  readonly tree: CompactRange;
  readonly acts: OpenActs;
  readonly checkpoint: Checkpoint | null;
  /** Bytes of an unfinished write that were moved to a `torn-` file. */
  readonly tornBytes: number;
  /** Records read again. */
  readonly replayed: number;
}

/** Reads what is needed of the log in `files`. Rejects with `AuditDamaged`, or with the error of a file. */
export async function recover(files: LogFiles, origin: string, key: VerifierKey): Promise<Recovered> {
  const checkpoint = await newestCheckpoint(files, origin, key);
  const frontierBytes = await files.read(frontierFile);
  const frontier = frontierBytes === null ? null : parseFrontier(frontierBytes.toString());
  if (frontier !== null && checkpoint !== null && frontier.size <= checkpoint.size) {
    try {
      return await replay(files, origin, checkpoint, frontier);
    } catch (error) {
      if (!(error instanceof AuditDamaged)) throw error; // The frontier may be what is wrong: read everything before refusing.
    }
  }
  return replay(files, origin, checkpoint, null);
}

async function newestCheckpoint(files: LogFiles, origin: string, key: VerifierKey): Promise<Checkpoint | null> {
  const bytes = await files.read(checkpointsFile);
  const { notes, rest } = parseNotes(bytes?.toString() ?? "");
  const single = parseCheckpoint((await files.read(checkpointFile))?.toString() ?? "");
  if (rest !== "") await setAside(files, checkpointsFile, (bytes?.length ?? 0) - Buffer.byteLength(rest));
  const newest = [...notes, ...(single === null ? [] : [single])].reduce<Checkpoint | null>(
    (a, b) => (a === null || b.size >= a.size ? b : a),
    null,
  );
  if (newest === null) return null;
  if (newest.origin !== origin) throw new AuditDamaged(`this audit log is \`${newest.origin}\`, not \`${origin}\``);
  if (!signatureHolds(newest, key)) throw new AuditDamaged("the newest checkpoint is not signed by this log's key");
  return newest;
}

async function replay(files: LogFiles, origin: string, checkpoint: Checkpoint | null, from: Frontier | null): Promise<Recovered> {
  const segments = segmentsOf(await files.list());
  const tree = compactRange(from?.size ?? 0, from === null ? [] : hashesOf(from));
  const acts = openActs(from?.open ?? []);
  const chain = chainReader(from?.chain ?? chainStart(origin));
  let place = { segment: from?.segment ?? segmentName(0), offset: from?.offset ?? 0 };
  let torn: { at: number; bytes: Buffer[] } | null = null;
  const first = segments.findIndex((s) => s.name === place.segment);
  if (first < 0 && (segments.length > 0 || (checkpoint?.size ?? 0) > 0)) throw new AuditDamaged(`segment \`${place.segment}\` is missing`);
  const anchor = (): void => {
    if (checkpoint?.size === tree.size && tree.root().toString("base64") !== checkpoint.root) {
      throw new AuditDamaged(`the first ${tree.size} records are not those that the newest checkpoint signs`);
    }
  };
  anchor();
  if (from !== null && (await files.size(from.segment)) < from.offset)
    throw new AuditDamaged(`segment \`${from.segment}\` is shorter than its saved frontier`);
  for (const segment of first < 0 ? [] : segments.slice(first)) {
    startsWhereItShould(segment, tree.size, from);
    if (torn !== null) throw new AuditDamaged(`bytes at ${torn.at} of \`${place.segment}\` are not a record, and more follow`);
    place = { segment: segment.name, offset: segment.name === from?.segment ? from.offset : 0 };
    for await (const line of linesOf(files, segment.name, place.offset)) {
      if (torn !== null) {
        torn.bytes.push(line.bytes);
        continue;
      }
      const record = line.whole ? parseRecord(line.bytes.toString()) : null;
      if (record === null) {
        // An unfinished line, or blocks that the machine never got to write: only the end of the log may look so.
        if (line.whole && !line.bytes.includes(0))
          throw new AuditDamaged(`byte ${line.offset} of \`${segment.name}\` does not begin a record`);
        torn = { at: line.offset, bytes: [line.bytes] };
        continue;
      }
      if (record.n !== tree.size)
        throw new AuditDamaged(`record ${record.n} stands where ${tree.size} is due, at byte ${line.offset} of \`${segment.name}\``);
      if (chain.step(line.bytes, record.c) !== null) throw new AuditDamaged(`the chain is broken at record ${record.n}`);
      tree.add(line.bytes);
      acts.step(record.event);
      place = { segment: segment.name, offset: line.offset + line.bytes.length + 1 };
      anchor();
    }
  }
  if (checkpoint !== null && tree.size < checkpoint.size) {
    throw new AuditDamaged(`the log ends at record ${tree.size}, and its newest checkpoint signs ${checkpoint.size}`);
  }
  const tornBytes = torn === null ? 0 : await setAside(files, place.segment, place.offset);
  return {
    place: { ...place, size: tree.size, chain: chain.due() },
    tree,
    acts,
    checkpoint,
    tornBytes,
    replayed: tree.size - (from?.size ?? 0),
  };
}

function startsWhereItShould(segment: Segment, size: number, from: Frontier | null): void {
  if (segment.name !== from?.segment && segment.first !== size) {
    throw new AuditDamaged(`segment \`${segment.name}\` begins at record ${segment.first}, and ${size} is due`);
  }
}

/** Moves everything from `offset` on into a new `torn-` file. Copied durably before it is cut: never lost, at worst twice. */
async function setAside(files: LogFiles, name: string, offset: number): Promise<number> {
  const pieces: Buffer[] = [];
  for await (const piece of files.stream(name, offset)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  if (bytes.length === 0) return 0;
  await files.replace(nextTornFile(await files.list()), bytes);
  await files.cut(name, offset);
  return bytes.length;
}

/** The frontier that `recover` would read back. */
export function frontierOf(place: Place, hashes: readonly Uint8Array[], open: Iterable<string>): string {
  return frontierText({ ...place, hashes: hashes.map((h) => Buffer.from(h).toString("base64")), open: [...open] });
}
