import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Login, type ScratchDatabase, testServer } from "../support/servers.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";

const key = "a synthetic passphrase for tests";
/** The key comes by standard input, as from `<<<` of a shell. */
const keyed = ["--vault-key-fd", "0"];

let role: Login;
let database: ScratchDatabase;

/** Runs `up` until it is ready, and stops it. Rejects with what it said when it does not come up. */
async function upAndDown(cwd: string, options: { env?: Record<string, string>; key?: string }): Promise<void> {
  const child = start(["up", "--json", ...(options.key === undefined ? [] : keyed)], { cwd, env: options.env ?? {} });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end(options.key ?? "");
  const ended = new Promise((resolve) => child.once("close", resolve));
  while (!out.includes("\n")) {
    if (child.exitCode !== null) throw new Error(err);
    await delay(20);
  }
  child.kill("SIGTERM");
  await ended;
}

function allFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
}

describe("a vault", () => {
  before(async () => {
    const server = await testServer(18);
    role = await server.ordinaryRole();
    database = await server.scratchDatabase("CREATE TABLE notes (id int PRIMARY KEY)");
  });

  test("made by init holds the server's URL, and no file holds its password", async () => {
    const cwd = scratchFolder();
    const made = await holdfast(["init", "--vault", "--listen", "127.0.0.1:0", ...keyed], {
      cwd,
      env: { DATABASE_URL: database.url(role) },
      input: key,
    });
    assert.equal(made.code, 0, made.err);
    assert.match(readFileSync(join(cwd, "holdfast.yaml"), "utf8"), /url: \{ vault: main-url \}/);
    for (const path of allFiles(cwd)) assert.ok(!readFileSync(path).includes(role.password), path);
    assert.ok(!existsSync(join(cwd, ".holdfast", "keys", "audit.key")));
    // DATABASE_URL is not there any more: what serves is the vault's.
    await upAndDown(cwd, { key });
    assert.equal((await holdfast(["audit", "verify"], { cwd })).code, 0);
  });

  test("takes over the signing key of an installation that had none, and its log goes on", async () => {
    const cwd = scratchFolder();
    const env = { DATABASE_URL: database.url(role) };
    assert.equal((await holdfast(["init", "--listen", "127.0.0.1:0"], { cwd, env })).code, 0);
    await upAndDown(cwd, { env });
    const keys = join(cwd, ".holdfast", "keys");
    const publicKey = readFileSync(join(keys, "audit.pub"), "utf8");
    assert.ok(existsSync(join(keys, "audit.key")));
    const made = await holdfast(["vault", "init", ...keyed], { cwd, input: key });
    assert.equal(made.code, 0, made.err);
    assert.deepEqual(readdirSync(keys), ["audit.pub"]);
    await assert.rejects(upAndDown(cwd, { env }), /nobody can be asked for its passphrase/);
    await upAndDown(cwd, { env, key });
    assert.equal(readFileSync(join(keys, "audit.pub"), "utf8"), publicKey);
    const verified = await holdfast(["audit", "verify"], { cwd });
    assert.equal(verified.code, 0, verified.out);
  });

  test("adds, rotates, lists and removes without ever printing a value", async () => {
    const cwd = scratchFolder();
    assert.equal((await holdfast(["init", "--vault", ...keyed], { cwd, env: { DATABASE_URL: database.url(role) }, input: key })).code, 0);
    const said: string[] = [];
    const vault = async (words: readonly string[]) => {
      const ran = await holdfast(["vault", ...words, ...keyed], { cwd, input: key });
      said.push(ran.out, ran.err);
      return ran;
    };
    const from = ["--from-fd", "0"];
    assert.match((await vault(["add", "main-url", ...from])).err, /holds a secret `main-url` already/);
    assert.match((await vault(["rotate", "none", ...from])).err, /holds no secret `none`/);
    assert.match((await vault(["remove", "none"])).err, /holds no secret `none`/);
    assert.match((await vault(["add", "not a name", ...from])).err, /is no name for a secret/);
    const { secrets } = JSON.parse((await vault(["list", "--json"])).out) as {
      secrets: { name: string; kind: string; rotatedAtMs: null }[];
    };
    assert.deepEqual(
      secrets.map(({ name, kind, rotatedAtMs }) => [name, kind, rotatedAtMs]),
      [["main-url", "url", null]],
    );
    assert.equal((await vault(["remove", "main-url"])).code, 0);
    assert.equal((await vault(["list"])).out.split("\n")[0], "no secrets");
    await assert.rejects(upAndDown(cwd, { key }), /the vault holds no secret `main-url`: put it in with `holdfast vault add main-url`/);
    for (const text of said) assert.ok(!text.includes(role.password) && !text.includes(key));
  });

  test("takes a key pair in the forms in which people have it, keeps one form of it, and refuses what is none", async () => {
    const cwd = scratchFolder();
    assert.equal((await holdfast(["init", "--vault", ...keyed], { cwd, env: { DATABASE_URL: database.url(role) }, input: key })).code, 0);
    const [id, secret] = ["AKIAQQQQWWWWEEEERRRR", "synthetic/key+of0123456789abcdefghijklmn"];
    const add = (name: string, text: string) => {
      writeFileSync(join(cwd, "key"), key);
      writeFileSync(join(cwd, "secret"), text);
      const words = ["vault", "add", name, "--kind", "key-pair", "--host", "*.amazonaws.com", "--from-fd", "4", "--vault-key-fd", "3"];
      const program = [process.execPath, join(import.meta.dirname, "..", "..", "src", "cli", "main.ts"), ...words];
      const ran = spawnSync("/bin/sh", ["-c", '"$0" "$@" 3< key 4< secret', ...program], { cwd, encoding: "utf8" });
      assert(!`${ran.stdout}${ran.stderr}`.includes(secret));
      return ran;
    };
    assert.equal(add("words", `${id} ${secret}`).status, 0);
    const lines = add("lines", `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`);
    assert.equal(lines.status, 0, lines.stderr);
    const none = add("none", secret);
    assert.equal(none.status, 1);
    assert.match(none.stderr, /the secret is no key pair/);
    const listed = await holdfast(["vault", "list", "--json", ...keyed], { cwd, input: key });
    const { secrets } = JSON.parse(listed.out) as { secrets: { name: string; kind: string }[] };
    assert.deepEqual(
      secrets.map(({ name, kind }) => `${name}: ${kind}`),
      ["main-url: url", "words: key-pair", "lines: key-pair"],
    );
    assert(!listed.out.includes(secret));
  });

  test("that the configuration names and that is not there is said, with what to do", async () => {
    const cwd = scratchFolder();
    assert.equal((await holdfast(["init", "--vault", ...keyed], { cwd, env: { DATABASE_URL: database.url(role) }, input: key })).code, 0);
    for (const words of [
      ["vault", "init", ...keyed],
      ["init", "--force", "--vault", ...keyed],
    ]) {
      const again = await holdfast(words, { cwd, env: { DATABASE_URL: database.url(role) }, input: key });
      assert.ok(words[0] === "init" ? again.code === 0 : /there is a vault already/.test(again.err), again.err);
    }
    const elsewhere = scratchFolder();
    const config = ["--config", join(cwd, "holdfast.yaml")];
    const listed = await holdfast(["vault", "list", ...config, ...keyed], { cwd: elsewhere, input: key });
    assert.equal(listed.code, 0, listed.err);
    const none = await holdfast(["vault", "list", ...keyed], { cwd: elsewhere, input: key });
    assert.match(none.err, /holdfast init/);
  });
});
