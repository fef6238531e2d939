/**
 * A request as a person or a program writes it for `explain` and in examples: one line of text, or one JSON object.
 * It does not look at what the request means; no SQL statement begins as a request's text does.
 */
import type { HttpRequest } from "../../model/http-request.ts";
import { parseStrictJson } from "./strict-json.ts";
import type { Tree } from "./tree.ts";

type Problem = { readonly problem: string };

const TEXT = /^([A-Za-z-]+)\s+(https?:\/\/\S+)(?:\s+([\s\S]*))?$/i;
const wanted = 'give it as {"method", "url", "headers", "body"}';

/** `POST https://host/path {"body": 1}`; `undefined` where the text is no request. */
export function requestOfText(text: string): HttpRequest | undefined {
  const [, method, url, body = ""] = TEXT.exec(text.trim()) ?? [];
  return method === undefined || url === undefined ? undefined : { method, url, headers: [], body };
}

/** A key that stands in the line twice is a problem, as it would be in a body. */
export function requestOfLine(line: string): { readonly request: HttpRequest } | Problem {
  const parsed = parseStrictJson(line);
  if ("problem" in parsed) return { problem: `the line holds no request: ${parsed.problem}` };
  if (!(parsed.tree instanceof Map)) return { problem: `the line holds no request: ${wanted}` };
  const fields = parsed.tree as ReadonlyMap<string, Tree>;
  const unknown = [...fields.keys()].some((key) => !["method", "url", "headers", "body"].includes(key));
  const method = fields.get("method") ?? "GET";
  const url = fields.get("url");
  const headers = headersOf(fields.get("headers") ?? new Map());
  const body = bodyText(fields.get("body") ?? "");
  if (unknown || typeof method !== "string" || typeof url !== "string" || headers === undefined) {
    return { problem: `the line holds no request that can be read: ${wanted}` };
  }
  return { request: { method, url, headers, body } };
}

function headersOf(tree: Tree): HttpRequest["headers"] | undefined {
  if (!(tree instanceof Map)) return undefined;
  const pairs: [string, string][] = [];
  for (const [name, value] of tree as ReadonlyMap<string, Tree>) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (typeof each !== "string") return undefined;
      pairs.push([name, each]);
    }
  }
  return pairs;
}

/** A body that is given as JSON stands for its text. */
function bodyText(tree: Tree): string {
  return typeof tree === "string" ? tree : JSON.stringify(plainOf(tree));
}

function plainOf(tree: Tree): unknown {
  if (Array.isArray(tree)) return tree.map(plainOf);
  if (!(tree instanceof Map)) return tree;
  // Object.fromEntries defines its keys, `__proto__` included.
  return Object.fromEntries([...(tree as ReadonlyMap<string, Tree>)].map(([key, value]) => [key, plainOf(value)]));
}
