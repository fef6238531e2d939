import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import pg from "pg";
import { badDay, everyday } from "../../src/cli/demo/scenes.ts";
import type { ApprovalView } from "../../src/control/contract.ts";
import { logIn } from "../console/client.ts";
import { testServer } from "../support/servers.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";
import { onTerminal } from "./pseudo-terminal.ts";

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
    const checks = everyday.length + badDay.length + 22;
    assert.equal((out.match(/✓/g) ?? []).length, checks);
    assert.ok(!out.includes("✗"));
    assert.match(out, new RegExp(`all ${checks} checks hold`));
    for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
    assert.match(out, /403 found_credential: [\s\S]*without Holdfast: volumes 2 → 1, backups 7 → 1\n[\s\S]*FOUND CREDENTIAL: session/);
    assert.match(out, /ada agrees, and the agent sends it again:\n +200 .*\n +volumes 2 → 1/);
    assert.doesNotMatch(out, /rw_[0-9a-f]{8}/, "the token is shown");
    assert.deepEqual(leftIn(TMPDIR), []);
  });

  for (const answer of ["approve", "deny"] as const)
    test(`on a terminal a person decides at the console: ${answer}`, async () => {
      const decide = async ([, url = "", words = ""]: readonly string[]): Promise<void> => {
        const page = await logIn(url, "ada", words);
        const { approvals } = (await page.get("/api/approvals")).body as { approvals: readonly ApprovalView[] };
        const asked = approvals.filter(({ state, plan }) => state === "pending" && plan.act.shown.includes("1181"));
        assert.equal(asked.length, 1);
        const { id, plan, confirm = "" } = asked[0] as ApprovalView;
        const proof = { kind: "passphrase", passphrase: words };
        const body = {
          planDigest: plan.digest,
          answer,
          reason: "seen at the console",
          confirm: answer === "approve" ? confirm : "",
          proof,
        };
        const given = await page.send("POST", `/api/approvals/${id}/answer`, body);
        assert.equal(given.status, 200, given.text);
      };
      const screen = await onTerminal(["demo"], [{ await: /(http:\S+)\s+person ada, passphrase (\S+)/, type: decide }], {
        env: { TMPDIR: temporary() },
      });
      assert.equal(screen.code, 0, screen.text);
      assert.ok(!screen.text.includes("✗"), screen.text);
      assert.match(screen.text, answer === "approve" ? /ada agrees[\s\S]*20 rows deleted/ : /ada says no[\s\S]*seen at the console/);
    });

  test("on a server given with --upstream it leaves no database behind", async () => {
    const server = await testServer(15);
    // Where no curl is, Node calls.
    const { code, out } = await holdfast(["demo", "--upstream", server.url()], { env: { PATH: "/nowhere" } });
    assert.equal(code, 0, out);
    assert.match(out, /FOUND CREDENTIAL/);
    assert.match(out, /Undo and the bin are not shown/);
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
    const ended = new Promise((resolve) => child.once("close", resolve));
    try {
      await client.connect();
      // The question has taken twenty.
      assert.deepEqual((await client.query("SELECT count(*)::int AS n FROM customers")).rows, [{ n: 1180 }]);
      await assert.rejects(client.query("DROP TABLE customers CASCADE"), /holdfast: /);
    } finally {
      child.kill("SIGINT");
    }
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
