/**
 * Words: what the glossary bans as names, leftovers of work, paths of one machine, and the comment that opens each file.
 * It does not judge prose beyond a few words that have no place anywhere.
 */
import ts from "typescript";
import { type Check, eachNode, type Finding, isTypeScript, lineOf, type SourceFile, treeOf } from "./source.ts";

// Assembled from pieces, so that this file does not contain what it looks for.
const word = (...pieces: string[]): string => pieces.join("");
const bannedNames = ["manager", "handler", "helper", "helpers", "util", "utils", "service", "common", "misc", "verdict"];
const bannedAnywhere = new RegExp([word("white", "list"), word("black", "list"), word("risk", " score")].join("|"), "i");
const leftovers = new RegExp(`\\b(${word("TO", "DO")}|${word("FIX", "ME")}|${word("HA", "CK")}|${word("XX", "X")})\\b`);
const machinePaths = new RegExp(
  [word("/wo", "rk/(main|shared)"), word("/tmp/", "helpers"), word("/home/[a-z]+", "/"), word("/ro", "ot/")].join("|"),
);
/** Where the banned words stand because they are being banned. */
const glossary = /^(GLOSSARY|CONTRIBUTING)\.md$/;

export const glossaryNames: Check = (files) =>
  files.filter(isTypeScript).flatMap((file) => {
    const findings: Finding[] = [];
    const inPath = partsOf(file.path.replace(/\.tsx?$/, "")).find((part) => bannedNames.includes(part));
    if (inPath) findings.push({ path: file.path, message: `the glossary bans \`${inPath}\` as a name` });
    eachNode(treeOf(file), (node) => {
      const name = declaredName(node);
      const banned = name && partsOf(name).find((part) => bannedNames.includes(part));
      if (banned) findings.push({ path: file.path, line: lineOf(node), message: `the glossary bans \`${banned}\` in a name: \`${name}\`` });
    });
    return findings;
  });

export const bannedWords: Check = (files) =>
  matching(
    files.filter((file) => !glossary.test(file.path)),
    bannedAnywhere,
    "the glossary bans",
  );
export const leftoverMarks: Check = (files) => matching(files.filter(isTypeScript), leftovers, "left over from work:");
export const machinePath: Check = (files) => matching(files, machinePaths, "a path of one machine:");

/** A test file is exempt: the names of its tests say what it is. */
export const openingComment: Check = (files) =>
  files
    .filter((file) => isTypeScript(file) && !file.path.endsWith(".test.ts") && !/^(#!.*\n)?\/\*\*[\s\S]*?\*\//.test(file.text))
    .map((file) => ({ path: file.path, message: "opens without a /** comment that says what it is and what it does not do" }));

function matching(files: readonly SourceFile[], pattern: RegExp, message: string): Finding[] {
  return files.flatMap((file) =>
    file.text.split("\n").flatMap((text, index) => {
      const found = pattern.exec(text);
      return found ? [{ path: file.path, line: index + 1, message: `${message} \`${found[0]}\`` }] : [];
    }),
  );
}

function declaredName(node: ts.Node): string | undefined {
  const declares =
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertySignature(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node);
  return declares && node.name && (ts.isIdentifier(node.name) || ts.isPrivateIdentifier(node.name)) ? node.name.text : undefined;
}

/** The words of a name in camel case, snake case or kebab case, in lower case. */
function partsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
