/** Each tidy check finds what it is for, in a few lines, and stays silent beside it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checks } from "../scripts/tidy/checks.ts";
import type { Ratchets, SourceFile } from "../scripts/tidy/source.ts";

const none: Ratchets = { fileLines: {}, functionLines: {}, blobBytes: {} };

/** `files` maps paths to texts; the expectation is one line a finding: `path:line message`. */
function check(name: string, files: Record<string, string>, expected: readonly string[], ratchets: Ratchets = none): void {
  const sources = Object.entries(files).map(([path, text]): SourceFile => ({ path, text, bytes: Buffer.byteLength(text) }));
  const run = checks[name];
  assert.ok(run, `there is a check named ${name}`);
  const found = run(sources, ratchets).map(({ path, line, message }) => `${path}${line === undefined ? "" : `:${line}`} ${message}`);
  assert.deepEqual(found, expected);
}

const lines = (count: number): string => "x;\n".repeat(count);
// Assembled, so that the checks do not find their own examples here.
const joined = (...pieces: string[]): string => pieces.join("");

test("fileSize: 400 lines pass, 401 do not; a ratchet holds a size and must go when it is not needed", () => {
  check("fileSize", { "src/a.ts": lines(400), "src/b.ts": lines(401) }, ["src/b.ts 401 lines in a file; at most 400"]);
  const ratchets = { ...none, fileLines: { "src/a.ts": 450, "src/b.ts": 401 } };
  check(
    "fileSize",
    { "src/a.ts": lines(451), "src/b.ts": lines(300) },
    ["src/a.ts 451 lines in a file; at most 450", "src/b.ts the ratchet for `src/b.ts` is no longer needed: remove it"],
    ratchets,
  );
});

test("functionSize: counts from the signature to the closing brace, and not the callback of describe", () => {
  const body = (count: number): string => `{\n${lines(count - 2)}}`;
  check("functionSize", { "src/a.ts": `function small() ${body(70)}\nconst big = () => ${body(71)};` }, [
    "src/a.ts 71 lines in a function (big); at most 70",
  ]);
  check("functionSize", { "src/a.test.ts": `describe("all", () => ${body(90)});\ntest("one", () => ${body(90)});` }, [
    'src/a.test.ts 90 lines in a function (test("one")); at most 70',
  ]);
});

test("lineLength: 140 characters pass", () => {
  check("lineLength", { "src/a.ts": `${"a".repeat(140)}\n${"b".repeat(141)}` }, ["src/a.ts:2 141 characters in a line; at most 140"]);
  const literal = `const sql = "${"a ".repeat(80)}";`;
  const code = `const x = [${"1, ".repeat(50)}"end"];`;
  check("lineLength", { "src/a.ts": `${literal}\n${code}` }, ["src/a.ts:2 168 characters in a line; at most 140"]);
});

test("blobSize: any file, whatever its kind", () => {
  check("blobSize", { "docs/a.json": "a".repeat(262_145), "docs/b.json": "" }, ["docs/a.json 262145 bytes in a file; at most 262144"]);
});

test("openingComment: a doc comment, after the #! line at most", () => {
  const missing = "opens without a /** comment that says what it is and what it does not do";
  check(
    "openingComment",
    { "src/a.ts": "/** A. */\n", "scripts/b.ts": "#!/usr/bin/env node\n/** B. */", "src/c.ts": "// c\n", "src/c.test.ts": "" },
    [`src/c.ts ${missing}`],
  );
});

test("glossaryNames: declared names and paths, by word, and not what others named", () => {
  check("glossaryNames", { "src/session-manager.ts": "" }, ["src/session-manager.ts the glossary bans `manager` as a name"]);
  const text = "const requestHandler = 1;\nfunction f(my_helper: string) {}\nobject.commonName();\nconst community = 2;";
  check("glossaryNames", { "src/a.ts": text }, [
    "src/a.ts:1 the glossary bans `handler` in a name: `requestHandler`",
    "src/a.ts:2 the glossary bans `helper` in a name: `my_helper`",
  ]);
});

test("bannedWords: in any text but the glossary's own", () => {
  const banned = joined("white", "list");
  check("bannedWords", { "docs/a.md": `an allow-list\na ${banned}`, "GLOSSARY.md": banned }, [
    `docs/a.md:2 the glossary bans \`${banned}\``,
  ]);
});

test("leftoverMarks: as words of their own", () => {
  check("leftoverMarks", { "src/a.ts": `const MASTODON = 1;\n// ${joined("TO", "DO")}: later` }, [
    `src/a.ts:2 left over from work: \`${joined("TO", "DO")}\``,
  ]);
});

test("machinePath: home folders and the like, in any file", () => {
  const path = joined("/home/ann", "/");
  check("machinePath", { "docs/a.md": `see ${path}notes`, "docs/b.md": "/usr/bin/env" }, [
    `docs/a.md:1 a path of one machine: \`${path}\``,
  ]);
});

test("bannedCalls: outside base, cli, wiring and tests", () => {
  const text = "Date.now();\nnew Date();\nnew Date(1);\nMath.random();\nprocess.env;\n";
  const found = [
    ":1 `Date.now`: take a `Clock`",
    ":2 `new Date()`: take a `Clock`",
    ":4 `Math.random`: take `RandomBytes`",
    ":5 `process.env`: take the value by argument",
  ];
  const files = {
    "src/policy/a.ts": text,
    "src/base/clock.ts": text,
    "src/cli/b.ts": text,
    "src/wiring.ts": text,
    "src/policy/a.test.ts": text,
    "bench/c.ts": text,
  };
  check(
    "bannedCalls",
    files,
    found.map((end) => `src/policy/a.ts${end}`),
  );
});

test("defaultExports: both forms", () => {
  const message = "a default export: give it its name";
  check(
    "defaultExports",
    { "src/a.ts": "export default 1;", "src/b.ts": "\nexport default function b() {}", "src/c.ts": "export const c = 1;" },
    [`src/a.ts:1 ${message}`, `src/b.ts:2 ${message}`],
  );
});

test("deadFiles: followed through static and dynamic imports and worker URLs, programs and tests apart", () => {
  const files = {
    "src/cli/main.ts": 'import { a } from "../a.ts";\nawait import("../b.ts");\nnew Worker(new URL("../worker.ts", import.meta.url));',
    "src/a.ts": "",
    "src/b.ts": "",
    "src/worker.ts": "",
    "src/c.ts": "",
    "src/c.test.ts": 'import "./c.ts";',
    "src/d.ts": "",
    "test/support/e.ts": "",
  };
  check("deadFiles", files, [
    "src/c.ts only tests reach it: no program imports it",
    "src/d.ts dead: nothing imports it",
    "test/support/e.ts dead: no test, script or program imports it",
  ]);
});

test("unlistedExtensions: a command that its list does not name", () => {
  const files = {
    "src/cli/commands/index.ts": 'import "./up.ts";',
    "src/cli/commands/up.ts": "",
    "src/cli/commands/down.ts": "",
    "src/cli/commands/up.test.ts": "",
  };
  check("unlistedExtensions", files, ["src/cli/commands/down.ts not named in `src/cli/commands/index.ts`"]);
});

test("unpairedEntries: a limit and a code that no other file of src reads", () => {
  const files = {
    "src/base/limits.ts": "export const limits = {\n  frameBytesMax: 1,\n  otherMax: 2,\n};",
    "src/a.ts": "limits.frameBytesMax",
    "src/a.test.ts": "limits.otherMax",
  };
  check("unpairedEntries", files, ["src/base/limits.ts `otherMax` is read by no other file of src"]);
});

test("every check has a test here", async () => {
  const { readFileSync } = await import("node:fs");
  const text = readFileSync(new URL(import.meta.url), "utf8");
  assert.deepEqual(
    Object.keys(checks).filter((name) => !new RegExp(`check\\(\\s*"${name}"`).test(text)),
    [],
  );
});
