/**
 * The Merkle tree of a log that is being written, fed with durable lines: in a thread of its own, or in this one.
 * It keeps only the compact range, and answers with heads; it does not sign.
 */
import { Worker } from "node:worker_threads";
import type { CompactRange } from "./merkle.ts";

export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

export interface GrowingTree {
  /** Adds the lines of one durable write, which are read before this returns. */
  add(lines: Uint8Array): void;
  /** The head over everything added before the call. Rejects when the thread has died. */
  head(): Promise<TreeHead>;
  close(): Promise<void>;
}

export function treeHere(range: CompactRange): GrowingTree {
  return {
    add: (lines) => addLines(range, lines),
    head: async () => headOf(range),
    close: async () => {},
  };
}

/** Lines go to the thread in pieces of this size, so that the writing thread pays one message for a thousand of them. */
const pieceBytes = 256 * 1024;

const sparesMax = 2;

/** Hashes in a worker thread: two SHA-256 an event are most of what an event costs. */
export function treeInThread(range: CompactRange): GrowingTree {
  const start = { size: range.size, hashes: range.hashes.map((h) => new Uint8Array(h)) };
  const file = import.meta.url.endsWith(".ts") ? "./tree-thread.ts" : "./tree-thread.js";
  const thread = new Worker(new URL(file, import.meta.url), { workerData: start });
  thread.unref();
  /** Pieces go to the thread as they are and come back: new memory would cost more than what is done with it. */
  const spare: ArrayBuffer[] = [];
  let piece: Buffer | null = null;
  let filled = 0;
  let dead: Error | null = null;
  const asked: { resolve: (head: TreeHead) => void; reject: (error: Error) => void }[] = [];
  const die = (error: Error): void => {
    dead ??= error;
    for (const one of asked.splice(0)) one.reject(dead);
  };
  thread.on("message", (message: TreeHead | ArrayBuffer) => {
    if (!(message instanceof ArrayBuffer)) asked.shift()?.resolve(message);
    else if (message.byteLength === pieceBytes && spare.length < sparesMax) spare.push(message);
  });
  thread.on("error", (error) => die(error instanceof Error ? error : new Error(String(error))));
  thread.on("exit", () => die(new Error("the hashing thread has ended")));
  const send = (): void => {
    if (piece === null) return;
    const { buffer } = piece;
    thread.postMessage({ buffer, length: filled }, [buffer as ArrayBuffer]);
    piece = null;
    filled = 0;
  };
  return {
    add(lines) {
      if (filled + lines.length > pieceBytes) send();
      piece ??= Buffer.from(lines.length > pieceBytes ? new ArrayBuffer(lines.length) : (spare.pop() ?? new ArrayBuffer(pieceBytes)));
      piece.set(lines, filled);
      filled += lines.length;
    },
    head() {
      if (dead !== null) return Promise.reject(dead);
      send();
      return new Promise((resolve, reject) => {
        asked.push({ resolve, reject });
        thread.postMessage(null); // Messages arrive in order: the head covers all that was sent before.
      });
    },
    async close() {
      await thread.terminate();
    },
  };
}

/** Leaf hashes of whole lines, in order. */
export function addLines(range: CompactRange, lines: Uint8Array): void {
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf(10, at);
    range.add(lines.subarray(at, end));
    at = end + 1;
  }
}

export function headOf(range: CompactRange): TreeHead {
  return { size: range.size, root: range.root(), hashes: range.hashes };
}
