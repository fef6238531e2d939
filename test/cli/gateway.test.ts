import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { GatewayStatus } from "../../src/control/contract.ts";
import { type Login, type ScratchDatabase, type TestServer, testServer } from "../support/servers.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";

let server: TestServer;
let database: ScratchDatabase;
let role: Login;
const folder = scratchFolder();

/** Starts `up` and waits until it says that it is ready. */
async function up(
  env: Record<string, string>,
  cwd = folder,
): Promise<{ status: GatewayStatus; stop(): Promise<number | null>; hangUp(): void; err(): string }> {
  const child = start(["up", "--json"], { cwd, env });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  while (!out.includes("\n")) {
    if (child.exitCode !== null) throw new Error(`up ended with ${child.exitCode}: ${err}`);
    await delay(20);
  }
  const stop = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ended;
  };
  return { status: JSON.parse(out) as GatewayStatus, stop, hangUp: () => void child.kill("SIGHUP"), err: () => err };
}

describe("init, up, status and doctor together", () => {
  let agentUrl = "";
  let env: Record<string, string> = {};

  before(async () => {
    server = await testServer(18);
    role = await server.ordinaryRole();
    database = await server.scratchDatabase(
      `CREATE TABLE notes (id int PRIMARY KEY, text text); INSERT INTO notes VALUES (1, 'kept'); GRANT ALL ON notes TO ${role.user}`,
    );
    env = { DATABASE_URL: database.url(role) };
  });

  test("init writes a private file without a password and prints the agent's connection string once", async () => {
    const { code, out, err } = await holdfast(["init", "--listen", "127.0.0.1:28920"], { cwd: folder, env });
    assert.equal(code, 0, err);
    agentUrl = /postgres:\/\/agent:\S+/.exec(out)?.[0] ?? "";
    const password = new URL(agentUrl).password;
    const path = join(folder, "holdfast.yaml");
    const text = readFileSync(path, "utf8");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(password.length >= 32 && !text.includes(password) && !text.includes(role.password) && !out.includes(role.password));
    assert.match(text, /SCRAM-SHA-256\$/);
  });

  test("init overwrites nothing unless told to", async () => {
    const before = readFileSync(join(folder, "holdfast.yaml"), "utf8");
    const { code, err } = await holdfast(["init"], { cwd: folder, env });
    assert.equal(code, 1);
    assert.match(err, /is there already\n +overwrite it with --force/);
    assert.equal(readFileSync(join(folder, "holdfast.yaml"), "utf8"), before);
  });

  test("init says why a server cannot be used, without the password", async () => {
    const elsewhere = scratchFolder();
    const { code, err } = await holdfast(["init", "--url", "postgres://app:hunter2hunter2@127.0.0.1:28921/x"], { cwd: elsewhere });
    assert.equal(code, 1);
    assert.match(err, /the server at 127\.0\.0\.1:28921 cannot be used: .*ECONNREFUSED/);
    assert.ok(!err.includes("hunter2") && !existsSync(join(elsewhere, "holdfast.yaml")));
  });

  test("up serves the agent under the policy, status tells about it, and SIGTERM ends it orderly", async () => {
    const gateway = await up(env);
    const client = new pg.Client({ connectionString: agentUrl });
    await client.connect();
    try {
      assert.deepEqual((await client.query("SELECT text FROM notes")).rows, [{ text: "kept" }]);
      await assert.rejects(client.query("DELETE FROM notes"), { code: "42501", message: /^holdfast: / });
      assert.deepEqual((await client.query("SELECT count(*)::int AS n FROM notes")).rows, [{ n: 1 }]);
      const asked = await holdfast(["status", "--json"], { cwd: folder });
      assert.equal(asked.code, 0, asked.err);
      const status = JSON.parse(asked.out) as GatewayStatus;
      assert.deepEqual(
        status.targets.map(({ name, listen }) => [name, listen]),
        [["main", "127.0.0.1:28920"]],
      );
      assert.deepEqual(
        status.sessions.map(({ principal, kind }) => [principal, kind]),
        [["agent", "ai_agent"]],
      );
      assert.ok(status.counters.denied >= 1 && status.counters.allowed >= 2 && status.audit.writable);
      assert.match((await holdfast(["status"], { cwd: folder })).out, /read-only/);
      assert.equal(statSync(join(folder, ".holdfast", "control.sock")).mode & 0o777, 0o600);
      const second = await holdfast(["up"], { cwd: folder, env });
      assert.equal(second.code, 1, "a second gateway on one state directory does not start");
    } finally {
      await client.end();
      assert.equal(await gateway.stop(), 0);
    }
    const gone = await holdfast(["status"], { cwd: folder });
    assert.equal(gone.code, 1);
    assert.match(gone.err, /no gateway answers .*\n +start it: holdfast up/);
  });

  test("SIGHUP takes a new policy over for sessions that run, and a broken file changes nothing", async () => {
    const path = join(folder, "holdfast.yaml");
    const text = readFileSync(path, "utf8");
    const gateway = await up(env);
    const client = new pg.Client({ connectionString: agentUrl });
    await client.connect();
    const insert = (id: number) => client.query(`INSERT INTO notes VALUES (${id}, 'new')`);
    const said = async (words: RegExp) => {
      while (!words.test(gateway.err())) await delay(20);
    };
    try {
      await assert.rejects(insert(2), { code: "42501" });
      writeFileSync(path, "version: 1\ntargets: nothing\n");
      gateway.hangUp();
      await said(/policies are not reloaded, the former ones hold: .*holdfast\.yaml/);
      await assert.rejects(insert(2), { code: "42501" });
      writeFileSync(path, text.replace(/^(\s*)(#\s*)?policy: .*$/m, "$1policy: guarded-writes"));
      gateway.hangUp();
      await said(/policies are reloaded/);
      await insert(2);
      await client.query("DELETE FROM notes WHERE id = 2");
    } finally {
      writeFileSync(path, text);
      await client.end();
      assert.equal(await gateway.stop(), 0);
    }
  });

  test("what happened is in the log, which verifies, and doctor finds nothing unprotected", async () => {
    const verified = await holdfast(["audit", "verify"], { cwd: folder });
    assert.equal(verified.code, 0, verified.out);
    assert.match((await holdfast(["audit", "tail", "-n", "50"], { cwd: folder })).out, /deny .*DELETE FROM notes/);
    const examined = await holdfast(["doctor"], { cwd: folder, env });
    assert.equal(examined.code, 0, examined.out);
    assert.match(examined.out, /nothing is unprotected/);
  });

  test("up refuses to start without its server, and says where it looked", async () => {
    const { code, err } = await holdfast(["up"], { cwd: folder });
    assert.equal(code, 1);
    assert.match(err, /environment variable `DATABASE_URL` is not set/);
  });

  test("observing is said loudly", async () => {
    const observing = scratchFolder();
    const text = readFileSync(join(folder, "holdfast.yaml"), "utf8")
      .replace("# policy: guarded-writes", "policy: observe")
      .replace("28920", "28922");
    writeFileSync(join(observing, "holdfast.yaml"), text, { mode: 0o600 });
    const gateway = await up(env, observing);
    await gateway.stop();
    assert.match(gateway.err(), /WARNING: .*NOTHING IS REFUSED/);
  });
});
