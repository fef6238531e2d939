/** The test servers themselves: real, both versions, gone when they should be. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect as tlsConnect } from "node:tls";
import { createConnection } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { isRunning } from "./postgres/sweep.ts";
import { serverVersions, startServer, testServer } from "./servers.ts";

for (const version of serverVersions) {
  test(`PostgreSQL ${version} starts, keeps its rows over SIGKILL and restart, and leaves nothing behind`, async () => {
    const server = await startServer({ version, settings: { work_mem: "7MB" } });
    const [row] = await server.asSuperuser<{ v: string; m: string }>(
      "SELECT current_setting('server_version_num') AS v, current_setting('work_mem') AS m",
    );
    assert.equal(Math.floor(Number(row?.v) / 10_000), version);
    assert.equal(row?.m, "7MB");
    const scratch = await server.scratchDatabase("CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 10)");
    const { port } = server;
    await server.kill();
    const whenKilled = server.pid;
    assert.equal(whenKilled, undefined);
    await server.restart();
    assert.equal(server.port, port);
    assert.deepEqual(await server.asSuperuser("SELECT count(*)::int AS n FROM t", scratch.name), [{ n: 10 }]);
    await scratch.drop();
    const pid = server.pid as number;
    await server.stop();
    assert.equal(existsSync(server.folder), false);
    assert.equal(isRunning(pid), false);
  });
}

test("a login is by SCRAM password only, and an ordinary role has no rights but those given", async () => {
  const server = await testServer(15);
  const scratch = await server.scratchDatabase("CREATE TABLE open (id int); CREATE TABLE closed (id int)");
  const login = await server.ordinaryRole("GRANT SELECT ON open TO :role", scratch.name);
  const client = await server.connect(scratch.name, login);
  await client.query("SELECT * FROM open");
  await assert.rejects(client.query("SELECT * FROM closed"), { code: "42501" });
  await client.end();
  await assert.rejects(server.connect(scratch.name, { user: login.user, password: "wrong" }), { code: "28P01" });
  assert.match(
    (
      (await server.asSuperuser("SELECT rolpassword FROM pg_authid WHERE rolname = $1", "postgres", [login.user]))[0] as {
        rolpassword: string;
      }
    ).rolpassword,
    /^SCRAM-SHA-256\$/,
  );
});

test("TLS is served with a certificate that verify-full accepts, for the name and for the address", async () => {
  const server = await startServer({ version: 18, tls: true });
  for (const host of ["localhost", "127.0.0.1"]) {
    const client = new pg.Client({
      connectionString: server.url().replace("127.0.0.1", host),
      ssl: { ca: server.tls?.ca as string, rejectUnauthorized: true },
    });
    await client.connect();
    assert.deepEqual((await client.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).rows, [{ ssl: true }]);
    await client.end();
  }
  const socket = createConnection(server.port, "127.0.0.1");
  socket.write(Buffer.from("0000000804d2162f", "hex"));
  assert.equal(String((await once(socket, "data"))[0]), "S");
  const stranger = tlsConnect({ socket, ca: server.tls?.ca as string, host: "localhost", servername: "elsewhere.example" });
  await assert.rejects(once(stranger, "secureConnect"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  await server.stop();
});

test("a server whose test process is killed dies with it", async () => {
  const module = fileURLToPath(new URL("./servers.ts", import.meta.url));
  const code = `const { testServer } = await import(${JSON.stringify(module)}); const s = await testServer(18); console.log(JSON.stringify([s.pid, s.folder])); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const [pid, folder] = JSON.parse(String((await once(child.stdout, "data"))[0])) as [number, string];
  assert.equal(isRunning(pid), true);
  child.kill("SIGKILL");
  for (let tries = 0; tries < 200 && existsSync(folder); tries++) await delay(50);
  assert.equal(existsSync(folder), false);
  assert.equal(isRunning(pid), false);
});
