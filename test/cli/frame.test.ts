import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commands } from "../../src/cli/commands/index.ts";
import { holdfast } from "./holdfast.ts";

describe("the command line", () => {
  test("every command's file is in the list", () => {
    const files = readdirSync(join(import.meta.dirname, "../../src/cli/commands")).filter(
      (name) => !name.includes(".test.") && name !== "index.ts",
    );
    assert.deepEqual(files.sort(), commands.map(({ name }) => `${name}.ts`).sort());
  });

  test("help lists every command, within 100 columns, and is no error", async () => {
    const { code, out, err } = await holdfast(["--help"]);
    assert.equal(code, 0);
    assert.equal(err, "");
    for (const { name, summary } of commands) assert.ok(out.includes(name) && out.includes(summary), name);
    for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
  });

  for (const { name } of commands) {
    test(`help of ${name} has an example or sub-commands, within 100 columns`, async () => {
      const { code, out } = await holdfast([name, "--help"]);
      assert.equal(code, 0);
      assert.match(out, /Examples?:|Commands:/);
      for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
    });
  }

  test("without a command it shows its help and is wrong use", async () => {
    const { code, out } = await holdfast([]);
    assert.equal(code, 2);
    assert.match(out, /Usage: holdfast/);
  });

  const wrong: readonly [words: readonly string[], message: RegExp][] = [
    [["vresion"], /unknown command `vresion`: did you mean `version`\?/],
    [["zzzzzz"], /unknown command `zzzzzz`\n/],
    [["version", "--jsn"], /unknown option `--jsn`: did you mean `--json`\?/],
    [["version", "extra"], /too many arguments for `version`: expected 0 arguments but got 1/],
    [["policy", "tset"], /unknown command `tset`: did you mean `test`\?/],
    [["audit", "show"], /missing required argument `id`/],
    [["audit", "tail", "-n", "many", "-d", "."], /`many` is no number of records/],
    [["audit", "export", "--format", "xml"], /`xml` is no format/],
    [["explain", "sql", "--environment", "prod", "SELECT 1"], /`prod` is no environment/],
    [["explain", "sql", "--policy", "raed-only", "SELECT 1"], /`raed-only` is no preset and no file .*did you mean `read-only`\?/],
    [["explain", "shell", "rm -rf /"], /`holdfast explain shell` is not there yet/],
    [["explain", "http", "curl -X POST"], /the request cannot be read/],
    [["explain", "tool", "delete_volume {"], /the call's arguments cannot be read/],
    [["explain", "command", "gh repo delete $NAME"], /a shell reads in a way of its own/],
    [["policy", "show", "--environment", "x\u001b[2J"], /`x\\u\{1b\}\[2J` is no environment/],
    [["init"], /no server is given: `DATABASE_URL` is not set/],
    [["init", "--url", "mysql://a@b/c"], /the value of --url is no PostgreSQL URL/],
    [["init", "--url", "postgres://a@b/c", "--listen", "0.0.0.0:6432"], /reachable from other machines/],
    [["demo", "--upstream", "nonsense"], /--upstream is no PostgreSQL URL/],
  ];
  for (const [words, message] of wrong) {
    test(`wrong use says what is wrong and exits 2: ${JSON.stringify(words.join(" "))}`, async () => {
      const { code, out, err } = await holdfast(words);
      assert.match(err, message);
      assert.match(err, /^error: /);
      assert.equal(code, 2);
      assert.equal(out, "");
      assert.ok(!err.includes("\u001b"), "no control characters of the input reach the terminal");
    });
  }

  test("a password in a URL that cannot be read is not repeated", async () => {
    const { err } = await holdfast(["init", "--url", "postgres:/agent:hunter2hunter2@host"]);
    assert.ok(!err.includes("hunter2"));
  });

  test("colours only where a terminal or FORCE_COLOR asks for them, and never with NO_COLOR", async () => {
    const words = ["policy", "show", "read-only"];
    assert.ok(!(await holdfast(words)).out.includes("\u001b["));
    assert.ok((await holdfast(words, { env: { FORCE_COLOR: "1" } })).out.includes("\u001b["));
    assert.ok(!(await holdfast(words, { env: { FORCE_COLOR: "1", NO_COLOR: "1" } })).out.includes("\u001b["));
  });

  test("version", async () => {
    assert.match((await holdfast(["version"])).out, /^holdfast \d+\.\d+\.\d+ /);
    const { holdfast: own, node } = JSON.parse((await holdfast(["version", "--json"])).out) as { holdfast: string; node: string };
    assert.match(own, /^\d+\.\d+\.\d+/);
    assert.equal(node, process.versions.node);
  });
});
