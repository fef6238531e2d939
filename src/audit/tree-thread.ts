/**
 * The thread behind `treeInThread`: takes lines and gives their memory back, and answers `null` with the head over all of them.
 * It has no files and no keys.
 */
import { parentPort, workerData } from "node:worker_threads";
import { compactRange } from "./merkle.ts";
import { addLines, headOf } from "./tree.ts";

const { size, hashes } = workerData as { readonly size: number; readonly hashes: readonly Uint8Array[] };
const range = compactRange(
  size,
  hashes.map((h) => Buffer.from(h)),
);

parentPort?.on("message", (piece: { readonly buffer: ArrayBuffer; readonly length: number } | null) => {
  if (piece === null) return parentPort?.postMessage(headOf(range));
  addLines(range, Buffer.from(piece.buffer, 0, piece.length));
  parentPort?.postMessage(piece.buffer, [piece.buffer]);
});
