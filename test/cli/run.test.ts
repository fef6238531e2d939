import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, describe, test } from "node:test";
import pg from "pg";
import { selfSigned } from "../support/certificates.ts";
import { type Login, type ScratchDatabase, type TestServer, testServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";

let server: TestServer;
let database: ScratchDatabase;
let role: Login;
let psql: string;
const folder = scratchFolder();
// Put together here, so that nobody takes this file for one with a credential in it.
const BROKER_URL = ["amqp:/", "/worker:q7Rw2Zk9Lm", "@broker.internal.example:5672/jobs"].join("");
let env: Record<string, string> = {};

function configure(environment: string, policy: string, more = ""): void {
  writeFileSync(
    join(folder, "holdfast.yaml"),
    `version: 1
targets:
  shop: { environment: ${environment}, listen: 127.0.0.1:0, upstream: { url: { env: SHOP_URL } }, policy: ${policy}${more} }
users:
  somebody: { kind: human, password: { env: SOMEBODY }, targets: [shop] }
`,
  );
}

const run = (words: readonly string[], how: { env?: Record<string, string>; input?: string } = {}) =>
  holdfast(["run", ...words], { cwd: folder, env: { ...env, ...how.env }, ...(how.input === undefined ? {} : { input: how.input }) });

async function rows(): Promise<number> {
  const client = new pg.Client({ connectionString: database.url(role) });
  await client.connect();
  try {
    return (await client.query<{ n: number }>("SELECT count(*)::int AS n FROM notes")).rows[0]?.n ?? -1;
  } finally {
    await client.end();
  }
}

describe("holdfast run", () => {
  before(async () => {
    psql = await tool("psql");
    server = await testServer(18);
    role = await server.ordinaryRole();
    database = await server.scratchDatabase(
      `CREATE TABLE notes (id int PRIMARY KEY, text text); INSERT INTO notes SELECT i, 'kept' FROM generate_series(1, 50) i; GRANT ALL ON notes TO ${role.user}`,
    );
    env = {
      SHOP_URL: database.url(role),
      DATABASE_URL: database.url(role),
      SOMEBODY: "synthetic-password",
      DEPLOY_TOKEN: "synthetic-token-value",
      BROKER: BROKER_URL,
    };
    configure("staging", "guarded-writes");
  });

  test("psql works for reads, and what would destroy is refused with the rows unchanged", async () => {
    const { code, out, err } = await run(["--", psql, "-At", "-c", "SELECT count(*) FROM notes", "-c", "DELETE FROM notes"]);
    assert.match(out, /^50$/m, err);
    assert.match(err, /ERROR: {2}holdfast: would delete every row of `public\.notes`/);
    assert.equal(code, 1);
    assert.equal(await rows(), 50);
    assert.match(err, /2 statements in 1 connection, 1 row read, 0 rows changed/);
    assert.match(err, /1 refused: \w+ 1/);
  });

  test("the program's variables lead to Holdfast, and the server's own are not among them", async () => {
    const { code, out, err } = await run(["--", process.execPath, "-e", "console.log(JSON.stringify(process.env))"]);
    assert.equal(code, 0, err);
    const seen = JSON.parse(out) as Record<string, string>;
    const url = new URL(seen["DATABASE_URL"] ?? "");
    assert.equal(url.hostname, "127.0.0.1");
    assert.notEqual(url.port, new URL(database.url(role)).port);
    assert.equal(seen["PGPASSWORD"], decodeURIComponent(url.password));
    assert.equal(seen["SHOP_URL"]?.replace(/^postgresql:/, "postgres:"), seen["DATABASE_URL"]);
    assert.ok(
      !out.includes(role.password) &&
        !out.includes("synthetic-password") &&
        !out.includes("synthetic-token-value") &&
        !out.includes(BROKER_URL),
    );
    assert.match(err, /withheld from the program: BROKER, DEPLOY_TOKEN, SOMEBODY/);
    const kept = await run(["--keep", "DEPLOY_TOKEN", "--", process.execPath, "-e", "console.log(process.env.DEPLOY_TOKEN)"]);
    assert.equal(kept.out, "synthetic-token-value\n");
  });

  test("the session's password is worth nothing after the run", async () => {
    const { out } = await run(["-q", "--", process.execPath, "-e", "console.log(process.env.DATABASE_URL)"]);
    const again = await holdfast(["run", "-q", "--", psql, out.trim(), "-c", "SELECT 1"], { cwd: folder, env });
    assert.notEqual(again.code, 0);
    assert.match(again.err, /Connection refused|password authentication failed/);
  });

  test("the exit code is the program's, and a signal reaches it", async () => {
    assert.equal((await run(["-q", "--", "sh", "-c", "exit 7"])).code, 7);
    const child = start(["run", "-q", "--", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done"], {
      cwd: folder,
      env,
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGTERM");
    assert.equal(await new Promise((resolve) => child.once("close", resolve)), 9);
  });

  test("a program that is not there is said, and the session ends", async () => {
    const { code, err } = await run(["-q", "--", "no-such-program-here"]);
    assert.equal(code, 1);
    assert.match(err, /`no-such-program-here` cannot be run: ENOENT/);
  });

  test("a run for staging never reaches production, whatever the configuration permits", async () => {
    configure("production", "observe");
    const { code, err, out } = await run(["--environment", "staging", "--", psql, "-c", "SELECT 1"]);
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(err, /target `shop` is production, and this run is for staging/);
    configure("staging", "guarded-writes");
  });

  test("asks a running gateway for its session, and then needs no secret of the server's itself", async () => {
    const up = start(["up", "--json"], { cwd: folder, env });
    await new Promise((resolve) => up.stdout.once("data", resolve));
    const { SHOP_URL: _, DATABASE_URL: __, ...bare } = env;
    const script = `${psql} -At -c "SELECT count(*) FROM notes" -c "DELETE FROM notes"; echo "$HOLDFAST_SESSION"`;
    const { code, out, err } = await holdfast(["run", "--purpose", "count the notes", "--for", "ada", "--", "sh", "-c", script], {
      cwd: folder,
      env: bare,
    });
    const listed = await holdfast(["sessions", "list", "--all", "--json"], { cwd: folder, env });
    up.kill("SIGTERM");
    await new Promise((resolve) => up.once("close", resolve));
    assert.equal(code, 0, err);
    assert.match(out, /^50\nrun_sh_\w+\n$/);
    assert.match(err, /2 statements in 1 connection, 1 row read, 0 rows changed/);
    assert.equal(await rows(), 50);
    const { sessions } = JSON.parse(listed.out) as { sessions: Record<string, unknown>[] };
    const session = sessions.find((each) => each["purpose"] === "count the notes");
    const { state, actsFor, purpose, program, programVersion, used } = session ?? {};
    assert.deepEqual([state, actsFor, purpose, program], ["ended", "ada", "count the notes", "sh"]);
    assert.match(String(programVersion), /^sha256 [0-9a-f]{16}$/);
    assert.deepEqual({ ...(used as object), bytes: 0 }, { statements: 2, refused: 0, rowsRead: 1, rowsChanged: 0, bytes: 0, held: 1 });
  });

  test("a gateway that demands TLS is trusted by its own root, and by no other", async () => {
    await tool("bwrap");
    const { certificate, ca, key } = selfSigned();
    for (const [name, text] of Object.entries({ "tls.pem": certificate + ca, "tls.key": key, "other.pem": selfSigned().ca }))
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    configure("staging", "guarded-writes", ", tls: { cert: tls.pem, key: tls.key, required: true }");
    const up = start(["up", "--json"], { cwd: folder, env });
    await new Promise((resolve) => up.stdout.once("data", resolve));
    const by = (driver: string, code: string) =>
      `${process.execPath} --input-type=module -e 'import Driver from "${import.meta.resolve(driver)}"; ${code}'`;
    const read = `-At -c "SELECT count(*) FROM notes"`;
    const script = [
      `${psql} ${read}`,
      `${psql} "$DATABASE_URL" ${read}`,
      by(
        "pg",
        'const c = new Driver.Client(process.env.DATABASE_URL); await c.connect(); console.log("pg", c.connection.stream.encrypted); await c.end()',
      ),
      by(
        "postgres",
        'const s = Driver(process.env.DATABASE_URL); console.log("postgres", (await s`SELECT count(*)::int AS n FROM notes`)[0].n); await s.end()',
      ),
      'echo "$PGSSLMODE $PGSSLROOTCERT"',
      `PGSSLMODE=disable ${psql} ${read}`,
      `PGSSLROOTCERT=${join(folder, "other.pem")} ${psql} ${read}`,
    ].join("\n");
    const plain = await run(["--", "sh", "-c", script]);
    const walled = await run(["--sandbox", "--", "sh", "-c", script]);
    up.kill("SIGTERM");
    await new Promise((resolve) => up.once("close", resolve));
    configure("staging", "guarded-writes");
    for (const { out, err } of [plain, walled]) {
      const [, root = ""] = /^50\n50\npg true\npostgres 50\nverify-full (\/.+\/root\.pem)\n$/.exec(out) ?? assert.fail(`${out}${err}`);
      assert.equal(existsSync(dirname(root)), false);
      assert.match(err, /a connection without TLS is refused here/);
      assert.match(err, /SSL error: /);
    }
  });

  test("a budget is shared by all connections, and only lowered by the command line", async () => {
    const twice = `${psql} -At -c "SELECT id FROM notes LIMIT 8"; ${psql} -At -c "SELECT id FROM notes LIMIT 8"`;
    const { out, err } = await run(["--budget", "rows_read=10", "--", "sh", "-c", twice]);
    assert.equal(out.trim().split("\n").length, 8, err);
    assert.match(err, /11 rows would be read by this session in all, more than the 10 permitted/);
    assert.match((await run(["--budget", "rows=3", "--", "true"])).err, /no budget is named `rows`: known: statements, rows_read/);
    assert.match((await run(["--budget", "wall=soon", "--", "true"])).err, /`wall` takes a time such as 2h/);
  });

  test("what its program starts through Holdfast shares the session", async () => {
    const inner = `${process.execPath} ${join(import.meta.dirname, "..", "..", "src", "cli", "main.ts")} run -q -- ${psql} -At -c "SELECT id FROM notes LIMIT 3"`;
    const { out, err } = await run(["--budget", "rows_read=5", "--", "sh", "-c", `${inner}; ${inner}; ${inner} --budget rows_read=99`]);
    assert.equal(out.trim().split("\n").length, 3, err);
    assert.match(err, /6 rows would be read by this session in all, more than the 5 permitted/);
  });
});
