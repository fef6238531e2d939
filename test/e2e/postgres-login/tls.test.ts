import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { after, before, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import pg from "pg";
import postgres from "postgres";
import { writeSslRequest, writeStartup } from "../../../src/adapters/postgres/codec/startup.ts";
import { type UpstreamCommand, UpstreamLogin } from "../../../src/adapters/postgres/login/upstream-login.ts";
import { scram } from "../../../src/adapters/postgres/scram.ts";
import { tlsServerEndPoint } from "../../../src/adapters/postgres/tls-endpoint.ts";
import { openSocket, takeUpTls } from "../../../src/adapters/postgres/upstream-socket.ts";
import { selfSigned } from "../../support/certificates.ts";
import { startServer, type TestServer } from "../../support/servers.ts";
import { tool } from "../../support/tools.ts";
import { agent, type Gateway, startGateway, upstreamOf } from "./gateway.ts";

const run = promisify(execFile);
const certificates = selfSigned();
const clientTls = { cert: certificates.certificate, key: certificates.key };

/** Everything the peer sends until it closes. */
function read(socket: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}

async function refusal(attempt: Promise<unknown>): Promise<{ readonly code?: string; readonly message: string }> {
  try {
    await attempt;
  } catch (error) {
    return error as { code?: string; message: string };
  }
  assert.fail("it was let in");
}

async function query(options: pg.ClientConfig, sql: string): Promise<Record<string, unknown>> {
  const client = new pg.Client(options);
  client.on("error", () => undefined);
  await client.connect();
  try {
    return ((await client.query(sql)) as pg.QueryResult).rows[0] as Record<string, unknown>;
  } finally {
    await client.end();
  }
}

/** How a login ends whose channel binding data was changed on the way to the state machine. */
async function boundTo(server: TestServer, change: (hash: Buffer) => Buffer): Promise<string> {
  const upstream = upstreamOf(server, { tls: "require" });
  const login = new UpstreamLogin({
    upstream,
    password: upstream.password(),
    database: "postgres",
    applicationName: "",
    replication: false,
    nonce: "synthetic-nonce",
  });
  const tcp = openSocket(upstream);
  let socket: Duplex = tcp;
  const mechanisms: string[] = [];
  const ended = await new Promise<string>((resolve) => {
    const run = (commands: readonly UpstreamCommand[]): void => {
      for (const command of commands) {
        if (command.kind === "send") {
          mechanisms.push(/SCRAM-SHA-256(-PLUS)?(?=\0)/.exec(command.bytes.toString("latin1"))?.[0] ?? "");
          socket.write(command.bytes);
        } else if (command.kind === "start_tls") {
          const secured = takeUpTls(tcp.removeAllListeners("data"), upstream);
          socket = secured;
          secured.on("data", (chunk: Buffer) => run(login.receive(chunk)));
          secured.once("secureConnect", () =>
            run(login.tlsStarted(change(tlsServerEndPoint(secured.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)) ?? Buffer.alloc(32)))),
          );
        } else if (command.kind === "derive") {
          run(login.derived(scram.saltedPassword(upstream.password() ?? "", command.salt, command.iterations)));
        } else resolve(command.kind);
      }
    };
    tcp.on("data", (chunk: Buffer) => run(login.receive(chunk)));
    tcp.once("connect", () => run(login.start()));
  });
  socket.destroy();
  assert.ok(mechanisms.includes("SCRAM-SHA-256-PLUS"));
  return ended;
}

describe("TLS to the client", () => {
  let server: TestServer;
  let gateway: Gateway;
  before(async () => {
    server = await startServer({ version: 18 });
    gateway = await startGateway({ upstream: upstreamOf(server), target: { clientTls, clientTlsRequired: true } });
  });
  after(async () => {
    await gateway.listener.stop();
    await server.stop();
  });

  test("node-postgres, postgres.js and psql get in with verification, and no client is offered channel binding", async () => {
    const ssl = { ca: certificates.ca, servername: "localhost" };
    assert.deepEqual(await query({ connectionString: gateway.url(), ssl }, "SELECT 1 AS one"), { one: 1 });
    const sql = postgres(gateway.url(), { max: 1, ssl });
    assert.deepEqual({ ...(await sql`SELECT 2 AS two`)[0] }, { two: 2 });
    await sql.end();
    const psql = await tool("psql");
    const { stdout } = await run(psql, ["-X", "-At", "-d", `${gateway.url()}?sslmode=require`, "-c", "SELECT 3", "-c", "\\conninfo"]);
    assert.match(stdout, /^3\n.*TLSv1\.[23]/s);
    await assert.rejects(
      run(psql, ["-X", "-d", `${gateway.url()}?sslmode=require&channel_binding=require`, "-c", "SELECT 3"]),
      /channel binding/,
    );
  });

  test("a client in clear is refused where TLS is required, before it is asked for a password", async () => {
    assert.equal((await refusal(query({ connectionString: gateway.url() }, "SELECT 1"))).code, "28000");
  });

  test("bytes in clear behind SSLRequest close the connection without an answer", async () => {
    const socket = connectTcp(gateway.port, "127.0.0.1");
    socket.write(Buffer.concat([writeSslRequest(), writeStartup([["user", agent.name]])]));
    assert.equal(await read(socket), "");
    assert.match(gateway.refusals.at(-1)?.because ?? "", /in clear behind SSLRequest/);
  });

  const direct = (ALPNProtocols?: string[]) => {
    const options = { host: "127.0.0.1", port: gateway.port, ca: certificates.ca, servername: "localhost" };
    const socket = connectTls({ ...options, ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }) });
    const answer = read(socket);
    socket.once("secureConnect", () => socket.write(writeStartup([["user", agent.name]])));
    setTimeout(() => socket.end(), 300);
    return answer;
  };

  test("direct TLS with ALPN `postgresql` is served", async () => assert.match(await direct(["postgresql"]), /SCRAM-SHA-256\0\0/));
  test("direct TLS without ALPN is not", async () => assert.equal(await direct(), ""));
  test("direct TLS for another protocol is not", async () => assert.equal(await direct(["http/1.1"]), ""));
});

for (const version of [15, 18] as const) {
  describe(`TLS and passwords to PostgreSQL ${version}`, () => {
    let server: TestServer;
    before(async () => {
      server = await startServer({
        version,
        tls: true,
        settings: { password_encryption: "md5" },
        hba: [
          "hostssl all clear_role 127.0.0.1/32 password",
          "host all md5_role 127.0.0.1/32 md5",
          "host all trusted_role 127.0.0.1/32 trust",
          "host all all 127.0.0.1/32 scram-sha-256",
        ],
      });
      await server.asSuperuser(
        `CREATE ROLE md5_role LOGIN PASSWORD 'synthetic'; CREATE ROLE clear_role LOGIN PASSWORD 'synthetic';
         CREATE ROLE trusted_role LOGIN`,
      );
      await server.asSuperuser("SET password_encryption = 'scram-sha-256'; CREATE ROLE \"prépped\" LOGIN PASSWORD 'Ⅸ\u00a0ﬁ'");
    });
    after(() => server.stop());

    /** The answer of a session through a gateway with these upstream options, or the refusal. */
    async function through(more: Parameters<typeof upstreamOf>[1], sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") {
      const gateway = await startGateway({ upstream: upstreamOf(server, more) });
      try {
        return { row: await query({ connectionString: gateway.url() }, sql) };
      } catch (error) {
        return {
          code: (error as { code?: string }).code,
          because: gateway.refusals.at(-1)?.because ?? "",
          message: (error as Error).message,
        };
      } finally {
        await gateway.listener.stop();
      }
    }
    const ca = () => server.tls?.ca ?? "";
    const clear = { role: "clear_role", password: () => "synthetic" };
    const md5 = { role: "md5_role", password: () => "synthetic" };

    test("require encrypts, and binds the login to the server's certificate", async () => {
      assert.deepEqual((await through({ tls: "require" })).row, { ssl: true });
    });

    test("the server refuses a login bound to another certificate, so the binding is real", async () => {
      assert.equal(await boundTo(server, (hash) => hash), "ready");
      assert.equal(await boundTo(server, (hash) => Buffer.from(hash).fill(7)), "failed");
    });

    test("verify-full trusts the configured authority and name", async () => {
      assert.deepEqual((await through({ tls: "verify-full", tlsCa: ca(), tlsServerName: "localhost" })).row, { ssl: true });
      assert.deepEqual((await through({ tls: "verify-full", tlsCa: ca() })).row, { ssl: true });
    });

    test("verify-full refuses another authority, and another name", async () => {
      const stranger = await through({ tls: "verify-full", tlsCa: selfSigned().ca });
      assert.equal(stranger.code, "57P03");
      assert.match(stranger.because ?? "", /closed: \w+/);
      const renamed = await through({ tls: "verify-full", tlsCa: ca(), tlsServerName: "db.example" });
      assert.match(renamed.because ?? "", /ERR_TLS_CERT_ALTNAME_INVALID/);
      assert.doesNotMatch(renamed.message ?? "", /example|127\.0\.0\.1/);
    });

    test("md5 only where it is allowed", async () => {
      assert.deepEqual((await through({ ...md5, md5Allowed: true })).row, { ssl: false });
      const refused = await through(md5);
      assert.equal(refused.code, "08006");
      assert.match(refused.because ?? "", /asks for an md5 password/);
    });

    test("a password in clear only where it is allowed", async () => {
      assert.deepEqual((await through({ ...clear, tls: "require", cleartextAllowed: true })).row, { ssl: true });
      assert.match((await through({ ...clear, tls: "require" })).because ?? "", /asks for a password in clear, and/);
    });

    test("a server that trusts us asks for nothing", async () => {
      const row = (await through({ role: "trusted_role", password: () => undefined })).row;
      assert.deepEqual(row, { ssl: false });
    });

    test("a password that SASLprep changes, and a role name beyond ASCII", async () => {
      assert.deepEqual((await through({ role: "prépped", password: () => "IX fi" })).row, { ssl: false });
      assert.deepEqual((await through({ role: "prépped", password: () => "Ⅸ\u00a0ﬁ" })).row, { ssl: false });
    });

    test("the server's refusal of Holdfast's login tells the agent neither role nor reason", async () => {
      const refused = await through({ password: () => "wrong" });
      assert.deepEqual([refused.code, refused.message], ["08006", "cannot log in to the server behind Holdfast"]);
      assert.match(refused.because ?? "", /28P01.*postgres/);
    });

    test("a password source that fails refuses the login", async () => {
      const refused = await through({
        password: () => {
          throw new Error("the vault is sealed");
        },
      });
      assert.deepEqual([refused.code, refused.because], ["08006", "the vault is sealed"]);
    });

    test("a cancel goes to the server in TLS", async () => {
      const gateway = await startGateway({ upstream: upstreamOf(server, { tls: "verify-full", tlsCa: ca() }) });
      const client = new pg.Client({ connectionString: gateway.url() });
      await client.connect();
      const sleeping = refusal(client.query("SELECT pg_sleep(30)"));
      setTimeout(() => gateway.handovers.at(-1)?.cancelServer(), 200);
      assert.equal((await sleeping).code, "57014");
      await client.end();
      await gateway.listener.stop();
    });
  });
}
