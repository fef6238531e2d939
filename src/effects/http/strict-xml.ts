/**
 * XML as every reader would read it, as a tree: elements by their names without prefix, attributes as `@name`, repeated ones as a list.
 * It knows no document types and no entities but the five of XML: a text that has others is refused. Bounded in depth and in elements.
 */
import { limits } from "../../base/limits.ts";
import type { Tree } from "./tree.ts";

type Problem = { readonly problem: string };

interface Open {
  readonly name: string;
  readonly children: Map<string, Tree>;
  text: string;
}

const NAME = "[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?";
const TOKEN = new RegExp(
  [
    "(?<text>[^<]+)",
    "<!--(?:(?!--)[^])*-->",
    "<!\\[CDATA\\[(?<cdata>(?:(?!\\]\\]>)[^])*)\\]\\]>",
    `</(?<close>${NAME})\\s*>`,
    `<(?<open>${NAME})(?<attributes>(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(?<empty>/?)>`,
  ].join("|"),
  "y",
);
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "g");

/** A map with the root element's name, or why it is none. Never throws. */
export function parseStrictXml(text: string): { readonly tree: Tree } | Problem {
  const prolog = /^\s*(?:<\?xml(?:\s+[a-z]+\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'))+\s*\?>)?/.exec(text)?.[0] ?? "";
  const encoding = /encoding\s*=\s*["']([^"']*)["']/.exec(prolog)?.[1] ?? "utf-8";
  if (!/^utf-?8$/i.test(encoding)) return { problem: "it says that it is not in UTF-8" };
  if (/[^\t\n\r\x20-\ufffd\u{10000}-\u{10ffff}]|\p{Surrogate}/u.test(text)) return { problem: "it holds characters that XML may not hold" };
  return readElements(text, prolog.length);
}

function readElements(text: string, from: number): { readonly tree: Tree } | Problem {
  const root: Open = { name: "", children: new Map(), text: "" };
  const open: Open[] = [root];
  TOKEN.lastIndex = from;
  for (let at = from, elements = 0; at < text.length; at = TOKEN.lastIndex) {
    const groups = TOKEN.exec(text)?.groups;
    const top = open.at(-1);
    if (groups === undefined || top === undefined) return { problem: "it is no XML that is read here" };
    if (groups["text"] !== undefined || groups["cdata"] !== undefined) {
      const plain = groups["cdata"] ?? unescaped(groups["text"] ?? "");
      if (plain === undefined) return { problem: "it holds an entity or a sign that stands for something else" };
      top.text += plain;
      if (top === root && plain.trim() !== "") return { problem: "text stands outside its element" };
    } else if (groups["close"] !== undefined) {
      if (top === root || top.name !== groups["close"]) return { problem: "its elements do not close as they open" };
      open.pop();
      put(open.at(-1) ?? root, localName(top.name), contentOf(top));
    } else if (groups["open"] !== undefined) {
      const element = elementOf(groups["open"], groups["attributes"] ?? "");
      if ("problem" in element) return element;
      if (top === root && elements > 0) return { problem: "it has several roots" };
      if (++elements > ELEMENTS_MAX || open.length > limits.httpBodyDepthMax) return { problem: "it is too large to be looked into" };
      if (groups["empty"] === "/") put(top, localName(element.name), contentOf(element));
      else open.push(element);
    }
  }
  if (open.length > 1) return { problem: "it ends early" };
  return root.children.size === 1 ? { tree: root.children } : { problem: "it has no element" };
}

const ELEMENTS_MAX = 100_000;

function elementOf(name: string, attributes: string): Open | Problem {
  const children = new Map<string, Tree>();
  const seen = new Set<string>();
  for (const [, key = "", double, single] of attributes.matchAll(ATTRIBUTE)) {
    if (seen.has(key)) return { problem: "an attribute stands in it twice" };
    seen.add(key);
    const value = unescaped(double ?? single ?? "");
    if (value === undefined) return { problem: "it holds an entity or a sign that stands for something else" };
    if (!/^xmlns(:|$)/.test(key)) children.set(`@${localName(key)}`, value);
  }
  return { name, children, text: "" };
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function contentOf({ children, text }: Open): Tree {
  if (children.size === 0) return text;
  if (text.trim() !== "") children.set("#text", text);
  return children;
}

function put({ children }: Open, name: string, value: Tree): void {
  const known = children.get(name);
  if (known === undefined) children.set(name, value);
  else if (Array.isArray(known)) (known as Tree[]).push(value);
  else children.set(name, [known, value]);
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** `undefined` for an entity that XML itself does not have, or a sign that it may not hold. */
function unescaped(text: string): string | undefined {
  let known = true;
  const plain = text.replace(
    /&(?:#([0-9]{1,7})|#x([0-9a-fA-F]{1,6})|([A-Za-z]+));|&/g,
    (_, decimal?: string, hexadecimal?: string, name?: string) => {
      const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
      const sign =
        name === undefined
          ? code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
            ? String.fromCodePoint(code)
            : [9, 10, 13].includes(code)
              ? String.fromCharCode(code)
              : undefined
          : entities[name];
      known &&= sign !== undefined;
      return sign ?? "";
    },
  );
  return known ? plain : undefined;
}
