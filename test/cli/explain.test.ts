import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";

const folder = scratchFolder();
const schema = join(folder, "schema.sql");
writeFileSync(
  schema,
  `CREATE TABLE public.customers (id int PRIMARY KEY, name text NOT NULL);
   CREATE TABLE public.orders (id int PRIMARY KEY, customer_id int REFERENCES public.customers ON DELETE CASCADE, note text);`,
);

interface Result {
  readonly decision: string;
  readonly effects: readonly Record<string, unknown>[];
  readonly reason: { readonly code: string; readonly message: string };
}

async function lines(
  input: string | Uint8Array,
  ...words: string[]
): Promise<{ results: readonly Result[]; code: number | null; err: string }> {
  const { out, code, err } = await holdfast(["explain", "sql", ...words], { input });
  const results =
    out === ""
      ? []
      : out
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as Result);
  return { results, code, err };
}
const asLines = (...texts: string[]): string => texts.map((sql) => `${JSON.stringify({ sql })}\n`).join("");

describe("holdfast explain sql", () => {
  test("one result a line, in order, with the effects as design.md writes them", async () => {
    const { results, code } = await lines(
      asLines("SELECT 1", "DELETE FROM customers WHERE id = 7", "DROP TABLE orders"),
      "--schema",
      schema,
    );
    assert.equal(code, 0);
    assert.deepEqual(
      results.map(({ decision }) => decision),
      ["allow", "deny", "deny"],
    );
    assert.deepEqual(results[1]?.effects[0], {
      operation: "delete",
      resource: "table:public.customers",
      extent: "at_most",
      rows: 1,
      reversibility: "restorable",
      cause: "direct",
      detail: "delete",
    });
    assert.equal(results[1]?.effects[1]?.["resource"], "table:public.orders");
    assert.equal(results[1]?.effects[1]?.["cause"], "cascade");
    assert.ok(results.every(({ reason }) => reason.code !== "" && reason.message !== ""));
  });

  test("environment and policy change the answer; a hold is a hold", async () => {
    const update = asLines("UPDATE orders SET note = 'x' WHERE id = 1", "DROP TABLE orders");
    const decisions = async (...words: string[]) =>
      (await lines(update, "--schema", schema, ...words)).results.map(({ decision }) => decision);
    assert.deepEqual(await decisions(), ["deny", "deny"]);
    assert.deepEqual(await decisions("--environment", "staging"), ["allow", "hold"]);
    assert.deepEqual(await decisions("--policy", "observe"), ["allow", "allow"]);
    const own = join(folder, "own.yaml");
    writeFileSync(own, "version: 1\nname: own\nextends: read-only\nmode: observe\n");
    assert.deepEqual(await decisions("--policy", own), ["allow", "allow"]);
  });

  test("a bad line is a deny in its place, and the others are judged", async () => {
    const input = Buffer.concat([
      Buffer.from('{"sql":"SELECT 1"}\nDROP TABLE x\n\n[1]\n{"cmd":"ls"}\n{"sql":7}\n'),
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.from('{"sql":"SELECT \\u0000 1"}\n{"sql":"SELECT FROM WHERE ((("}\n{"sql":"SELECT 2"}'),
    ]);
    const { results, code } = await lines(input);
    assert.equal(code, 0);
    assert.deepEqual(
      results.map(({ decision }) => decision),
      ["allow", ...Array<string>(8).fill("deny"), "allow"],
    );
    for (const { reason } of results.slice(1, 9)) assert.equal(reason.code, "not_parsed");
  });

  test("huge lines are denied and do not stay in memory", async () => {
    const long = `{"sql":"${"x".repeat(limits.explainLineBytesMax)}"}\n`;
    const large = asLines(`SELECT '${"y".repeat(limits.sqlTextBytesMax)}'`);
    const { results } = await lines(`${long}${large}${asLines("SELECT 1")}`);
    assert.deepEqual(
      results.map(({ decision, reason }) => `${decision} ${reason.code}`),
      ["deny too_large", "deny too_large", "allow permitted"],
    );
  });

  test("deep nesting and hostile text are denied, and the lines after them are judged", async () => {
    const nested = (depth: number): string => `SELECT ${"(".repeat(depth)}1${")".repeat(depth)}`;
    const chain = `SELECT ${Array<string>(20_000).fill("1").join("+")}`;
    const { results, code } = await lines(asLines(nested(50_000), chain, "SELECT 1", nested(60_000), chain, "SELECT 2"));
    assert.equal(code, 0);
    assert.deepEqual(
      results.map(({ decision }) => decision),
      ["deny", "deny", "allow", "deny", "deny", "allow"],
    );
  });

  test("thousands of lines come back in order", async () => {
    const count = 5_000;
    const texts = Array.from({ length: count }, (_, n) => (n % 3 === 0 ? `DELETE FROM t${n} WHERE id = ${n}` : `SELECT ${n}`));
    const { results } = await lines(asLines(...texts));
    assert.equal(results.length, count);
    for (const [n, { decision }] of results.entries()) assert.equal(decision, n % 3 === 0 ? "deny" : "allow", `line ${n}`);
  });

  test("a given statement is explained in words, and the exit code is the answer", async () => {
    const explain = (sql: string, ...words: string[]) => holdfast(["explain", "sql", sql, "--schema", schema, ...words]);
    const allowed = await explain("SELECT * FROM orders");
    assert.equal(allowed.code, 0);
    assert.match(allowed.out, /^allow +permitted\n/);
    assert.match(allowed.out, /read +table:public\.orders/);
    const held = await explain("DROP TABLE orders", "-e", "staging");
    assert.equal(held.code, 3);
    assert.match(held.out, /^hold +destructive\n/);
    const denied = await explain("DROP TABLE orders", "--json");
    assert.equal(denied.code, 1);
    assert.equal((JSON.parse(denied.out) as Result).decision, "deny");
    for (const line of `${allowed.out}${held.out}`.split("\n")) assert.ok(line.length <= 100, line);
  });

  test("a schema that is not understood is told on standard error; one that is not there is an error", async () => {
    const odd = join(folder, "odd.sql");
    writeFileSync(odd, "CREATE TABLE a (id int);\nCREATE TABLE FROM WHERE;\n");
    const { err, results } = await lines(asLines("SELECT 1"), "--schema", odd);
    assert.match(err, /not understood in the schema/);
    assert.equal(results.length, 1);
    const missing = await holdfast(["explain", "sql", "SELECT 1", "--schema", join(folder, "missing.sql")]);
    assert.equal(missing.code, 1);
    assert.match(missing.err, /the schema `.*missing\.sql` cannot be read: .*ENOENT/);
  });

  test("a policy file with a slip is refused with its place", async () => {
    const slip = join(folder, "slip.yaml");
    writeFileSync(slip, "version: 1\nname: slip\nextend: read-only\n");
    const { code, err } = await holdfast(["explain", "sql", "SELECT 1", "--policy", slip]);
    assert.equal(code, 1);
    assert.match(err, /slip\.yaml:3:1: unknown key `extend`: did you mean `extends`\?/);
  });

  test("a reader that goes away ends it quietly", async () => {
    const input = join(folder, "many.jsonl");
    writeFileSync(input, asLines(...Array.from({ length: 50_000 }, (_, n) => `SELECT ${n}`)));
    const program = join(import.meta.dirname, "../../src/cli/main.ts");
    const shell = spawn("bash", [
      "-c",
      '"$0" "$1" explain sql < "$2" | head -n 1; echo code $PIPESTATUS',
      process.execPath,
      program,
      input,
    ]);
    let out = "";
    let err = "";
    shell.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    shell.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
    });
    await new Promise((resolve) => shell.once("close", resolve));
    assert.match(out, /^\{"decision":"allow".*\}\ncode 0\n$/);
    assert.equal(err, "");
  });

  test("an answer comes as soon as its line is there, while the input stays open; SIGTERM ends it", async () => {
    const child = start(["explain", "sql"]);
    const answer = new Promise<string>((resolve) => child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString())));
    child.stdin.write(asLines("SELECT 1"));
    assert.equal((JSON.parse(await answer) as Result).decision, "allow");
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
  });
});

describe("holdfast policy test", () => {
  for (const preset of ["read-only", "guarded-writes", "migrations", "observe"]) {
    test(`the examples of ${preset} are as they should be`, async () => {
      const { code, out, err } = await holdfast(["policy", "test", preset]);
      assert.equal(err, "");
      assert.match(out, /^[1-9]\d* examples are as they should be\n$/);
      assert.equal(code, 0);
    });
  }

  test("examples that are wrong are named, and the exit code is 1", async () => {
    const wrong = join(folder, "wrong.yaml");
    writeFileSync(
      wrong,
      `version: 1
name: wrong
rules:
  - id: no-drop
    title: No drops
    why: A test.
    answer: forbid
    match: { detail: drop }
    code: destructive
    examples: { matches: [SELECT 1, DROP TABLE public.a], misses: [DROP VIEW public.b] }
`,
    );
    const { code, out } = await holdfast(["policy", "test", wrong, "--json"]);
    assert.equal(code, 1);
    const results = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { sql: string; ok: boolean });
    assert.deepEqual(
      results.map(({ sql, ok }) => [sql, ok]),
      [
        ["SELECT 1", false],
        ["DROP TABLE public.a", true],
        ["DROP VIEW public.b", false],
      ],
    );
    assert.match((await holdfast(["policy", "test", wrong])).out, /2 of 3 examples are not as they should be/);
  });
});
