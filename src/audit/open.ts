/**
 * Opens the audit log of a directory: lock, recovery, writer, checkpoints. The writing side's composition.
 * It does not verify what was anchored long ago; `verify.ts` does, with nothing but the public key.
 */
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import { randomText } from "../base/ids.ts";
import type { ActionId, RandomBytes } from "../base/ids.ts";
import { startAnchoring } from "./anchor.ts";
import type { Anchoring } from "./anchor.ts";
import { directoryFiles } from "./files.ts";
import type { LogFiles } from "./files.ts";
import { checkpointsFile } from "./lines.ts";
import { lockDirectory } from "./lock.ts";
import { AuditUnavailable } from "./log.ts";
import type { AuditLog } from "./log.ts";
import { parseVerifierKey, verifierKeyText } from "./note.ts";
import type { CheckpointSigner } from "./note.ts";
import { recover } from "./recover.ts";
import type { Recovered } from "./recover.ts";
import { treeHere, treeInThread } from "./tree.ts";
import { openWriter } from "./writer.ts";
import type { Writer } from "./writer.ts";

export interface AuditLogOptions {
  readonly directory: string;
  /** The log's own name, first line of each checkpoint; never changes. No white space at its ends, no line feed. */
  readonly origin: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly signer: CheckpointSigner;
  /** A new segment file is begun after this many bytes. */
  readonly segmentBytesMax?: number;
  /** A checkpoint is signed at least this often while records come in; 0 leaves it to `checkpointRecords` and `close`. */
  readonly checkpointMs?: number;
  readonly checkpointRecords?: number;
  /** Where the tree is hashed: in a thread of its own unless `here`. */
  readonly hashing?: "thread" | "here";
  /** Stands in for the real files, in tests. */
  readonly files?: LogFiles;
}

export interface RecoveredInfo {
  /** Bytes of an unfinished write, now in a `torn-` file. */
  readonly tornBytes: number;
  /** Allowed acts whose outcome was never recorded; the log now says `recovered` with their ids. */
  readonly unknownOutcomes: readonly ActionId[];
  /** Records that had to be read again. */
  readonly replayed: number;
  /** Records before this start. */
  readonly size: number;
}

/** Rejects with `AuditDamaged` when the log contradicts itself, and when another process writes it. */
export async function openAuditLog(options: AuditLogOptions): Promise<{ log: AuditLog; recovered: RecoveredInfo }> {
  if (!/^\S(?:[^\n]*\S)?$/.test(options.origin)) throw new Error(`audit log origin \`${options.origin}\` is not one line of text`);
  const files = options.files ?? (await directoryFiles(options.directory));
  const release = await lockDirectory(options.directory, randomText(12, options.random));
  let log: StartedLog | null = null;
  try {
    const key = parseVerifierKey(verifierKeyText(options.signer.keyName, options.signer.publicKey));
    const state = await recover(files, options.origin, key);
    const unknownOutcomes = [...state.acts.open] as ActionId[];
    log = await startLog(options, files, state, release);
    for (const event of recoveredEvents(state.tornBytes, unknownOutcomes)) log.append(event);
    await log.seal();
    // Signed at every start: whatever a crash left behind of checkpoint and frontier is whole again after it.
    await log.anchor();
    return { log, recovered: { tornBytes: state.tornBytes, unknownOutcomes, replayed: state.replayed, size: state.place.size } };
  } catch (error) {
    if (log === null) await release();
    else await log.close().catch(() => {}); // Releases the lock too; what went wrong is told below.
    throw error;
  }
}

/** Several events when the ids would not fit one record. */
function recoveredEvents(tornBytes: number, unknownOutcomes: readonly ActionId[]) {
  const events = [];
  for (let at = 0; at < unknownOutcomes.length || (at === 0 && tornBytes > 0); at += 1000) {
    events.push({ kind: "recovered" as const, tornBytes: at === 0 ? tornBytes : 0, unknownOutcomes: unknownOutcomes.slice(at, at + 1000) });
  }
  return events;
}

interface StartedLog extends AuditLog {
  anchor(): Promise<void>;
}

async function startLog(options: AuditLogOptions, files: LogFiles, state: Recovered, release: () => Promise<void>): Promise<StartedLog> {
  const tree = options.hashing === "here" ? treeHere(state.tree) : treeInThread(state.tree);
  const opened: { close(): Promise<void> }[] = [tree];
  const closeAll = (): Promise<unknown> => Promise.allSettled(opened.map((one) => one.close()));
  try {
    const notes = await files.openAppend(checkpointsFile);
    opened.push(notes);
    const anchoring = startAnchoring({
      files,
      notes,
      tree,
      acts: state.acts,
      place: state.place,
      origin: options.origin,
      signer: options.signer,
      everyMs: options.checkpointMs ?? 10_000,
      everyRecords: options.checkpointRecords ?? 100_000,
      failed: (error) => writer.breakOff(`the audit log's checkpoint cannot be written: ${messageOf(error)}`, error),
    });
    const segmentBytesMax = options.segmentBytesMax ?? 64 * 1024 * 1024;
    const writer: Writer = await openWriter({
      files,
      clock: options.clock,
      segmentBytesMax,
      place: state.place,
      written: anchoring.written,
    });
    opened.push(writer);
    return startedLog(writer, anchoring, async () => {
      await closeAll();
      await release();
    });
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function startedLog(writer: Writer, anchoring: Anchoring, closeFiles: () => Promise<void>): StartedLog {
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    try {
      await writer.seal();
      await anchoring.anchor();
    } finally {
      writer.breakOff("the audit log is closed");
      await anchoring.stop();
      await closeFiles();
    }
  };
  return {
    get size() {
      return writer.size;
    },
    append(event) {
      if (closing !== null) throw new AuditUnavailable("the audit log is closed");
      writer.append(event);
    },
    seal: () => writer.seal(),
    anchor: anchoring.anchor,
    close: () => (closing ??= close()),
  };
}
