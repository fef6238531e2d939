/** What a provider answered, as a tree: JSON, or XML where it speaks that. It repairs nothing. */
import { parseStrictJson } from "./strict-json.ts";
import { parseStrictXml } from "./strict-xml.ts";
import type { Tree } from "./tree.ts";

/** `undefined` where it is neither. */
export function answerTree(text: string): Tree | undefined {
  const parsed = /^\ufeff?\s*</.test(text) ? parseStrictXml(text.replace(/^\ufeff/, "")) : parseStrictJson(text);
  return "tree" in parsed ? parsed.tree : undefined;
}
