import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { startServer, type TestServer } from "../../support/servers.ts";
import { agent, startGateway, upstreamOf } from "./gateway.ts";
import { startPgBouncer } from "./pgbouncer.ts";

async function login(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config);
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

const STATE = `SELECT pg_backend_pid() AS process, current_setting('statement_timeout') AS t, current_setting('search_path') AS p,
  current_setting('application_name') AS a`;

describe("PgBouncer in session mode", () => {
  let server: TestServer;
  const limits = { statementMsMax: 7_000, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };
  before(async () => {
    server = await startServer({ version: 18 });
  });
  after(() => server.stop());

  test("between Holdfast and the server: pins hold, the process is the server's, cancel arrives", async () => {
    const pooler = await startPgBouncer({ to: server, login: server.superuser });
    const gateway = await startGateway({ upstream: upstreamOf(server, { port: pooler.port }), target: { limits } });
    try {
      // Twice, so that the second session runs on a connection that the first one left in the pool.
      for (const path of ["one", "two"]) {
        const client = await login({ connectionString: gateway.url(), options: `-c search_path=${path}`, application_name: path });
        const { rows } = await client.query(STATE);
        const { processID } = client as unknown as { processID: number };
        assert.deepEqual(rows, [{ process: processID, t: "7s", p: path, a: path }]);
        const sleeping = client.query("SELECT pg_sleep(30)").then(
          () => "slept",
          (error: Error) => error.message,
        );
        setTimeout(() => gateway.handovers.at(-1)?.cancelServer(), 200);
        assert.equal(await sleeping, "canceling statement due to user request");
        await client.end();
      }
    } finally {
      await gateway.listener.stop();
      await pooler.stop();
    }
  });

  test("in front of Holdfast, as an application's own pool: its logins are one of Holdfast's accounts", async () => {
    const gateway = await startGateway({ upstream: upstreamOf(server), target: { limits } });
    const pooler = await startPgBouncer({
      to: { host: "127.0.0.1", port: gateway.port },
      login: { user: agent.name, password: agent.password },
    });
    try {
      for (let i = 0; i < 2; i += 1) {
        const client = await login({
          host: "127.0.0.1",
          port: pooler.port,
          user: agent.name,
          password: agent.password,
          database: "postgres",
          application_name: `app${i}`,
        });
        const { rows } = await client.query(STATE);
        assert.equal(rows[0]?.a, `app${i}`);
        await client.end();
      }
      assert.equal(gateway.handovers.length, 1);
    } finally {
      await pooler.stop();
      await gateway.listener.stop();
    }
  });
});
