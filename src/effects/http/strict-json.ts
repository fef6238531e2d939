/**
 * JSON as every reader would read it: a key given twice, which two readers may read differently, is refused.
 * It does not repair anything, and is bounded in depth.
 */
import { limits } from "../../base/limits.ts";
import type { Tree } from "./tree.ts";

/** The value, or why it is not one. Never throws. */
export function parseStrictJson(text: string): { readonly tree: Tree } | { readonly problem: string; readonly doubled?: true } {
  try {
    // The engine's own reader is the grammar; what it lets pass is read again for what it hides.
    JSON.parse(text);
  } catch {
    return { problem: "it is not JSON" };
  }
  const reader = new Reader(text);
  const tree = reader.value(0);
  if (reader.problem === undefined) return { tree };
  return reader.doubled ? { problem: reader.problem, doubled: true } : { problem: reader.problem };
}

class Reader {
  readonly #tokens: RegExp = /[{}[\]:,]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}[\]:,"]+/g;
  readonly #text: string;
  problem: string | undefined;
  /** A key stands twice in one object. */
  doubled = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text is known to be JSON, so that what follows what needs no look. */
  value(depth: number, token: string = this.#next()): Tree {
    if (depth > limits.httpBodyDepthMax) this.problem ??= `it is nested deeper than ${limits.httpBodyDepthMax}`;
    if (this.problem !== undefined) return null;
    if (token === "{") return this.#object(depth);
    if (token === "[") return this.#list(depth);
    return JSON.parse(token) as string | number | boolean | null;
  }

  #object(depth: number): Tree {
    const entries = new Map<string, Tree>();
    let token = this.#next();
    while (token !== "}" && this.problem === undefined) {
      const key = JSON.parse(token) as string;
      this.#next();
      if (entries.has(key)) {
        this.doubled = true;
        this.problem ??= "a key stands in it twice";
      }
      entries.set(key, this.value(depth + 1));
      token = this.#next();
      if (token === ",") token = this.#next();
    }
    return entries;
  }

  #list(depth: number): Tree {
    const items: Tree[] = [];
    let token = this.#next();
    while (token !== "]" && this.problem === undefined) {
      items.push(this.value(depth + 1, token));
      token = this.#next();
      if (token === ",") token = this.#next();
    }
    return items;
  }

  #next(): string {
    const token = this.#tokens.exec(this.#text)?.[0];
    if (token === undefined) this.problem ??= "it ends early";
    return token ?? "null";
  }
}
