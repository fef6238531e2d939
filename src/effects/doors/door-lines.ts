/**
 * Calls of tools and of programs as a person or a program writes them for `explain`: one JSON object a line.
 * It does not look at what they mean.
 */
import { parseStrictJson } from "../http/strict-json.ts";
import type { Tree } from "../http/tree.ts";
import type { ToolCall } from "./other-doors.ts";

type Problem = { readonly problem: string };

/** `{"tool", "server", "arguments", "annotations"}`, the name alone must be there. What a tool says of itself counts for nothing. */
export function toolCallOfLine(line: string): { readonly call: ToolCall } | Problem {
  const fields = fieldsOf(line, ["tool", "server", "arguments", "annotations"]);
  const wanted = 'the line holds no call of a tool: give it as {"tool", "server", "arguments"}';
  if (fields === undefined) return { problem: wanted };
  const name = fields.get("tool");
  const server = fields.get("server");
  if (typeof name !== "string" || name === "" || (server !== undefined && typeof server !== "string")) return { problem: wanted };
  return { call: { name, arguments: fields.get("arguments") ?? new Map(), ...(server === undefined ? {} : { server }) } };
}

/** `{"argv": ["program", "word"]}`. */
export function argvOfLine(line: string): { readonly argv: readonly string[] } | Problem {
  const argv = fieldsOf(line, ["argv"])?.get("argv");
  const words = Array.isArray(argv) ? (argv as readonly Tree[]) : [];
  if (words.length === 0 || !words.every((word) => typeof word === "string"))
    return { problem: 'the line holds no call of a program: give it as {"argv": ["program", "word"]}' };
  return { argv: words };
}

function fieldsOf(line: string, names: readonly string[]): ReadonlyMap<string, Tree> | undefined {
  const parsed = parseStrictJson(line);
  if ("problem" in parsed || !(parsed.tree instanceof Map)) return undefined;
  const fields = parsed.tree as ReadonlyMap<string, Tree>;
  return [...fields.keys()].every((key) => names.includes(key)) ? fields : undefined;
}
