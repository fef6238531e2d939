/** Session roles over their whole life on real servers: made, shared, limited, ended, and swept after a crash. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/ids.ts";
import { type LeaseEvent, type Leases, type LeasesOptions, openLeases } from "../../src/credentials/leases.ts";
import { newLogin } from "../../src/wiring.ts";
import { startServer, serverVersions, testServer } from "../support/servers.ts";
import {
  agentPassword,
  configText,
  environmentOf,
  ephemeral,
  leasedRoles,
  newFolder,
  openShop,
  provisionShop,
  serveShop,
  type Shop,
} from "./shop.ts";

interface Opened {
  readonly leases: Leases;
  readonly events: LeaseEvent[];
  readonly warnings: string[];
}

async function openFor(shop: Shop, change: Partial<LeasesOptions> = {}): Promise<Opened> {
  const events: LeaseEvent[] = [];
  const warnings: string[] = [];
  const leases = await openLeases({
    target: shop.target,
    instance: "one",
    connect: () => shop.server.connect(shop.database, shop.admin),
    clock: systemClock,
    random: systemRandom,
    newLogin,
    limits: { statementMsMax: 20_000, transactionMsMax: 30_000, idleInTransactionMsMax: 10_000, sessionMsMax: null },
    lifetimeMs: 3_600_000,
    lingerMs: 20,
    sweepEveryMs: 3_600_000,
    warn: (message) => warnings.push(message),
    record: (event) => events.push(event),
    ...change,
  });
  return { leases, events, warnings };
}

const wanted = (shop: Shop, principal = "agent") => ({
  principal,
  connectionsMax: 2,
  group: `holdfast_${shop.target}_reader`,
  readOnly: true,
});

const login = ({ role, password }: { role: string; password: string }) => ({ user: role, password });

/** Polls the server, which is told of nothing that is waited for here. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await holds()) return;
    await delay(25);
  }
  assert.fail(`never: ${what}`);
}

for (const version of serverVersions) {
  for (const attributes of ["INHERIT", "NOINHERIT"]) {
    describe(`session roles on PostgreSQL ${version}, made by CREATEROLE ${attributes}`, () => {
      test("a role has its group's rights, its limits and nothing else, and its password never reaches the server's log", async () => {
        const server = await startServer({ version, settings: { log_statement: "all" } });
        const shop = await openShop(server, attributes);
        await provisionShop(shop);
        const { leases } = await openFor(shop);
        const lease = await leases.lease(wanted(shop));
        const client = await server.connect(shop.database, login(lease));
        assert.equal((await client.query("SELECT * FROM orders")).rowCount, 10);
        assert.equal((await client.query("SHOW statement_timeout")).rows[0].statement_timeout, "20s");
        assert.equal((await client.query("SHOW default_transaction_read_only")).rows[0].default_transaction_read_only, "on");
        const [role] = await server.asSuperuser(
          "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolinherit, rolconnlimit, rolvaliduntil > now() AS valid, rolpassword ~ '^SCRAM' AS scram FROM pg_authid WHERE rolname = $1",
          "postgres",
          [lease.role],
        );
        const powers = { rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolreplication: false, rolbypassrls: false };
        assert.deepEqual(role, { ...powers, rolinherit: version < 16, rolconnlimit: 2, valid: true, scram: true });
        const second = await server.connect(shop.database, login(lease));
        await assert.rejects(server.connect(shop.database, login(lease)), { code: "53300" }, "the third connection is one too many");
        await Promise.all([client.end(), second.end(), leases.close()]);
        assert(!server.log().includes(lease.password));
        await server.stop();
      });

      test("connections of one principal share a role, others do not; the last one takes it along", async () => {
        const shop = await openShop(await testServer(version), attributes);
        await provisionShop(shop);
        const { leases, events, warnings } = await openFor(shop);
        const [a, b, other] = await Promise.all([
          leases.lease(wanted(shop)),
          leases.lease(wanted(shop)),
          leases.lease(wanted(shop, "another")),
        ]);
        assert.equal(a.role, b.role);
        assert.notEqual(a.role, other.role);
        other.end();
        a.end();
        a.end();
        await until("the other's role goes", async () => (await leasedRoles(shop)).length === 1);
        assert.deepEqual(await leasedRoles(shop), [b.role], "ending one lease twice does not end the other");
        const client = await shop.server.connect(shop.database, login(b));
        b.end();
        await until("the role goes, its connection first", async () => (await leasedRoles(shop)).length === 0);
        await assert.rejects(client.query("SELECT 1"));
        assert.deepEqual(warnings, []);
        await until("both ends are told", () => Promise.resolve(events.filter(({ kind }) => kind === "lease_ended").length === 2));
        await leases.close();
      });

      test("a role ends at its expiry, with its connections, prepared transactions, large objects and grants", async () => {
        const shop = await openShop(await testServer(version), attributes);
        await provisionShop(shop);
        const { leases, warnings } = await openFor(shop, { lifetimeMs: 1_500 });
        const lease = await leases.lease(wanted(shop));
        await shop.server.asSuperuser(`GRANT UPDATE ON orders TO ${lease.role}`, shop.database);
        const client = await shop.server.connect(shop.database, login(lease));
        await client.query("SET default_transaction_read_only = off");
        await client.query("SELECT lo_create(0)");
        await client.query("BEGIN");
        await client.query("UPDATE orders SET note = 'never'");
        await client.query("PREPARE TRANSACTION 'left behind'");
        const ended = new Promise((resolve) => client.once("end", resolve));
        await ended;
        await until("the role goes", async () => (await leasedRoles(shop)).length === 0);
        assert.deepEqual(await shop.server.asSuperuser("SELECT gid FROM pg_prepared_xacts"), []);
        assert.deepEqual(await shop.server.asSuperuser("SELECT oid FROM pg_largeobject_metadata", shop.database), []);
        assert.deepEqual(await shop.server.asSuperuser("SELECT 1 FROM orders WHERE note = 'never'", shop.database), []);
        assert.deepEqual(warnings, []);
        await leases.close();
      });
    });
  }

  describe(`session roles and crashes on PostgreSQL ${version}`, () => {
    test("a start sweeps what this gateway left behind, and of others only what has expired", async () => {
      const shop = await openShop(await testServer(version));
      await provisionShop(shop);
      const other = await openFor(shop, { instance: "two" });
      const theirs = await other.leases.lease(wanted(shop));
      const short = await openFor(shop, { instance: "three", lifetimeMs: 60 });
      const crashed = await openFor(shop);
      const lost = await crashed.leases.lease(wanted(shop));
      assert((await leasedRoles(shop)).includes(lost.role));
      await short.leases.close();
      const client = await shop.server.connect(shop.database, login(lost));
      const again = await openFor(shop);
      assert.deepEqual(await leasedRoles(shop), [theirs.role]);
      await assert.rejects(client.query("SELECT 1"));
      assert.equal(await again.leases.sweep(), 0);
      await Promise.all([crashed.leases.close(), again.leases.close(), other.leases.close()]);
      assert.deepEqual(await leasedRoles(shop), []);
    });

    test("a restarted server is taken up again, and what could not be ended then is ended by a sweep", async () => {
      const server = await startServer({ version });
      const shop = await openShop(server);
      await provisionShop(shop);
      const { leases, warnings } = await openFor(shop, { sweepEveryMs: 100 });
      const before = await leases.lease(wanted(shop));
      await server.kill();
      before.end();
      await until("the end fails", () => Promise.resolve(warnings.length > 0));
      await server.start();
      await until("the sweep ends it", async () => (await leasedRoles(shop)).length === 0);
      const after = await leases.lease(wanted(shop));
      const client = await server.connect(shop.database, login(after));
      await client.end();
      await leases.close();
      assert.deepEqual(await leasedRoles(shop), []);
      await server.stop();
    });

    test("kill -9 of a gateway with sessions open: its next start leaves none of their roles", async () => {
      const shop = await openShop(await testServer(version));
      await provisionShop(shop);
      const folder = newFolder();
      const text = configText(shop, ephemeral);
      writeFileSync(join(folder, "holdfast.yaml"), text, { mode: 0o600 });
      const env = { ...process.env, ...environmentOf(shop) };
      const child = spawn(process.execPath, [fileURLToPath(new URL("./gateway-child.ts", import.meta.url)), folder], {
        env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const listening = await new Promise<string>((resolve) =>
        child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim())),
      );
      const [host, port] = listening.split(":");
      const open = async (user: string) => {
        const client = new pg.Client({ host: host ?? "", port: Number(port), user, password: agentPassword, database: shop.database });
        client.on("error", () => undefined);
        await client.connect();
        return client;
      };
      const clients = await Promise.all([open("agent"), open("clerk"), open("agent")]);
      await clients[1]?.query("BEGIN; UPDATE orders SET note = 'half done'");
      assert.equal((await leasedRoles(shop)).length, 2);
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
      assert.equal((await leasedRoles(shop)).length, 2, "a crash leaves them behind");
      const served = await serveShop(shop, text, environmentOf(shop), folder);
      assert.deepEqual(await leasedRoles(shop), []);
      assert.deepEqual(await shop.server.asSuperuser("SELECT 1 FROM orders WHERE note = 'half done'", shop.database), []);
      await served.stop();
    });
  });
}
