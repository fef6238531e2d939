/**
 * Sizes: files, functions, lines and blobs, each with a ratchet for what is too big today.
 * It does not count what a formatter decides; the numbers are the style's.
 */
import ts from "typescript";
import { type Check, eachNode, type Finding, isTypeScript, lineOf, treeOf } from "./source.ts";

const fileLinesMax = 400;
const functionLinesMax = 70;
const lineCharactersMax = 140;
const blobBytesMax = 256 * 1024;

export const fileSize: Check = (files, { fileLines }) => {
  const sizes = new Map(files.filter(isTypeScript).map((file) => [file.path, file.text.split("\n").length - 1]));
  return overLimit(sizes, fileLinesMax, fileLines, "lines in a file");
};

export const functionSize: Check = (files, { functionLines }) => {
  const sizes = new Map<string, number>();
  for (const file of files.filter(isTypeScript)) {
    eachNode(treeOf(file), (node) => {
      if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined || groupsTests(node)) return;
      const name = `${file.path}#${nameOf(node)}`;
      const lines = treeOf(file).getLineAndCharacterOfPosition(node.getEnd()).line + 2 - lineOf(node);
      sizes.set(name, Math.max(lines, sizes.get(name) ?? 0));
    });
  }
  return overLimit(sizes, functionLinesMax, functionLines, "lines in a function");
};

export const blobSize: Check = (files, { blobBytes }) => {
  return overLimit(new Map(files.map((file) => [file.path, file.bytes])), blobBytesMax, blobBytes, "bytes in a file");
};

/** A line that only a literal makes long passes: broken over lines, a statement or a pattern is harder to read, not easier. */
export const lineLength: Check = (files) =>
  files.filter(isTypeScript).flatMap((file) => {
    const long = file.text.split("\n").flatMap((text, index) => (text.length > lineCharactersMax ? [{ text, line: index + 1 }] : []));
    if (long.length === 0) return [];
    const literals = literalSpans(treeOf(file));
    const starts = treeOf(file).getLineStarts();
    return long.flatMap(({ text, line }) => {
      const limit = (starts[line - 1] ?? 0) + lineCharactersMax;
      if (literals.some(([from, to]) => from < limit && limit < to)) return [];
      return [{ path: file.path, line, message: `${text.length} characters in a line; at most ${lineCharactersMax}` }];
    });
  });

function literalSpans(tree: ts.SourceFile): (readonly [number, number])[] {
  const spans: (readonly [number, number])[] = [];
  eachNode(tree, (node) => {
    const whole = ts.isStringLiteralLike(node) || ts.isRegularExpressionLiteral(node) || ts.isTemplateExpression(node);
    if (whole) spans.push([node.getStart(tree), node.getEnd()]);
  });
  return spans;
}

function overLimit(sizes: ReadonlyMap<string, number>, max: number, ratchet: Readonly<Record<string, number>>, what: string): Finding[] {
  const findings: Finding[] = [];
  for (const [name, size] of sizes) {
    const path = name.split("#")[0] as string;
    const allowed = ratchet[name] ?? max;
    const shown = name === path ? "" : ` (${name.slice(path.length + 1)})`;
    if (size > allowed) findings.push({ path, message: `${size} ${what}${shown}; at most ${allowed}` });
  }
  for (const name of Object.keys(ratchet)) {
    if ((sizes.get(name) ?? 0) <= max)
      findings.push({ path: name.split("#")[0] as string, message: `the ratchet for \`${name}\` is no longer needed: remove it` });
  }
  return findings;
}

/** The callback of `describe` holds tests as a file does; the file's limit covers it. */
function groupsTests(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && /^(describe|suite)$/.test(node.parent.expression.getText());
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const { parent } = node;
  if ((ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) && parent.name)
    return parent.name.getText();
  if (ts.isCallExpression(parent)) return `${parent.expression.getText()}(${parent.arguments[0]?.getText().slice(0, 40) ?? ""})`;
  return "anonymous";
}
