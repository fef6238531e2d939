/**
 * kill -9 of agents, Holdfast and the server, with session roles lent: money is neither made nor lost, no role outlives its lease.
 * `CHAOS_KILLS` and `CHAOS_SEED` make a longer or another run.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { agentPassword, configText, environmentOf, newFolder, openShop, provisionShop, type Shop } from "../provision/shop.ts";
import { seeded } from "../fuzz/wire.ts";
import { startServer, type TestServer } from "../support/servers.ts";
import { eventually } from "./scene.ts";

const kills = Number(process.env.CHAOS_KILLS ?? 50);
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);

/** Short lives, so that leases end by themselves in the middle of it too. */
const roles = `mode: ephemeral
admin: { url: { env: HOLDFAST_TEST_ADMIN } }
writers: { orders: { tables: [public.orders, public.accounts, public.transfers] } }
lease: { lifetime: 20s, linger: 50ms, sweep: 1s }`;

const bank = `CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO accounts SELECT n, 100 FROM generate_series(1, 10) n;
CREATE TABLE transfers (id text PRIMARY KEY, source int NOT NULL, target int NOT NULL, amount int NOT NULL)`;

/** Each account against what the transfers say of it: a half of one shows here, and so does money from nowhere. */
const books = `SELECT a.id, a.balance - 100 + coalesce((SELECT sum(amount) FROM transfers WHERE source = a.id), 0)
  - coalesce((SELECT sum(amount) FROM transfers WHERE target = a.id), 0) AS off, sum(balance) OVER () AS total FROM accounts a`;

/** Roles of sessions with what their comment says of their end, by the server's clock, and how many connections they hold. */
const leased = `SELECT r.rolname AS role, (substr(shobj_description(r.oid, 'pg_authid'), 16)::json ->> 'expires')::float8 AS expires,
  extract(epoch FROM now()) * 1000 AS now, (SELECT count(*)::int FROM pg_stat_activity s WHERE s.usename = r.rolname) AS connections
  FROM pg_roles r WHERE r.rolname LIKE 'hfs\\_%'`;

interface Leased {
  readonly role: string;
  readonly expires: number;
  readonly now: number;
  readonly connections: number;
}

const started = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of started) child.kill("SIGKILL");
});

function start(file: string, words: readonly string[], shop: Shop): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const env = { ...process.env, ...environmentOf(shop), HOLDFAST_TEST_AGENT: agentPassword };
  const child = spawn(process.execPath, [path, ...words], { env, stdio: ["ignore", "pipe", "inherit"] });
  started.add(child);
  child.once("exit", () => started.delete(child));
  return child;
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

describe(`${kills} kills with session roles lent, seed ${seed}`, { timeout: kills * 20_000 }, () => {
  const random = seeded(seed);
  const acknowledged = new Set<string>();
  const undone = new Set<string>();
  const faults: string[] = [];
  const agents: (ChildProcess | undefined)[] = [];
  const folder = newFolder();
  let server: TestServer;
  let shop: Shop;
  let gateway: ChildProcess | undefined;

  before(async () => {
    console.log(`chaos with session roles: ${kills} kills, seed ${seed} (CHAOS_SEED=${seed} repeats it)`);
    server = await startServer({ version: 18 });
    shop = await openShop(server);
    await server.asSuperuser(`SET ROLE ${shop.owner.user}; ${bank}`, shop.database);
    await provisionShop(shop, {
      writers: [{ name: "orders", schemas: [], tables: ["public.orders", "public.accounts", "public.transfers"] }],
    });
    const text = configText(shop, roles, "guarded-writes").replace("targets:", "shutdown_time: 1s\ntargets:");
    writeFileSync(join(folder, "holdfast.yaml"), text.replace("    roles:", "    limits: { statements_per_minute: none }\n    roles:"), {
      mode: 0o600,
    });
  });
  after(async () => {
    for (const child of [...agents, gateway]) await kill(child);
    await server?.stop();
  });

  async function startGateway(): Promise<void> {
    gateway = start("../provision/gateway-child.ts", [folder], shop);
    const [line] = (await once(gateway.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    writeFileSync(join(folder, "address"), line.toString().trim());
  }

  function startAgent(place: number): void {
    const agent = start("./transfer-agent.ts", [folder, "clerk", shop.database, String(Math.floor(random() * 1e9))], shop);
    agents[place] = agent;
    let rest = "";
    agent.stdout?.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("!")) faults.push(line);
        else (line.startsWith("+") ? acknowledged : undone).add(line.slice(1));
      }
    });
  }

  const rolesNow = (): Promise<Leased[]> => server.asSuperuser<Leased & Record<string, unknown>>(leased);

  async function booksBalance(when: string): Promise<void> {
    const rows = await server.asSuperuser<{ id: number; off: string; total: string }>(books, shop.database);
    assert.deepEqual(
      rows.filter(({ off }) => Number(off) !== 0),
      [],
      `${when}: an account that its transfers do not explain`,
    );
    assert.equal(Number(rows[0]?.total), 1000, `${when}: money made or lost`);
    // Agents go on meanwhile: only what they were told before the question counts.
    const told = [...acknowledged];
    const kept = new Set((await server.asSuperuser<{ id: string }>("SELECT id FROM transfers", shop.database)).map(({ id }) => id));
    assert.deepEqual(
      told.filter((id) => !kept.has(id)),
      [],
      `${when}: acknowledged, and not there`,
    );
    assert.deepEqual(
      [...undone].filter((id) => kept.has(id)),
      [],
      `${when}: rolled back, and there`,
    );
    assert.deepEqual(await server.asSuperuser("SELECT gid FROM pg_prepared_xacts"), [], when);
  }

  /** While Holdfast runs, a role that is over goes with a sweep. */
  async function noneOutlives(when: string): Promise<void> {
    await eventually(
      `${when}: every role that is over is gone`,
      async () => (await rolesNow()).every(({ expires, now }) => expires + 1_000 > now),
      30_000,
    );
  }

  async function killGateway(when: string): Promise<void> {
    await kill(gateway);
    const lost = (await rolesNow()).map(({ role }) => role);
    if (random() < 0.5)
      await eventually(
        `${when}: connections end without Holdfast`,
        async () => (await rolesNow()).every(({ connections }) => connections === 0),
        30_000,
      );
    await booksBalance(when);
    await startGateway();
    const left = (await rolesNow()).map(({ role }) => role).filter((role) => lost.includes(role));
    assert.deepEqual(left, [], `${when}: roles of the former life are gone once it serves again`);
  }

  async function killServer(when: string, both: boolean): Promise<void> {
    await server.kill();
    if (both) await kill(gateway);
    await delay(random() * 100);
    await server.start();
    await booksBalance(when);
    if (both) await startGateway();
  }

  async function killAgent(): Promise<void> {
    const place = Math.floor(random() * agents.length);
    await kill(agents[place]);
    startAgent(place);
  }

  test("the books balance, no role and no connection outlives its lease, none is left", async () => {
    await startGateway();
    for (let place = 0; place < 3; place++) startAgent(place);
    for (let turn = 1; turn <= kills; turn++) {
      const when = `kill ${turn} of seed ${seed}`;
      const before = acknowledged.size;
      await eventually(`${when}: transfers go on`, () => acknowledged.size > before + 3 || faults.length > 0, 60_000);
      await delay(random() * 300);
      const victim = random();
      if (victim < 0.4) await killAgent();
      else if (victim < 0.7) await killGateway(when);
      else await killServer(when, victim > 0.9);
      await booksBalance(when);
      await noneOutlives(when);
      assert.deepEqual(faults, [], when);
    }
    for (const agent of agents) await kill(agent);
    await eventually("the last connection takes its role along", async () => (await rolesNow()).length === 0, 30_000);
    await booksBalance("at the end");
    await kill(gateway);
    const backends = "SELECT usename, state FROM pg_stat_activity WHERE application_name = 'transfers'";
    await eventually("no connection of an agent is left", async () => (await server.asSuperuser(backends)).length === 0, 30_000);
    console.log(`chaos with session roles: ${acknowledged.size} transfers acknowledged, ${undone.size} rolled back`);
    assert.ok(acknowledged.size > kills * 3 && undone.size > 0, "the agents did their work");
  });
});
