/** Texts out of requests and answers: what stands in a tree plainly, a segment of a path as it is meant, and what people may be shown. */
import { type Tree, UNDETERMINED } from "./tree.ts";

/** The value as text; nothing where it is a list, an object, empty, or not known. */
export function plainText(value: Tree): readonly string[] {
  if (value === UNDETERMINED || value === null || typeof value === "object" || value === "") return [];
  return [String(value)];
}

/** Without its percent signs; as it is where they are not well formed. */
export function decodedSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Text from outside, printable and no longer than so many characters. */
export function printable(text: string, charactersMax: number): string {
  const plain = text.replace(/[^\x20-\x7e]/g, "?");
  return plain.length > charactersMax ? `${plain.slice(0, charactersMax)}...` : plain;
}
