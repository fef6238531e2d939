import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseStrictXml } from "./strict-xml.ts";

const tree = (text: string): unknown => {
  const parsed = parseStrictXml(text);
  return "tree" in parsed ? plain(parsed.tree) : parsed.problem;
};

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof Map ? Object.fromEntries([...(value as Map<string, unknown>)].map(([key, inner]) => [key, plain(inner)])) : value;
}

describe("XML that every reader reads alike", () => {
  const rows: readonly (readonly [what: string, text: string, read: unknown])[] = [
    ["an element", "<a/>", { a: "" }],
    ["text", "<a>b</a>", { a: "b" }],
    ["a declaration, white space and a comment", '<?xml version="1.0" encoding="utf-8"?>\n<!-- c -->\n<a>b</a>\n', { a: "b" }],
    ["children, repeated ones as a list", "<a><b>1</b><c/><b>2</b><b>3</b></a>", { a: { b: ["1", "2", "3"], c: "" } }],
    ["a namespace and prefixes", '<x:a xmlns:x="urn:x"><x:b>1</x:b></x:a>', { a: { b: "1" } }],
    ["attributes", "<a t='1' x:u=\"2\"/>", { a: { "@t": "1", "@u": "2" } }],
    ["entities of XML, and signs by number", "<a>&lt;&amp;&#65;&#x42;&quot;</a>", { a: '<&AB"' }],
    ["CDATA", "<a><![CDATA[<b>&x;]]></a>", { a: "<b>&x;" }],
    ["text in pieces", "<a>b<!-- c -->d</a>", { a: "bd" }],
  ];
  for (const [what, text, read] of rows) test(what, () => assert.deepEqual(tree(text), read));
});

describe("what is refused", () => {
  const rows: readonly (readonly [what: string, text: string, why: RegExp])[] = [
    ["a document type", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', /no XML that is read here/],
    ["an entity of its own", "<a>&b;</a>", /entity/],
    ["a sign that XML may not hold", "<a>&#0;</a>", /entity|sign/],
    ["a NUL", "<a>\0</a>", /characters/],
    ["a processing instruction", "<?xml-stylesheet href='x'?><a/>", /no XML/],
    ["another encoding", '<?xml version="1.0" encoding="UTF-16"?><a/>', /not in UTF-8/],
    ["an element that does not close", "<a><b></a>", /do not close/],
    ["an element that ends early", "<a><b>", /ends early/],
    ["two roots", "<a/><b/>", /several roots/],
    ["text outside", "<a/>b", /outside/],
    ["an attribute twice", "<a b='1' b='2'/>", /twice/],
    ["a comment with two dashes", "<a><!-- -- --></a>", /no XML/],
    ["nothing", "  ", /no element/],
    ["too deep", `${"<a>".repeat(200)}${"</a>".repeat(200)}`, /too large/],
    ["too many elements", `<a>${"<b/>".repeat(100_001)}</a>`, /too large/],
  ];
  for (const [what, text, why] of rows) test(what, () => assert.match(String(tree(text)), why));

  test("long texts of every kind are read, and cost no stack", () => {
    const long = "x".repeat(1_000_000);
    assert.deepEqual(tree(`<a>${long}</a>`), { a: long });
    assert.deepEqual(tree(`<a><!--${long}--></a>`), { a: "" });
    assert.deepEqual(tree(`<a><![CDATA[${long}]]></a>`), { a: long });
    assert.deepEqual(tree(`<a b="${long}"/>`), { a: { "@b": long } });
    assert.match(String(tree(`<a${" ".repeat(1_000_000)}`)), /no XML/);
    assert.match(String(tree(`<!--${long}`)), /no XML/);
  });
});
