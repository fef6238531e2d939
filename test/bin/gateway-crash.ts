/**
 * kill -9 of the gateway while a session drops into the bin, and while a person brings back: the next gateway finds the act wholly
 * done or not at all, has what rests on record, and brings it back.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { callControl } from "../../src/control/client.ts";
import type { BinView } from "../../src/control/contract.ts";
import type { BinEntry } from "../../src/model/recovery.ts";
import { binStatements, binVersion } from "../../src/recovery/bin/install.ts";
import { openScene, type Scene, until } from "../grants/scene.ts";
import { agentPassword, environmentOf, openShop, provisionShop } from "../provision/shop.ts";
import { type ServerVersion, testServer } from "../support/servers.ts";
import type { Tally } from "./crash.ts";

export async function gatewayRounds(version: ServerVersion, rounds: number): Promise<Tally> {
  const server = await testServer(version);
  const shop = await openShop(server);
  await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
  await provisionShop(shop, { bin: { statements: binStatements, version: binVersion } });
  const options = { shop, policy: "guarded-writes", environment: "development", approves: ["development"] as const };
  const scene = await openScene(server, options);
  await scene.stop();
  const tally = { undone: 0, done: 0, stillResting: 0, back: 0 };
  // Kills come as often before the act is done as after it: the wait follows what the last one met.
  const wait = { put: 100, back: 250 };
  for (let round = 0; round < rounds; round++) {
    const told = `round ${round}`;
    await withChild(scene, async (child, listen) => {
      const client = await clerk(scene, listen);
      const dropping = client.query("DROP TABLE orders CASCADE").catch(() => undefined);
      await delay(randomInt(0, Math.ceil(wait.put) + 1));
      await killed(child);
      await dropping;
      await client.end().catch(() => undefined);
    });
    // The server finishes what it was at, or takes it back.
    await quiet(scene);
    let resting = await scene.count("SELECT count(*) FROM holdfast_bin.entry WHERE state = 'kept'");
    await holds(scene, resting, told);
    wait.put *= resting === 0 ? 2 : 0.6;
    tally[resting === 0 ? "undone" : "done"]++;
    if (resting === 0) continue;
    await withChild(scene, async (child) => {
      const [entry] = await list(scene);
      assert.ok(entry !== undefined, told);
      await until(`${told}: it is on record`, async () => (await scene.events("bin_put")).some(({ entry: id }) => id === entry.id));
      const restoring = restore(scene, [entry]).catch(() => undefined);
      await delay(randomInt(0, Math.ceil(wait.back) + 1));
      await killed(child);
      await restoring;
    });
    await quiet(scene);
    resting = await scene.count("SELECT count(*) FROM holdfast_bin.entry WHERE state = 'kept'");
    await holds(scene, resting, `${told}, on the way back`);
    wait.back *= resting === 0 ? 0.6 : 2;
    tally[resting === 0 ? "back" : "stillResting"]++;
    if (resting === 0) continue;
    await withChild(scene, async (child) => {
      await restore(scene, await list(scene));
      await holds(scene, 0, `${told}, back`);
      await killed(child);
    });
  }
  return tally;
}

/** A gateway in a process of its own on the scene's folder; `work` ends it. */
async function withChild(scene: Scene, work: (child: ChildProcess, listen: string) => Promise<void>): Promise<void> {
  const [child, listen] = await started(scene);
  try {
    await work(child, listen);
  } finally {
    await killed(child);
  }
}

/** As a supervisor does: on a machine that is busy enough a gateway's test of itself takes too long, and it refuses to start. */
async function started(scene: Scene, attempt = 1): Promise<readonly [ChildProcess, string]> {
  const program = fileURLToPath(new URL("../grants/gateway-child.ts", import.meta.url));
  const child = spawn(process.execPath, [program, scene.folder], {
    env: { ...process.env, ...environmentOf(scene.shop) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const listen = await new Promise<string | undefined>((resolve) => {
    child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", () => resolve(undefined));
  });
  if (listen !== undefined) return [child, listen];
  assert.ok(attempt < 3, "the gateway does not start");
  return started(scene, attempt + 1);
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

async function clerk({ shop }: Scene, listen: string): Promise<pg.Client> {
  const [host, port] = listen.split(":");
  const client = new pg.Client({ host: host ?? "", port: Number(port), user: "clerk", password: agentPassword, database: shop.database });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function list({ socket }: Scene): Promise<readonly BinEntry[]> {
  return ((await callControl(socket, { method: "GET", path: "/v1/bin/-" })) as BinView).entries;
}

async function restore(scene: Scene, entries: readonly BinEntry[]): Promise<void> {
  const body = { target: scene.shop.target, entries: entries.map(({ id }) => id), as: "", replace: false, withoutConstraints: false };
  await scene.signed("POST", "/v1/bin-restores", body);
}

/** Waits until the killed gateway's sessions at the server have ended, whichever way. */
async function quiet(scene: Scene): Promise<void> {
  await until(
    "its sessions have ended",
    async () =>
      (await scene.count(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
      )) === 0,
  );
}

/** Either the table rests with all that hung on it, or everything is where it was. */
async function holds(scene: Scene, resting: number, told: string): Promise<void> {
  const { shop } = scene;
  const [found] = await shop.server.asSuperuser<{ orders: boolean; notes: boolean; places: number }>(
    `SELECT to_regclass('public.orders') IS NOT NULL AS orders, to_regclass('public.order_notes') IS NOT NULL AS notes,
      (SELECT count(*)::int FROM pg_namespace WHERE nspname ~ '^holdfast_bin_') AS places`,
    shop.database,
  );
  assert.deepEqual(
    found,
    resting === 0 ? { orders: true, notes: true, places: 0 } : { orders: false, notes: found?.notes, places: 1 },
    told,
  );
  if (resting === 0) assert.equal(await scene.count("SELECT count(*) FROM public.orders"), 10, told);
}
