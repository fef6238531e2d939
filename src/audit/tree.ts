/**
 * The Merkle tree of a log that is being written, fed with durable lines: in a thread of its own, or in this one.
 * It keeps only the compact range, and answers with heads; it does not sign.
 */
import { Worker } from "node:worker_threads";
import { leafHash } from "./merkle.ts";
import type { CompactRange } from "./merkle.ts";

export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

export interface GrowingTree {
  /** Adds the lines of one durable write. The bytes belong to the tree from then on. */
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

/** Lines wait here and go to the thread in pieces of this size, so that the writing thread pays one message for thousands of them. */
const pieceBytes = 512 * 1024;

/** Hashes in a worker thread: two SHA-256 an event are most of what an event costs. */
export function treeInThread(range: CompactRange): GrowingTree {
  const start = { size: range.size, hashes: range.hashes.map((h) => new Uint8Array(h)) };
  const file = import.meta.url.endsWith(".ts") ? "./tree-thread.ts" : "./tree-thread.js";
  const thread = new Worker(new URL(file, import.meta.url), { workerData: start });
  thread.unref();
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let dead: Error | null = null;
  const asked: { resolve: (head: TreeHead) => void; reject: (error: Error) => void }[] = [];
  const die = (error: Error): void => {
    dead ??= error;
    for (const one of asked.splice(0)) one.reject(dead);
  };
  thread.on("message", (head: TreeHead) => asked.shift()?.resolve(head));
  thread.on("error", (error) => die(error instanceof Error ? error : new Error(String(error))));
  thread.on("exit", () => die(new Error("the hashing thread has ended")));
  const send = (): void => {
    if (waiting.length > 0) thread.postMessage(Buffer.concat(waiting));
    waiting = [];
    waitingBytes = 0;
  };
  return {
    add(lines) {
      waiting.push(lines);
      waitingBytes += lines.length;
      if (waitingBytes >= pieceBytes) send();
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
    range.append(leafHash(lines.subarray(at, end)));
    at = end + 1;
  }
}

export function headOf(range: CompactRange): TreeHead {
  return { size: range.size, root: range.root(), hashes: [...range.hashes] };
}
