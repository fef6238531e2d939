/**
 * How files hang together: dead ones, extensions missing in their list, exports by default, and limits nobody reads.
 * The arrows between folders are dependency-cruiser's business, not this file's.
 */
import { posix } from "node:path";
import ts from "typescript";
import { type Check, eachNode, type Finding, isTest, isTypeScript, lineOf, type SourceFile, treeOf } from "./source.ts";

/** Folders whose files are a list: each file but `index.ts` must be named by it. */
const extensionFolders = ["src/cli/commands", "src/policy/rules", "src/adapters"];
const programs = ["src/cli/main.ts", "console/main.tsx"];
/** node:test's contract for a reporter is a default export. */
const mayExportDefault = ["scripts/testing/reporter.ts"];

export const deadFiles: Check = (files) => {
  const sources = new Map(files.filter(isTypeScript).map((file) => [file.path, file]));
  const live = reachable(sources, programs);
  const entries = [...sources.keys()].filter((path) => path.endsWith(".test.ts") || /^(scripts|bench|test\/fuzz)\/[^/]+\.ts$/.test(path));
  const used = reachable(sources, [...programs, ...entries, "scripts/testing/reporter.ts"]);
  return [...sources.keys()].flatMap((path): Finding[] => {
    // The type checker finds declarations by itself.
    if (path.endsWith(".d.ts")) return [];
    if (!isTest(path) && !live.has(path))
      return [{ path, message: used.has(path) ? "only tests reach it: no program imports it" : "dead: nothing imports it" }];
    return used.has(path) ? [] : [{ path, message: "dead: no test, script or program imports it" }];
  });
};

export const unlistedExtensions: Check = (files) =>
  extensionFolders.flatMap((folder) => {
    const list = files.find((file) => file.path === `${folder}/index.ts`);
    if (!list) return [];
    const named = new Set(importsOf(list));
    return files
      .filter(
        (file) => posix.dirname(file.path) === folder && isTypeScript(file) && !isTest(file.path) && file !== list && !named.has(file.path),
      )
      .map((file) => ({ path: file.path, message: `not named in \`${list.path}\`` }));
  });

export const defaultExports: Check = (files) =>
  files
    .filter((file) => isTypeScript(file) && !mayExportDefault.includes(file.path))
    .flatMap((file) => {
      const findings: Finding[] = [];
      eachNode(treeOf(file), (node) => {
        const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
        if (ts.isExportAssignment(node) || modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword)) {
          findings.push({ path: file.path, line: lineOf(node), message: "a default export: give it its name" });
        }
      });
      return findings;
    });

/** A limit that nothing reads bounds nothing; a code that nothing gives explains nothing. */
export const unpairedEntries: Check = (files) =>
  ["src/base/limits.ts", "src/model/codes.ts"].flatMap((path) => {
    const table = files.find((file) => file.path === path);
    if (!table) return [];
    const others = files.filter((file) => file.path.startsWith("src/") && file !== table && !isTest(file.path)).map((file) => file.text);
    const keys = [...table.text.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1] as string);
    return keys
      .filter((key) => !others.some((text) => new RegExp(`\\b${key}\\b`).test(text)))
      .map((key) => ({ path, message: `\`${key}\` is read by no other file of src` }));
  });

function reachable(sources: ReadonlyMap<string, SourceFile>, from: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const queue = [...from];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = sources.get(path);
    if (seen.has(path) || !file) continue;
    seen.add(path);
    queue.push(...importsOf(file));
  }
  return seen;
}

/**
 * Static and dynamic imports, and files that are named in any other way, as to a worker: every relative path to a TypeScript file in
 * quotes.
 */
function importsOf(file: SourceFile): string[] {
  const paths = [...file.text.matchAll(/"(\.\.?\/[^"]+\.tsx?)"/g)].map((match) => match[1] as string);
  return paths.map((path) => posix.join(posix.dirname(file.path), path));
}
