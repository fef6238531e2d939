/**
 * Checkpoints of a log that is being written: signed off the hot path, every so often, over durable records only.
 * It does not write records; a failure here breaks the log, because what cannot be anchored must not grow.
 */
import { assert } from "../base/assert.ts";
import type { AppendFile, LogFiles } from "./files.ts";
import { checkpointFile, frontierFile } from "./lines.ts";
import { signCheckpoint } from "./note.ts";
import type { CheckpointSigner } from "./note.ts";
import { frontierOf } from "./recover.ts";
import type { OpenActs } from "./replay.ts";
import type { GrowingTree } from "./tree.ts";
import type { Place, Written } from "./writer.ts";

export interface AnchorOptions {
  readonly files: LogFiles;
  /** The file of all checkpoints. */
  readonly notes: AppendFile;
  readonly tree: GrowingTree;
  readonly acts: OpenActs;
  readonly place: Place;
  readonly origin: string;
  readonly signer: CheckpointSigner;
  /** 0: no timer. */
  readonly everyMs: number;
  readonly everyRecords: number;
  readonly failed: (error: unknown) => void;
}

export interface Anchoring {
  /** To be called with every durable group, in order. */
  readonly written: (group: Written) => void;
  /** Resolves when a checkpoint covers what was durable at the call. */
  readonly anchor: () => Promise<void>;
  /** No checkpoint begins by itself any more; resolves when none is under way: after that another process may write the same files. */
  readonly stop: () => Promise<void>;
}

export function startAnchoring(options: AnchorOptions): Anchoring {
  const { tree, acts, files } = options;
  let place = options.place;
  let anchored = -1;
  let last: Promise<void> = Promise.resolve();
  let underWay = false;
  let stopped = false;

  /** Only durable records are signed: after a crash a checkpoint of lost ones could never be agreed with again. */
  const sign = async (): Promise<void> => {
    if (place.size === anchored) return;
    // Place and open acts are taken in the same turn as the head is asked for: all three are of one moment.
    const at = { place, open: [...acts.open] };
    const head = await tree.head();
    assert(head.size === at.place.size, "the tree holds every durable record");
    const { text, size } = signCheckpoint(options.origin, head.size, head.root, options.signer);
    const frontier = frontierOf(at.place, head.hashes, at.open);
    anchored = size;
    await options.notes.append(Buffer.from(`${text}\n`)); // From here on the checkpoint holds, whatever becomes of the two files below.
    await files.replace(checkpointFile, Buffer.from(text));
    await files.replace(frontierFile, Buffer.from(frontier)); // From here on a start reads only what comes after.
  };
  const anchor = (): Promise<void> => {
    last = last.then(sign);
    last.catch(options.failed);
    return last;
  };
  const anchorSoon = (): void => {
    if (underWay || stopped) return;
    underWay = true;
    anchor()
      .catch(() => {})
      .finally(() => {
        underWay = false;
      }); // `failed` was told.
  };
  const timer = options.everyMs > 0 ? setInterval(anchorSoon, options.everyMs).unref() : null;
  return {
    written(group) {
      tree.add(group.bytes);
      acts.stepAll(group.acts);
      place = group.after;
      if (place.size - anchored >= options.everyRecords) anchorSoon();
    },
    anchor,
    stop: async () => {
      stopped = true;
      if (timer !== null) clearInterval(timer);
      await last.catch(() => {}); // `failed` was told.
    },
  };
}
