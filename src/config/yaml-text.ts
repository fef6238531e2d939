/**
 * YAML text in; data out, with a way back from any path of the data to line and column.
 * It does not know what the data should look like.
 */
import { type Document, isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, type YAMLError } from "yaml";

/** Something wrong in a configuration text. Line and column count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly suggestion?: string;
}

/** The same by its place in the data. `offset` counts characters into a scalar; `key` means the last key and not its value. */
export interface PathProblem {
  readonly path: readonly PropertyKey[];
  readonly at?: "key" | "value";
  readonly offset?: number;
  readonly message: string;
  readonly suggestion?: string;
}

export interface YamlText {
  readonly data: unknown;
  locate(problem: PathProblem): Problem;
}

/** Text beyond this many characters is no configuration. */
const TEXT_MAX = 1024 * 1024;

/** Duplicate keys, several documents, bad indentation and alias bombs are problems; nothing is ever guessed. */
export function readYaml(text: string): { readonly yaml: YamlText } | { readonly problems: readonly Problem[] } {
  if (text.length > TEXT_MAX) return { problems: [{ line: 1, column: 1, message: `longer than ${TEXT_MAX} characters` }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, strict: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return { problems: faults.map((e) => ({ ...position(lines, e.pos[0]), message: faultMessage(e, text) })) };
  }
  try {
    const data: unknown = document.toJS({ maxAliasCount: 100 });
    return { yaml: { data, locate: (problem) => locate(document, lines, text, problem) } };
  } catch (error) {
    return {
      problems: [{ line: 1, column: 1, message: `cannot be read: ${error instanceof Error ? tidy(error.message) : "unknown cause"}` }],
    };
  }
}

function locate(document: Document, lines: LineCounter, text: string, problem: PathProblem): Problem {
  const { message, suggestion } = problem;
  const at = position(lines, offsetOf(document, text, problem));
  return { ...at, message, ...(suggestion === undefined ? {} : { suggestion }) };
}

/** The deepest place of the path that the text has: a missing key is shown where its parent begins. */
function offsetOf(document: Document, text: string, problem: PathProblem): number {
  for (let length = problem.path.length; length > 0; length--) {
    const whole = length === problem.path.length;
    const pair = pairAt(document, problem.path.slice(0, length));
    const key = pair?.key as Node | null | undefined;
    if (key?.range && (!whole || problem.at === "key")) return key.range[0];
    const node = document.getIn(problem.path.slice(0, length), true) as Node | undefined;
    if (node?.range) return whole && problem.offset !== undefined ? offsetInScalar(node, text, problem.offset) : node.range[0];
    if (key?.range) return key.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function pairAt(document: Document, path: readonly PropertyKey[]): Pair | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  return parent.items.find((item) => (isScalar(item.key) ? item.key.value : item.key) === path.at(-1)) as Pair | undefined;
}

/** Exact for plain and quoted scalars on one line; the start of the text for block scalars. */
function offsetInScalar(node: Node, text: string, offset: number): number {
  const [start] = node.range ?? [0];
  if (!isScalar(node) || node.type === "BLOCK_FOLDED") return start;
  if (node.type === "BLOCK_LITERAL") return offsetInBlock(text, start, String(node.value), offset);
  return start + offset + (node.type === "PLAIN" ? 0 : 1);
}

function offsetInBlock(text: string, start: number, value: string, offset: number): number {
  const before = value.slice(0, offset).split("\n");
  let line = text.indexOf("\n", start) + 1;
  for (let i = 1; i < before.length; i++) line = text.indexOf("\n", line) + 1;
  const indent = /^ */.exec(text.slice(line))?.[0].length ?? 0;
  return line + indent + (before.at(-1)?.length ?? 0);
}

function position(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

/** The two that happen to people get words of ours; the rest is the parser's. */
function faultMessage(fault: YAMLError, text: string): string {
  if (fault.code === "DUPLICATE_KEY")
    return `the key \`${/^[^:\s]*/.exec(text.slice(fault.pos[0]))?.[0] ?? ""}\` stands twice: remove one of them`;
  if (fault.code === "MULTIPLE_DOCS") return "holds more than one document: remove the line `---`";
  return tidy(fault.message);
}

function tidy(message: string): string {
  const first = message.split("\n")[0] ?? message;
  return (first.charAt(0).toLowerCase() + first.slice(1)).replace(/\.$/, "");
}
