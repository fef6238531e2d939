/**
 * What the tidy checks look at: files as text and as syntax tree, and the findings they give.
 * It reads the tree it is given and nothing else, so that each check can be tested on a few lines.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { filesUnder } from "../files.ts";

export interface SourceFile {
  /** Path from the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly bytes: number;
}

export interface Finding {
  readonly path: string;
  /** From 1; absent when the file as a whole is meant. */
  readonly line?: number;
  readonly message: string;
}

/** All files together, because some checks are about how they hang together. */
export type Check = (files: readonly SourceFile[], ratchets: Ratchets) => Finding[];

/** Sizes over the limit that stand for now. They may shrink, never grow, and an entry no longer needed is a finding. */
export interface Ratchets {
  readonly fileLines: Readonly<Record<string, number>>;
  /** Keyed `path#name`. */
  readonly functionLines: Readonly<Record<string, number>>;
  readonly blobBytes: Readonly<Record<string, number>>;
}

const binary = /\.(png|jpg|gz|bin|wasm)$/;

/** Every file of the repository that is committed, generated and installed ones left out. */
export function readSources(root: string): SourceFile[] {
  return filesUnder(".", root)
    .filter((path) => !path.startsWith("dist/") && !path.endsWith(".tgz"))
    .map((path) => ({
      path,
      text: binary.test(path) ? "" : readFileSync(join(root, path), "utf8"),
      bytes: statSync(join(root, path)).size,
    }));
}

export function isTypeScript(file: SourceFile): boolean {
  return /\.tsx?$/.test(file.path) && /^(src|console|test|scripts|bench)\//.test(file.path);
}

export function isTest(path: string): boolean {
  return /\.test\.ts$|^(test|bench|scripts)\//.test(path);
}

const trees = new WeakMap<SourceFile, ts.SourceFile>();

export function treeOf(file: SourceFile): ts.SourceFile {
  let tree = trees.get(file);
  if (tree === undefined) {
    tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true);
    trees.set(file, tree);
  }
  return tree;
}

/** Calls `visit` for every node, outermost first. */
export function eachNode(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => eachNode(child, visit));
}

export function lineOf(node: ts.Node): number {
  const tree = node.getSourceFile();
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}
