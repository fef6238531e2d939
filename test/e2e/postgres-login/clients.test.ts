import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import pg from "pg";
import postgres from "postgres";
import { startServer, type TestServer } from "../../support/servers.ts";
import { tool } from "../../support/tools.ts";
import { agent, type Gateway, startGateway, upstreamOf } from "./gateway.ts";

const run = promisify(execFile);

/** What a promise was rejected with, as an error of a server. */
async function refusal(attempt: Promise<unknown>): Promise<{ readonly code?: string; readonly message: string }> {
  try {
    await attempt;
  } catch (error) {
    return error as { code?: string; message: string };
  }
  assert.fail("it was let in");
}

async function connect(options: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(options);
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function one(options: pg.ClientConfig, sql: string): Promise<Record<string, unknown>> {
  const client = await connect(options);
  try {
    return ((await client.query(sql)) as pg.QueryResult).rows[0] as Record<string, unknown>;
  } finally {
    await client.end();
  }
}

for (const version of [15, 18] as const) {
  describe(`a login through the listener to PostgreSQL ${version}`, () => {
    let server: TestServer;
    let gateway: Gateway;
    before(async () => {
      server = await startServer({ version });
      gateway = await startGateway({ upstream: upstreamOf(server) });
    });
    after(async () => {
      await gateway.listener.stop();
      await server.stop();
    });

    test("node-postgres gets in, as the server's role, and the process shown is the server's own", async () => {
      const client = await connect({ connectionString: gateway.url() });
      const { rows } = await client.query("SELECT pg_backend_pid() AS process, current_user AS role");
      assert.deepEqual(rows, [{ process: (client as unknown as { processID: number }).processID, role: "postgres" }]);
      await client.end();
      const facts = gateway.handovers.at(-1)?.serverFacts;
      assert.equal(facts?.process, (rows[0] as { process: number }).process);
      assert.deepEqual([facts?.role, facts?.sessionRole, facts?.superuser], ["postgres", "postgres", true]);
      assert.deepEqual(facts?.searchPath, ["pg_catalog", "public"]);
      assert.equal(Math.floor((facts?.versionNumber ?? 0) / 10_000), version);
      assert.equal(gateway.handovers.at(-1)?.session.principal.name, agent.name);
    });

    test("postgres.js gets in", async () => {
      const sql = postgres(gateway.url(), { max: 1, connection: { application_name: "told-by-client" } });
      const rows = await sql`SELECT current_setting('application_name') AS name, ${1}::int + 1 AS two`;
      assert.deepEqual({ ...rows[0] }, { name: "told-by-client", two: 2 });
      await sql.end();
      assert.equal(gateway.handovers.at(-1)?.session.client, "told-by-client");
    });

    test("psql gets in with PGOPTIONS, and shows its settings", async () => {
      const psql = await tool("psql");
      const env = {
        ...process.env,
        PGOPTIONS: '-c intervalstyle=postgres_verbose -c search_path="a\\ b",pg_catalog --work-mem=8MB',
        PGTZ: "UTC-3",
        PGDATESTYLE: "SQL, DMY",
      };
      const show = "SHOW intervalstyle; SHOW search_path; SHOW work_mem; SHOW TimeZone; SHOW DateStyle; SHOW client_encoding";
      const { stdout } = await run(psql, ["-X", "-At", "-d", gateway.url(), "-c", show], { env });
      assert.deepEqual(stdout.trim().split("\n"), ["postgres_verbose", '"a b",pg_catalog', "8MB", "UTC-3", "SQL, DMY", "UTF8"]);
    });

    test("psql in the C locale is served UTF8", async () => {
      const psql = await tool("psql");
      const env = { ...process.env, LC_ALL: "C", PGCLIENTENCODING: "auto" };
      const { stdout } = await run(psql, ["-X", "-At", "-d", gateway.url(), "-c", "SHOW client_encoding"], { env });
      assert.equal(stdout.trim(), "UTF8");
    });

    test("wrong passwords and unknown names are answered alike", async () => {
      const wrong = await refusal(connect({ connectionString: gateway.url("postgres", agent.name, "wrong") }));
      const unknown = await refusal(connect({ connectionString: gateway.url("postgres", "nobody", "wrong") }));
      assert.deepEqual([wrong.code, unknown.code], ["28P01", "28P01"]);
      assert.equal(unknown.message.replace("nobody", agent.name), wrong.message);
      assert.deepEqual(
        gateway.refusals.slice(-2).map(({ name }) => name),
        [agent.name, "nobody"],
      );
    });

    test("the server's own login does not get in at Holdfast", async () => {
      const { user, password } = server.superuser;
      assert.equal((await refusal(connect({ connectionString: gateway.url("postgres", user, password) }))).code, "28P01");
    });

    test("a database that does not exist is refused in the server's words", async () => {
      const { code, message } = await refusal(connect({ connectionString: gateway.url("absent") }));
      assert.deepEqual([code, message], ["3D000", 'database "absent" does not exist']);
    });

    test("the settings the parser rests on are pinned even where the role has others", async () => {
      const odd = await server.ordinaryRole(
        "ALTER ROLE :role SET standard_conforming_strings = off; ALTER ROLE :role SET client_encoding = 'SJIS'",
      );
      const through = await startGateway({ upstream: upstreamOf(server, { role: odd.user, password: () => odd.password }) });
      const row = await one(
        { connectionString: through.url() },
        "SELECT current_setting('client_encoding') AS e, current_setting('standard_conforming_strings') AS s",
      );
      assert.deepEqual(row, { e: "UTF8", s: "on" });
      const facts = through.handovers.at(-1)?.serverFacts;
      assert.equal(facts?.superuser, false);
      assert.equal(facts?.parameters.get("standard_conforming_strings"), "on");
      assert.equal(facts?.parameters.get("client_encoding"), "UTF8");
      await through.listener.stop();
    });

    test("the policy's time limits are set, a client may ask for less and not for more", async () => {
      const limits = { statementMsMax: 5_000, transactionMsMax: 60_000, idleInTransactionMsMax: 30_000, sessionMsMax: null };
      const through = await startGateway({ upstream: upstreamOf(server), target: { limits } });
      const sql = `SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) AS s FROM pg_settings
        WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')`;
      const shown = async (asked: number) => (await one({ connectionString: through.url(), statement_timeout: asked }, sql)).s;
      const others = version >= 17 ? " transaction_timeout=60000" : "";
      assert.equal(await shown(600_000), `idle_in_transaction_session_timeout=30000 statement_timeout=5000${others}`);
      assert.equal(await shown(200), `idle_in_transaction_session_timeout=30000 statement_timeout=200${others}`);
      await through.listener.stop();
    });

    test("pinSql puts everything back after DISCARD ALL", async () => {
      const limits = { statementMsMax: 5_000, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };
      const through = await startGateway({ upstream: upstreamOf(server), target: { limits } });
      const client = await connect({ connectionString: through.url(), options: "-c search_path=pg_catalog,x$v$y'z" });
      const state = "SELECT current_setting('statement_timeout') AS t, current_setting('search_path') AS p";
      const first = (await client.query(state)).rows;
      assert.deepEqual(first, [{ t: "5s", p: "pg_catalog,x$v$y'z" }]);
      await client.query("DISCARD ALL");
      assert.notDeepEqual((await client.query(state)).rows, first);
      await client.query(through.handovers.at(-1)?.pinSql ?? "");
      assert.deepEqual((await client.query(state)).rows, first);
      await client.end();
      await through.listener.stop();
    });

    test("start-up settings that would change what the parser assumes are refused", async () => {
      const asked = [
        "-c client_encoding=SJIS",
        "-c standard_conforming_strings=off",
        "-c session_replication_role=replica",
        "-c role=postgres",
        "-c session_authorization=postgres",
        "--client-encoding=GBK",
        "-c default_transaction_read_only=off",
        "-c holdfast.unknown=1",
        "-B 5",
      ];
      for (const options of asked) {
        const { code } = await refusal(connect({ connectionString: gateway.url(), options }));
        assert.match(code ?? "", /^42(501|601)$/, options);
      }
    });

    test("a value the server does not take is refused in its words", async () => {
      const { code, message } = await refusal(connect({ connectionString: gateway.url(), options: "-c timezone=Nowhere/AtAll" }));
      assert.equal(code, "22023");
      assert.match(message, /invalid value for parameter "TimeZone"/);
    });

    test("a cancel request reaches the session with the secret, and only that", async () => {
      const victim = await connect({ connectionString: gateway.url() });
      const bystander = await connect({ connectionString: gateway.url() });
      const sleeping = refusal(victim.query("SELECT pg_sleep(30)"));
      const undisturbed = bystander.query("SELECT pg_sleep(0.6)::text AS slept");
      const { processID, secretKey } = victim as unknown as { processID: number; secretKey: number };
      const canceller = (secret: number) => {
        const client = new pg.Client({ host: "127.0.0.1", port: gateway.port }) as unknown as {
          connection: {
            once(event: string, then: () => void): void;
            connect(port: number, host: string): void;
            cancel(process: number, secret: number): void;
          };
        };
        return new Promise<void>((resolve) => {
          client.connection.once("connect", () => client.connection.cancel(processID, secret));
          client.connection.once("end", resolve);
          client.connection.connect(gateway.port, "127.0.0.1");
        });
      };
      await canceller(secretKey ^ 1);
      await canceller((bystander as unknown as { secretKey: number }).secretKey);
      assert.deepEqual((await undisturbed).rows, [{ slept: "" }]);
      await canceller(secretKey);
      assert.equal((await sleeping).code, "57014");
      await Promise.all([victim.end(), bystander.end()]);
    });
  });
}
