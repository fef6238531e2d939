/**
 * Fuzz target of the readers of XML and CBOR bodies: a tree that was written in any of the ways that the form allows comes back as it was;
 * damaged, it is read as something or refused with a reason, and nothing throws.
 */
import assert from "node:assert/strict";
import { parseCbor } from "../../src/effects/http/cbor.ts";
import { parseStrictXml } from "../../src/effects/http/strict-xml.ts";
import type { Tree } from "../../src/effects/http/tree.ts";
import { below, bytesOf, damaged, pick } from "./mutate.ts";
import type { Random } from "./wire.ts";

const names = ["Key", "Object", "a", "Status", "x1", "Name.with-signs_"];
const texts = ["", "value", "a < b & c", "\u00e9\u4e16\u{1f511}", "]]>", "'\"", " spaces ", "123"];

export function xmlAndCborBodies(random: Random): void {
  const tree = mapOf(random, 0);
  const bytes = cborOf(random, tree);
  assert.deepEqual(parseCbor(bytes), { tree });
  settled(parseCbor(damaged(random, bytes)));
  settled(parseCbor(bytesOf(random, below(random, 60))));
  const element = pick(random, names);
  const told = xmlTree(random, 0);
  const xml = `${random() < 0.3 ? '<?xml version="1.0" encoding="UTF-8"?>\n' : ""}${xmlOf(random, element, told)}`;
  assert.deepEqual(parseStrictXml(xml), { tree: new Map([[element, told]]) });
  settled(parseStrictXml(damaged(random, Buffer.from(xml)).toString("utf8")));
}

function settled(result: object): void {
  assert.ok("tree" in result !== "problem" in result, "it is read, or refused with a reason");
}

function mapOf(random: Random, depth: number): ReadonlyMap<string, Tree> {
  return new Map(Array.from({ length: below(random, 4) }, () => [pick(random, names), treeOf(random, depth + 1)] as const));
}

function treeOf(random: Random, depth: number): Tree {
  const plain: (() => Tree)[] = [
    () => pick(random, texts),
    () => below(random, 2 ** 31) - 2 ** 30,
    () => below(random, 300) / 4,
    () => random() < 0.5,
    () => null,
  ];
  if (depth > 4 || random() < 0.6) return pick(random, plain)();
  return random() < 0.5 ? mapOf(random, depth) : Array.from({ length: below(random, 4) }, () => treeOf(random, depth + 1));
}

/** Lengths as short as they go or longer, strings in pieces, lists and maps with an end or a count. */
function cborOf(random: Random, value: Tree): Buffer {
  if (typeof value === "string") return stringOf(random, Buffer.from(value));
  if (typeof value === "boolean") return Buffer.from([value ? 0xf5 : 0xf4]);
  if (value === null) return Buffer.from([random() < 0.5 ? 0xf6 : 0xf7]);
  if (typeof value === "number") return numberOf(random, value);
  const items = value instanceof Map ? [...(value as ReadonlyMap<string, Tree>)].flat() : (value as readonly Tree[]);
  const major = value instanceof Map ? 5 : 4;
  const inner = items.map((item) => cborOf(random, item));
  if (random() < 0.3) return Buffer.concat([Buffer.from([(major << 5) | 31]), ...inner, Buffer.from([0xff])]);
  return Buffer.concat([headOf(random, major, major === 5 ? items.length / 2 : items.length), ...inner]);
}

function numberOf(random: Random, value: number): Buffer {
  if (Number.isInteger(value)) return value >= 0 ? headOf(random, 0, value) : headOf(random, 1, -1 - value);
  const bytes = Buffer.alloc(9, 0xfb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function stringOf(random: Random, bytes: Buffer): Buffer {
  if (random() < 0.7) return Buffer.concat([headOf(random, 3, bytes.length), bytes]);
  // In two pieces, none of which splits a character: one is empty.
  const pieces = random() < 0.5 ? [bytes, Buffer.alloc(0)] : [Buffer.alloc(0), bytes];
  return Buffer.concat([
    Buffer.from([0x7f]),
    ...pieces.map((piece) => Buffer.concat([headOf(random, 3, piece.length), piece])),
    Buffer.from([0xff]),
  ]);
}

function headOf(random: Random, major: number, argument: number): Buffer {
  const sizes = [0, 1, 2, 4].filter((size) => (size === 0 ? argument < 24 : argument < 256 ** size));
  const size = pick(random, sizes);
  if (size === 0) return Buffer.from([(major << 5) | argument]);
  const head = Buffer.alloc(1 + size);
  head[0] = (major << 5) | (24 + Math.log2(size));
  head.writeUIntBE(argument, 1, size);
  return head;
}

/** Texts and elements only, as XML has them: no list of one, no list in a list. */
function xmlTree(random: Random, depth: number): Tree {
  if (depth > 4 || random() < 0.4) return pick(random, texts);
  const children = new Map<string, Tree>();
  for (const name of names.slice(0, 1 + below(random, 3)))
    children.set(name, random() < 0.3 ? [xmlTree(random, depth + 1), xmlTree(random, depth + 1)] : xmlTree(random, depth + 1));
  return children;
}

function xmlOf(random: Random, name: string, value: Tree): string {
  const prefix = random() < 0.2 ? "ns:" : "";
  const opened = `${prefix}${name}${random() < 0.2 ? ' xmlns="urn:x"' : ""}${random() < 0.2 ? " " : ""}`;
  if (value === "" && random() < 0.5) return `<${opened}/>`;
  const inner = value instanceof Map ? childrenOf(random, value as ReadonlyMap<string, Tree>) : xmlText(random, String(value));
  return `<${opened}>${inner}</${prefix}${name}>`;
}

function childrenOf(random: Random, children: ReadonlyMap<string, Tree>): string {
  const between = () => pick(random, ["", "\n", "<!-- it says nothing -->"]);
  return [...children]
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => `${between()}${xmlOf(random, name, each as Tree)}`))
    .join("");
}

function xmlText(random: Random, text: string): string {
  if (!text.includes("]]>") && random() < 0.3) return `<![CDATA[${text}]]>`;
  return [...text].map((sign) => (/[<>&'"]/.test(sign) || random() < 0.1 ? `&#${sign.codePointAt(0)};` : sign)).join("");
}
