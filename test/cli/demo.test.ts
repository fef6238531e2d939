import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import pg from "pg";
import { badDay, everyday } from "../../src/cli/demo/scenes.ts";
import { testServer } from "../support/servers.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";

/** As root the server runs under another account, which must be able to go through the folder. */
function temporary(): string {
  const folder = scratchFolder();
  chmodSync(folder, 0o711);
  return folder;
}

const leftIn = (folder: string): readonly string[] => readdirSync(folder).filter((name) => name.startsWith("holdfast-demo-"));

describe("holdfast demo", () => {
  test("every check holds, within 100 columns, and nothing is left behind", async () => {
    const TMPDIR = temporary();
    const { code, out, err } = await holdfast(["demo"], { env: { TMPDIR } });
    assert.equal(code, 0, `${out}${err}`);
    assert.equal((out.match(/✓/g) ?? []).length, everyday.length + badDay.length + 5);
    assert.ok(!out.includes("✗"));
    assert.match(out, new RegExp(`all ${everyday.length + badDay.length + 5} checks hold`));
    for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
    assert.deepEqual(leftIn(TMPDIR), []);
  });

  test("on a server given with --upstream it leaves no database behind", async () => {
    const server = await testServer(15);
    const { code, out } = await holdfast(["demo", "--upstream", server.url()]);
    assert.equal(code, 0, out);
    assert.match(out, /^\nPostgreSQL 15\./);
    assert.deepEqual(await server.asSuperuser("SELECT datname FROM pg_database WHERE datname LIKE 'holdfast_demo%'"), []);
  });

  test("--stay keeps it running for others to try, until SIGINT", async () => {
    const TMPDIR = temporary();
    const child = start(["demo", "--stay"], { env: { TMPDIR } });
    let out = "";
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        out += chunk.toString();
        const found = /as the agent, through Holdfast +(\S+)\n[\s\S]*the record/.exec(out)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once("close", () => reject(new Error(out)));
    });
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    await client.connect();
    assert.deepEqual((await client.query("SELECT count(*)::int AS n FROM customers")).rows, [{ n: 1200 }]);
    await assert.rejects(client.query("DROP TABLE customers"), /holdfast: /);
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGINT");
    assert.equal(await ended, 0);
    await client.end().catch(() => undefined);
    assert.deepEqual(leftIn(TMPDIR), []);
  });

  test("a reader that goes away ends it, and nothing is left behind", async () => {
    const TMPDIR = temporary();
    const program = join(import.meta.dirname, "../../src/cli/main.ts");
    const shell = spawn("bash", ["-c", '"$0" "$1" demo | head -n 2', process.execPath, program], { env: { ...process.env, TMPDIR } });
    await new Promise((resolve) => shell.stdout.resume() && shell.once("close", resolve));
    assert.deepEqual(leftIn(TMPDIR), []);
  });
});
