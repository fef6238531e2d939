/** The whole way by commands: an agent in `holdfast run` is refused by the server, asks, a person grants, it works once, and is over. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { configText, environmentOf, ephemeral, leasedRoles, openShop, provisionShop, type Shop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";

const vaultKey = "the vault's own passphrase, for a test 11";
const adasKey = "what only ada would think of 23";
const program = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
const folder = scratchFolder();

describe("ask and grant by commands", () => {
  let shop: Shop;
  let env: Record<string, string> = {};
  let psql = "";
  let up: ReturnType<typeof start>;
  const command = (words: readonly string[], input = "") => holdfast(words, { cwd: folder, env, input });

  before(async () => {
    psql = await tool("psql");
    const server = await testServer(18);
    shop = await openShop(server);
    await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
    await provisionShop(shop);
    env = environmentOf(shop);
    writeFileSync(join(folder, "holdfast.yaml"), configText(shop, ephemeral), { mode: 0o600 });
    const made = await command(["vault", "init", "--vault-key-fd", "0"], vaultKey);
    assert.equal(made.code, 0, made.err);
    writeFileSync(join(folder, "key"), adasKey, { mode: 0o600 });
    const script = `"$0" "$1" person add ada --approves production --vault-key-fd 0 --passphrase-fd 3 3< key`;
    const added = await shell(script, vaultKey);
    assert.equal(added.code, 0, added.err);
    const accepted = await command(["vault", "accept", "--vault-key-fd", "0"], vaultKey);
    assert.equal(accepted.code, 0, accepted.err);
    up = start(["up", "--json", "--vault-key-fd", "0"], { cwd: folder, env });
    up.stdin.end(vaultKey);
    await new Promise((resolve, reject) => {
      up.stdout.once("data", resolve);
      up.once("close", (code) => reject(new Error(`up ended with ${code}`)));
    });
  });
  after(async () => {
    up.removeAllListeners("close");
    up.kill("SIGTERM");
    await new Promise((resolve) => up.once("close", resolve));
  });

  /** A shell in which `$0 $1` is the program, for a second descriptor. */
  async function shell(script: string, input: string): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn("sh", ["-c", script, process.execPath, program], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, ...env },
    });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk.toString()));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, out: out.join(""), err: err.join("") };
  }

  /** Runs a line in the agent's shell; resolves with what it printed, and its exit code after `done:`. */
  function stepsOf(agent: ReturnType<typeof start>): (line: string) => Promise<string> {
    let out = "";
    agent.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    return async (line) => {
      const from = out.length;
      agent.stdin.write(`${line} 2>&1; echo "done:$?"\n`);
      while (!/done:\d+\n/.test(out.slice(from))) await new Promise((resolve) => agent.stdout.once("data", resolve));
      return out.slice(from);
    };
  }

  test("an agent that is refused asks; a person's grant lets through what it says, and the session takes it along", async (context) => {
    const agent = start(["run", "--purpose", "clean up order 1", "--for", "ada", "--", "sh"], { cwd: folder, env: { ...env } });
    context.after(() => agent.kill("SIGKILL"));
    let err = "";
    agent.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const step = stepsOf(agent);
    const remove = `${psql} -At -c "DELETE FROM orders WHERE id = 1"`;
    assert.match(await step(remove), /ERROR: .*(permission denied|read-only transaction)/);
    const own = `${process.execPath} ${program}`;
    assert.match(
      await step(`${own} grant "$HOLDFAST_SESSION" --table public.orders --allow delete`),
      /nobody can be asked here[\s\S]*done:1/,
    );
    const asked = await step(`${own} ask --table public.orders --allow delete --purpose "remove order 1, which is a duplicate"`);
    const [, ask = ""] = /^(a_\w+): asked/m.exec(asked) ?? [];
    assert.match(asked, /done:3/);
    const listed = await command(["grants", "list"]);
    assert.match(listed.out, new RegExp(`${ask} .*remove order 1`), listed.err);
    const wrong = await command(["grant", ask, "--as", "ada", "--count", "1", "--passphrase-fd", "0"], "not what ada thinks of");
    assert.equal(wrong.code, 1);
    const granted = await command(["grant", ask, "--as", "ada", "--count", "1", "--passphrase-fd", "0"], adasKey);
    assert.equal(granted.code, 0, granted.err);
    assert.match(granted.err, /grant DELETE\n {3}on public\.orders\n[\s\S]*for 1 statement and 100 rows changed/);
    assert.match(await step(remove), /DELETE 1/);
    assert.match(await step(`${psql} -At -c "DELETE FROM orders WHERE id = 2"`), /ERROR: /);
    const sessions = await command(["sessions", "list"]);
    assert.match(sessions.out, /run_sh_\w+ .* open .* ada .* clean/);
    agent.stdin.end("exit 4\n");
    assert.equal(await new Promise((resolve) => agent.once("close", resolve)), 4);
    assert.match(
      err,
      /committed: public\.orders 1 deleted\n {2}a person takes that back, as far as it is kept, with: holdfast undo r_\w+\n/,
    );
    assert.match(err, /1 grant from persons, used by 1 statement/);
    assert.deepEqual(await leasedRoles(shop), []);
    assert.deepEqual(await shop.server.asSuperuser("SELECT count(*)::int AS n FROM orders", shop.database), [{ n: 9 }]);
    const verified = await command(["audit", "tail", "-n", "200"]);
    for (const word of ["asked", "granted", "used", "lapsed", "session", "over", "person"])
      assert.match(verified.out, new RegExp(`  ${word} `), word);
  });

  test("a refusal that a grant would lift says how to ask, and what it says works", async (context) => {
    writeFileSync(join(folder, "holdfast.yaml"), configText(shop, ephemeral, "read-only"), { mode: 0o600 });
    const accepted = await command(["vault", "accept", "--vault-key-fd", "0"], vaultKey);
    assert.equal(accepted.code, 0, accepted.err);
    up.kill("SIGHUP");
    while (!(await command(["status", "--json"])).out.includes('"read-only"')) await delay(200);
    const agent = start(["run", "-q", "--", "sh"], { cwd: folder, env: { ...env } });
    context.after(() => agent.kill("SIGKILL"));
    const step = stepsOf(agent);
    const remove = `${psql} -At -c "DELETE FROM orders WHERE id = 3"`;
    const refused = await step(remove);
    const [, hint = ""] =
      /HINT: {2}.*, or ask a person for it: (holdfast ask .*) --purpose "\.\.\."\n/.exec(refused) ?? assert.fail(refused);
    assert.equal(hint, "holdfast ask --table public.orders --allow delete");
    assert.doesNotMatch(await step(`${psql} -At -c "TRUNCATE orders"`), /holdfast ask/);
    const own = hint.replace(/^holdfast/, `${process.execPath} ${program}`);
    const [, ask = ""] = /^(a_\w+): asked/m.exec(await step(`${own} --purpose "order 3 was sent twice"`)) ?? [];
    const granted = await command(["grant", ask, "--as", "ada", "--count", "1", "--passphrase-fd", "0"], adasKey);
    assert.equal(granted.code, 0, granted.err);
    assert.match(await step(remove), /DELETE 1/);
    agent.stdin.end();
    assert.equal(await new Promise((resolve) => agent.once("close", resolve)), 0);
  });

  test("where nobody can be asked a refusal does not say how to", async () => {
    const removed = await shell(`"$0" "$1" person remove ada --vault-key-fd 0`, vaultKey);
    assert.equal(removed.code, 0, removed.err);
    const persons = async () => (JSON.parse((await command(["status", "--json"])).out) as { vault: { persons: number } }).vault.persons;
    while ((await persons()) > 0) await delay(200);
    const { err } = await command(["run", "-q", "--", psql, "-At", "-c", "DELETE FROM orders WHERE id = 4"]);
    assert.match(err, /ERROR: {2}holdfast: would delete /);
    assert.match(err, /HINT: /);
    assert.doesNotMatch(err, /holdfast ask/);
  });
});
