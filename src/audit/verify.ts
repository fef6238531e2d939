/**
 * Verifies a log with nothing but its files and the public key, and reports each kind of trouble apart.
 * It shares no state with the writer and changes nothing; a log may be verified while it is written.
 */
import type { LogFiles } from "./files.ts";
import { directoryFiles } from "./files.ts";
import { checkpointFile, checkpointsFile, frontierFile, linesOf, segmentName, segmentsOf, tornFilesOf } from "./lines.ts";
import type { AuditEvent } from "../model/event.ts";
import { compactRange } from "./merkle.ts";
import { parseNotes, parseVerifierKey, signatureHolds } from "./note.ts";
import type { Checkpoint, VerifierKey } from "./note.ts";
import { parseFrontier } from "./frontier.ts";
import { parseRecord } from "./record.ts";
import { chainReader, chainStart, openActs } from "./replay.ts";
import { frontierOf } from "./recover.ts";

/** What can be wrong. Everything else in the report is a figure, not an accusation. */
export type ProblemCode =
  | "malformed_line"
  | "segment_gap"
  | "sequence"
  | "chain"
  | "tree"
  | "checkpoint_malformed"
  | "checkpoint_signature"
  | "checkpoint_order"
  | "checkpoint_missing"
  | "log_shorter_than_checkpoint"
  | "newest_checkpoint"
  | "frontier"
  | "witness_malformed"
  | "witness_signature"
  | "witness_disagrees"
  | "rolled_back"
  | "act_without_intent"
  | "person";

export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  /** Where in the log's files, when it has one place: record counted from 0, and byte in the file. */
  readonly file?: string;
  readonly record?: number;
  readonly byte?: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly origin: string | null;
  readonly records: number;
  readonly segments: number;
  /** Each `true` when no problem of its kind was found. */
  readonly lines: boolean;
  readonly sequence: boolean;
  readonly chain: boolean;
  readonly tree: boolean;
  readonly checkpoints: { readonly count: number; readonly signatures: boolean; readonly consistent: boolean };
  /** Records `[0, anchored)` stand under a good checkpoint; the `unanchored` after them only under the chain. */
  readonly anchored: number;
  readonly unanchored: number;
  /** Checkpoints kept elsewhere that were held against the log; `null` when none were given. */
  readonly witness: { readonly count: number; readonly newest: number } | null;
  /** Allowed acts with no outcome yet: in flight, or lost in a crash not recovered from. */
  readonly openActs: readonly string[];
  /** Whether what persons signed holds, and nothing was used without; `null` where nobody looked. */
  readonly persons: boolean | null;
  /** Acts that a restart recorded as of unknown outcome. */
  readonly unknownOutcomes: number;
  readonly tornFiles: readonly string[];
  /** Bytes of an unfinished line at the end. */
  readonly tornTailBytes: number;
  /** At most `problemsMax`; `problemCount` has them all. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
  readonly firstBad: Problem | null;
}

export interface VerifyOptions {
  readonly directory: string;
  /** `name+hash+base64`, as kept outside the machine. */
  readonly publicKey: string;
  /** The text of a file of checkpoints kept elsewhere. */
  readonly witness?: string;
  readonly files?: LogFiles;
  /** Looks at the records that stand in order, for what persons signed in them. */
  readonly persons?: RecordReader;
}

export interface RecordReader {
  /** What is wrong with a record, in a sentence; `null` where nothing is. Never throws. */
  step(event: AuditEvent): string | null;
}

const problemsMax = 100;

interface Findings {
  add(problem: Problem): void;
  has(...codes: readonly ProblemCode[]): boolean;
  readonly list: readonly Problem[];
  readonly count: number;
}

/** Never rejects for what the log holds; only when its files cannot be read or the public key is not one. */
export async function verifyLog(options: VerifyOptions): Promise<VerifyReport> {
  const key = parseVerifierKey(options.publicKey);
  const files = options.files ?? (await directoryFiles(options.directory));
  const found = findings();
  // Checkpoints first: a log that is being written is then at least as long as they say.
  const newestText = (await files.read(checkpointFile))?.toString() ?? null;
  const frontierBytes = (await files.read(frontierFile))?.toString() ?? null;
  const checkpoints = signedCheckpoints((await files.read(checkpointsFile))?.toString() ?? "", key, found);
  judgeNewest(newestText, checkpoints, found);
  const witness = options.witness === undefined ? null : witnessCheckpoints(options.witness, key, found);
  const origin = checkpoints[0]?.origin ?? witness?.[0]?.origin ?? null;
  const names = await files.list();
  const read = await readLog({ files, names, origin, checkpoints, witness: witness ?? [], frontierBytes, persons: options.persons }, found);
  if (checkpoints.length === 0)
    found.add({ code: "checkpoint_missing", message: "there is no checkpoint: nothing shows what this log once held" });
  return {
    ok: found.count === 0,
    origin,
    records: read.records,
    segments: segmentsOf(names).length,
    lines: !found.has("malformed_line", "segment_gap"),
    sequence: !found.has("sequence", "segment_gap"),
    chain: !found.has("chain"),
    tree: !found.has("tree", "log_shorter_than_checkpoint"),
    checkpoints: {
      count: checkpoints.length,
      signatures: !found.has("checkpoint_signature", "checkpoint_malformed", "checkpoint_missing"),
      consistent: !found.has("checkpoint_order", "newest_checkpoint", "tree", "log_shorter_than_checkpoint"),
    },
    anchored: read.anchored,
    unanchored: read.records - read.anchored,
    witness: witness === null ? null : { count: witness.length, newest: Math.max(0, ...witness.map((c) => c.size)) },
    openActs: read.openActs,
    persons: options.persons === undefined ? null : !found.has("person"),
    unknownOutcomes: read.unknownOutcomes,
    tornFiles: tornFilesOf(names),
    tornTailBytes: read.tornTailBytes,
    problems: found.list,
    problemCount: found.count,
    firstBad: firstBadLine(found.list),
  };
}

function findings(): Findings {
  const list: Problem[] = [];
  const codes = new Set<ProblemCode>();
  let count = 0;
  return {
    add(problem) {
      count += 1;
      codes.add(problem.code);
      if (list.length < problemsMax) list.push(problem);
    },
    has: (...wanted) => wanted.some((code) => codes.has(code)),
    list,
    get count() {
      return count;
    },
  };
}

function firstBadLine(problems: readonly Problem[]): Problem | null {
  const placed = problems.filter((p) => p.record !== undefined);
  return placed.reduce<Problem | null>((a, b) => (a === null || (b.record ?? 0) < (a.record ?? 0) ? b : a), null);
}

/** The checkpoints with a good signature, in the file's order. */
function signedCheckpoints(text: string, key: VerifierKey, found: Findings): readonly Checkpoint[] {
  const { notes, rest } = parseNotes(text);
  // A note whose writing was cut short is no accusation: `checkpoint` then still names the one before, and that is compared.
  if (rest.split("\n\n").length > 2 || (rest !== "" && notes.length === 0)) {
    const byte = Buffer.byteLength(text) - Buffer.byteLength(rest);
    found.add({
      code: "checkpoint_malformed",
      message: `checkpoint ${notes.length + 1} is not a signed note`,
      file: checkpointsFile,
      byte,
    });
  }
  const good: Checkpoint[] = [];
  for (const [index, note] of notes.entries()) {
    const last = good.at(-1);
    if (!signatureHolds(note, key)) {
      found.add({
        code: "checkpoint_signature",
        message: `checkpoint ${index + 1} (size ${note.size}) is not signed by \`${key.name}\``,
        file: checkpointsFile,
      });
    } else if (last !== undefined && (note.size < last.size || note.origin !== last.origin)) {
      found.add({
        code: "checkpoint_order",
        message: `checkpoint ${index + 1} (size ${note.size}) does not follow size ${last.size}`,
        file: checkpointsFile,
      });
    } else good.push(note);
  }
  return good;
}

/** `checkpoint` is written after `checkpoints`: it may be one behind after a crash, never ahead or different. */
function judgeNewest(text: string | null, checkpoints: readonly Checkpoint[], found: Findings): void {
  const recent = checkpoints.slice(-2).map((c) => c.text);
  if (text === null ? checkpoints.length > 1 : !recent.includes(text)) {
    found.add({
      code: "newest_checkpoint",
      message: "the newest checkpoint is not the last of all checkpoints",
      file: checkpointFile,
      byte: 0,
    });
  }
}

function witnessCheckpoints(text: string, key: VerifierKey, found: Findings): readonly Checkpoint[] {
  const { notes, rest } = parseNotes(text.endsWith("\n\n") ? text : `${text.trimEnd()}\n\n`);
  if (rest !== "")
    found.add({ code: "witness_malformed", message: `the witness file holds something else after ${notes.length} checkpoints` });
  return notes.filter((note) => {
    const holds = signatureHolds(note, key);
    if (!holds)
      found.add({ code: "witness_signature", message: `a checkpoint of the witness (size ${note.size}) is not signed by \`${key.name}\`` });
    return holds;
  });
}

interface Inputs {
  readonly files: LogFiles;
  readonly names: readonly string[];
  readonly origin: string | null;
  readonly checkpoints: readonly Checkpoint[];
  readonly witness: readonly Checkpoint[];
  readonly frontierBytes: string | null;
  readonly persons: RecordReader | undefined;
}

interface ReadLog {
  readonly records: number;
  readonly anchored: number;
  readonly openActs: readonly string[];
  readonly unknownOutcomes: number;
  readonly tornTailBytes: number;
}

async function readLog(inputs: Inputs, found: Findings): Promise<ReadLog> {
  const { files } = inputs;
  const tree = compactRange();
  const acts = openActs();
  const chain = inputs.origin === null ? null : chainReader(chainStart(inputs.origin));
  const anchors = anchorsAt(inputs, found);
  const frontier = frontierAt(inputs, found);
  const segments = segmentsOf(inputs.names);
  let expected = 0;
  let unknownOutcomes = 0;
  let tornTailBytes = 0;
  anchors.reached(tree.size, () => tree.root());
  for (const [index, segment] of segments.entries()) {
    if (segment.first !== tree.size) {
      found.add({
        code: "segment_gap",
        message: `the segment begins at record ${segment.first} and ${tree.size} is due`,
        file: segment.name,
        record: tree.size,
        byte: 0,
      });
    }
    for await (const line of linesOf(files, segment.name, 0)) {
      const at = { file: segment.name, record: tree.size, byte: line.offset };
      if (!line.whole && index === segments.length - 1) {
        tornTailBytes = line.bytes.length;
        break;
      }
      const record = line.whole ? parseRecord(line.bytes.toString()) : null;
      if (record === null) found.add({ code: "malformed_line", message: "the line is not a record", ...at });
      else if (record.n !== expected) found.add({ code: "sequence", message: `record ${record.n} stands where ${expected} is due`, ...at });
      if (chain !== null && chain.step(line.bytes, record?.c) !== null) {
        found.add({ code: "chain", message: "the bytes written before this line are not those that it was chained to", ...at });
      }
      expected = (record?.n ?? expected) + 1;
      tree.add(line.bytes);
      if (record !== null) {
        for (const action of acts.step(record.event)) {
          found.add({ code: "act_without_intent", message: `an outcome of \`${action.slice(0, 80)}\`, which has no open intent`, ...at });
        }
        const wrong = inputs.persons?.step(record.event) ?? null;
        if (wrong !== null) found.add({ code: "person", message: wrong, ...at });
        if (record.event.kind === "recovered") unknownOutcomes += record.event.unknownOutcomes.length;
      }
      anchors.reached(tree.size, () => tree.root());
      if (tree.size === frontier?.size) {
        const end = { segment: segment.name, offset: line.offset + line.bytes.length + 1 };
        const place = {
          size: tree.size,
          chain: chain?.due() ?? "",
          ...(frontier.beginsSegment ? { segment: segmentName(tree.size), offset: 0 } : end),
        };
        frontier.compare(frontierOf(place, tree.hashes, acts.open));
      }
    }
  }
  const anchored = anchors.end(tree.size);
  return { records: tree.size, anchored, openActs: [...acts.open], unknownOutcomes, tornTailBytes };
}

/** Compares roots as the tree grows past the checkpoints, those of the log and those of the witness alike. */
function anchorsAt({ checkpoints, witness }: Inputs, found: Findings) {
  const due = [...checkpoints.map((c) => ({ ...c, own: true })), ...witness.map((c) => ({ ...c, own: false }))].sort(
    (a, b) => a.size - b.size,
  );
  let next = 0;
  let anchored = 0;
  let spoiled = false;
  return {
    reached(size: number, root: () => Buffer): void {
      if (due[next]?.size !== size) return;
      const rootText = root().toString("base64");
      for (let c = due[next]; c !== undefined && c.size === size; c = due[++next]) {
        if (c.root === rootText) {
          if (!spoiled) anchored = size;
          continue;
        }
        spoiled = true;
        found.add(
          c.own
            ? { code: "tree", message: `records ${anchored} to ${size - 1} are not those that the checkpoint of size ${size} signs` }
            : { code: "witness_disagrees", message: `the first ${size} records are not those that the witness has a checkpoint of` },
        );
      }
    },
    /** Checkpoints the log never reached; returns how far it is anchored. */
    end(size: number): number {
      for (const c of due.slice(next)) {
        found.add(
          c.own
            ? {
                code: "log_shorter_than_checkpoint",
                message: `the log has ${size} records and a checkpoint signs ${c.size}: its end is missing`,
              }
            : {
                code: "rolled_back",
                message: `the log has ${size} records and the witness has a checkpoint of ${c.size}: it was rolled back`,
              },
        );
      }
      return anchored;
    },
  };
}

/** The writer's cache, held against what the log really gives at that place. */
function frontierAt({ frontierBytes, checkpoints }: Inputs, found: Findings) {
  if (frontierBytes === null) return null;
  const wrong = (): void =>
    found.add({ code: "frontier", message: "the saved frontier is not what the log gives; it is not used", file: frontierFile, byte: 0 });
  const frontier = parseFrontier(frontierBytes);
  if (frontier === null || !checkpoints.some((c) => c.size === frontier.size)) {
    wrong();
    return null;
  }
  // The end of one segment and the beginning of the next are the same place.
  return {
    size: frontier.size,
    beginsSegment: frontier.offset === 0,
    compare: (text: string): void => {
      if (text !== frontierBytes) wrong();
    },
  };
}
