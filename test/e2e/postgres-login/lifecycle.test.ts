import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { writeStartup } from "../../../src/adapters/postgres/codec/startup.ts";
import { limits } from "../../../src/base/limits.ts";
import { startServer, type TestServer } from "../../support/servers.ts";
import { account, agent, type Gateway, startGateway, upstreamOf } from "./gateway.ts";
import { standInSession } from "./stand-in-session.ts";

async function login(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function codeOf(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt;
  } catch (error) {
    return (error as { code?: string }).code;
  }
  assert.fail("it was let in");
}

/** Waits for what must come true; the runner's own time limit is the only clock. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

function raw(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
}

describe("the life of a listener", () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ version: 18 });
  });
  after(() => server.stop());

  async function withGateway(
    options: Partial<Parameters<typeof startGateway>[0]>,
    body: (gateway: Gateway) => Promise<void>,
  ): Promise<void> {
    const gateway = await startGateway({ upstream: upstreamOf(server), ...options });
    try {
      await body(gateway);
    } finally {
      await gateway.listener.stop();
    }
    assert.equal(gateway.listener.connections, 0);
  }

  test("a place of an account is taken from login to close", () => {
    const accounts = new Map([[agent.name, account(agent.name, agent.password, { connectionsMax: 2 })]]);
    return withGateway({ target: { accounts } }, async (gateway) => {
      const [one, two] = [await login(gateway.url()), await login(gateway.url())];
      assert.equal(await codeOf(login(gateway.url())), "53300");
      await one.end();
      await until(() => gateway.listener.connections <= 1);
      const three = await login(gateway.url());
      await Promise.all([two.end(), three.end()]);
    });
  });

  test("a failed login at the server gives the place back", () => {
    const accounts = new Map([[agent.name, account(agent.name, agent.password, { connectionsMax: 1 })]]);
    return withGateway({ target: { accounts } }, async (gateway) => {
      for (let i = 0; i < 3; i += 1) assert.equal(await codeOf(login(gateway.url("absent"))), "3D000");
      await until(() => gateway.listener.connections === 0);
      await (await login(gateway.url())).end();
    });
  });

  test("an account reaches its databases and no other", () => {
    const accounts = new Map([[agent.name, account(agent.name, agent.password, { databases: ["postgres"] })]]);
    return withGateway({ target: { accounts } }, async (gateway) => {
      assert.equal(await codeOf(login(gateway.url("template1"))), "42501");
      await (await login(gateway.url("postgres"))).end();
    });
  });

  test("replication is refused, logical passes where the target allows it, physical never", async () => {
    const ask = (gateway: Gateway, replication: string) => {
      const client = new pg.Client({ connectionString: gateway.url(), replication } as pg.ClientConfig);
      client.on("error", () => undefined);
      return client.connect().then(() => client);
    };
    await withGateway({}, async (gateway) => {
      assert.equal(await codeOf(ask(gateway, "database")), "42501");
      assert.equal(await codeOf(ask(gateway, "true")), "42501");
    });
    await withGateway({ target: { replication: true } }, async (gateway) => {
      const client = await ask(gateway, "database");
      assert.equal((await client.query("IDENTIFY_SYSTEM")).rows.length, 1);
      assert.equal(gateway.handovers[0]?.replication, true);
      await client.end();
      assert.equal(await codeOf(ask(gateway, "true")), "0A000");
    });
  });

  test("the server's backend is gone when a client leaves before it is ready", () =>
    withGateway({}, async (gateway) => {
      const clients = Array.from({ length: 10 }, () =>
        login(gateway.url()).then((client) => (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy()),
      );
      await Promise.all(clients);
      await until(() => gateway.listener.connections === 0);
      const count = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
      while ((await server.asSuperuser<{ n: number }>(count))[0]?.n !== 0) await delay(20);
    }));

  test("a server that is down is told to an authenticated client only, and cleanly", () =>
    withGateway({ upstream: upstreamOf(server, { port: 1 }) }, async (gateway) => {
      assert.equal(await codeOf(login(gateway.url())), "57P03");
      assert.match(gateway.refusals.at(-1)?.because ?? "", /ECONNREFUSED/);
      assert.equal(await codeOf(login(gateway.url("postgres", agent.name, "wrong"))), "28P01");
    }));

  test("a server that hangs up, or talks nonsense, is told cleanly", async () => {
    const answers: readonly (readonly [Buffer, string])[] = [
      [Buffer.alloc(0), "57P03"],
      [Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), "08006"],
      [Buffer.from([0x52, 0, 0, 0, 3, 0, 0]), "08006"],
      [Buffer.from([0x5a, 0, 0, 0, 5, 0x49]), "08006"],
    ];
    for (const [answer, code] of answers) {
      const peers = new Set<Socket>();
      const nonsense = createServer((socket) => {
        peers.add(socket.on("error", () => undefined));
        socket.once("data", () => socket.end(answer));
      });
      await new Promise<void>((resolve) => nonsense.listen(0, "127.0.0.1", resolve));
      const { port } = nonsense.address() as { port: number };
      await withGateway({ upstream: upstreamOf(server, { port }) }, async (gateway) => {
        assert.equal(await codeOf(login(gateway.url())), code);
      });
      for (const peer of peers) peer.destroy();
      await new Promise((resolve) => nonsense.close(resolve));
    }
  });

  test("a port scan leaves nothing behind, a broken-off login a record", () =>
    withGateway({}, async (gateway) => {
      (await raw(gateway.port)).destroy();
      await until(() => gateway.listener.connections === 0);
      assert.equal(gateway.refusals.length, 0);
      const half = await raw(gateway.port);
      half.write(writeStartup([["user", agent.name]]));
      half.once("data", () => half.destroy());
      await until(() => gateway.refusals.length === 1);
      assert.equal(gateway.refusals[0]?.name, agent.name);
    }));

  test("a session that cannot be started closes both sides and is recorded as ended", () => {
    let taken = 0;
    const onSession = () => {
      taken += 1;
      throw new Error("no room");
    };
    return withGateway({ onSession }, async (gateway) => {
      const client = new pg.Client({ connectionString: gateway.url() });
      client.on("error", () => undefined);
      await client
        .connect()
        .then(() => client.query("SELECT 1"))
        .catch(() => undefined);
      assert.equal(taken, 1);
      await until(() => gateway.listener.connections === 0);
    });
  });

  test("stop ends sessions that end themselves at once, and the others when the time is over", async () => {
    const deaf = (handover: Parameters<typeof standInSession>[0]) => ({ ...standInSession(handover), shutdown: () => undefined });
    for (const onSession of [standInSession, deaf]) {
      const gateway = await startGateway({ upstream: upstreamOf(server), target: { shutdownMs: 100 }, onSession });
      const client = await login(gateway.url());
      const halfway = await raw(gateway.port);
      const ended = new Promise((resolve) => client.once("end", resolve));
      await gateway.listener.stop();
      await ended;
      assert.equal(gateway.listener.connections, 0);
      await assert.rejects(login(gateway.url()), /ECONNREFUSED/);
      halfway.destroy();
    }
  });

  test("a listener that is full says so, and serves again when there is room", () =>
    withGateway({ connectionsMax: 2 }, async (gateway) => {
      const [one, two] = [await login(gateway.url()), await login(gateway.url())];
      assert.equal(await codeOf(login(gateway.url())), "53300");
      await one.end();
      await until(() => gateway.listener.connections < 2);
      await Promise.all([(await login(gateway.url())).end(), two.end()]);
    }));

  test("a login that takes too long is cut off and recorded", (context) =>
    withGateway({}, async (gateway) => {
      context.mock.timers.enable({ apis: ["setTimeout"] });
      const socket = await raw(gateway.port);
      const closed = new Promise((resolve) => socket.resume().once("close", resolve));
      socket.write(writeStartup([["user", agent.name]]));
      await new Promise((resolve) => socket.once("data", resolve));
      context.mock.timers.tick(limits.authenticationMsMax - 1);
      assert.equal(gateway.refusals.length, 0);
      context.mock.timers.tick(1);
      context.mock.timers.reset();
      assert.deepEqual(gateway.refusals, [{ name: agent.name, because: "the login took too long" }]);
      await closed;
    }));

  test("a server that never answers is given up, and the client told", (context) => {
    const silent = createServer(
      (peer) =>
        void peer
          .on("error", () => undefined)
          .on("end", () => peer.destroy())
          .resume(),
    );
    return new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve)).then(() =>
      withGateway({ upstream: upstreamOf(server, { port: (silent.address() as { port: number }).port }) }, async (gateway) => {
        context.mock.timers.enable({ apis: ["setTimeout"] });
        const dialled = new Promise((resolve) => silent.once("connection", resolve));
        const refused = codeOf(login(gateway.url()));
        await dialled;
        context.mock.timers.tick(limits.authenticationMsMax);
        context.mock.timers.reset();
        assert.equal(await refused, "57P03");
        assert.match(gateway.refusals.at(-1)?.because ?? "", /within the time/);
        await new Promise((resolve) => silent.close(resolve));
      }),
    );
  });

  test("a statement pipelined behind the password is handed over, not lost", () =>
    withGateway({}, async (gateway) => {
      const client = new pg.Client({ connectionString: gateway.url() });
      const connected = client.connect();
      const rows = client.query("SELECT 1 AS one");
      await connected;
      assert.deepEqual((await rows).rows, [{ one: 1 }]);
      await client.end();
    }));
});
