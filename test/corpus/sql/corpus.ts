/**
 * Reads the labelled SQL corpus: blocks of a label, a statement and the expected analysis, one blank line between them.
 * It does not judge; `corpus.test.ts` does, and rewrites the expectations with UPDATE_EXPECT=1.
 */
import { readdirSync, readFileSync } from "node:fs";

/** What an independent reader would say: nothing changes, something bounded changes, or it must not pass by itself. */
export type Label = "safe" | "write" | "destructive";

export interface Specimen {
  readonly file: string;
  readonly label: Label;
  readonly sql: string;
  /** Lines that begin with `>>`, without it. */
  readonly expected: readonly string[];
}

const here = new URL("./", import.meta.url);

export function corpusFiles(): readonly string[] {
  return readdirSync(here).filter((name) => name.endsWith(".txt")).sort();
}

export function schemaText(): string {
  return readFileSync(new URL("schema.sql", here), "utf8");
}

/** Comment lines that open a file, and its specimens. */
export function readCorpus(file: string): { readonly head: string; readonly specimens: readonly Specimen[] } {
  const [head = "", ...blocks] = readFileSync(new URL(file, here), "utf8").trim().split(/\n\n+/);
  return { head, specimens: blocks.map((block) => readBlock(file, block)) };
}

function readBlock(file: string, block: string): Specimen {
  const [label = "", ...lines] = block.split("\n");
  if (label !== "safe" && label !== "write" && label !== "destructive") throw new Error(`${file}: a block begins with \`${label}\`, not with safe, write or destructive`);
  return {
    file, label,
    sql: lines.filter((line) => !line.startsWith(">>")).join("\n"),
    expected: lines.filter((line) => line.startsWith(">>")).map((line) => line.slice(2)),
  };
}

export function corpusPath(file: string): URL {
  return new URL(file, here);
}
