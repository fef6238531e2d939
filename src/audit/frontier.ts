/**
 * The frontier: what the writer needs to go on without reading the whole log, saved with each checkpoint.
 * It is a cache and never trusted: the root it gives must lead to the signed checkpoint, or the log is read from its start.
 */
import { sha256Hex } from "../base/canonical.ts";
import { compactRange } from "./merkle.ts";

export interface Frontier {
  readonly size: number;
  readonly segment: string;
  readonly offset: number;
  readonly chain: string;
  /** Subtree roots, base64, as `compactRange` orders them. */
  readonly hashes: readonly string[];
  /** Acts with an intent and no outcome. */
  readonly open: readonly string[];
}

/** One line of digest, one line of JSON. */
export function frontierText(frontier: Frontier): string {
  const { size, segment, offset, chain, hashes, open } = frontier;
  const body = JSON.stringify({ size, segment, offset, chain, hashes, open: [...open].sort() });
  return `${sha256Hex(body)}\n${body}\n`;
}

/** `null` when the text is not whole or does not describe a tree. */
export function parseFrontier(text: string): Frontier | null {
  const [digest, body = ""] = text.split("\n");
  if (digest !== sha256Hex(body)) return null;
  try {
    const frontier = JSON.parse(body) as Frontier;
    compactRange(frontier.size, hashesOf(frontier));
    return frontier;
  } catch {
    return null;
  }
}

export function hashesOf(frontier: Frontier): Buffer[] {
  return frontier.hashes.map((text) => Buffer.from(text, "base64"));
}
