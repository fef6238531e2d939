/**
 * kill -9 of the gateway while it undoes: either all of it is taken back or nothing, and the next start records which.
 * `UNDO_KILLS=50` before it kills as often.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { callControl } from "../../src/control/client.ts";
import type { UndoPlanView } from "../../src/control/contract.ts";
import { login, openScene, type Scene, until } from "../grants/scene.ts";
import { environmentOf, openShop, provisionShop, type Shop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";
import { Chance } from "./chance.ts";

const kills = Number(process.env["UNDO_KILLS"] ?? 3);
const chance = new Chance(Number(process.env["UNDO_SEED"] ?? 9));

async function act(scene: Scene): Promise<void> {
  const clerk = await login(scene);
  try {
    await clerk.query("BEGIN");
    await clerk.query("UPDATE orders SET note = note || ' changed' WHERE id % 2 = 0");
    await clerk.query("DELETE FROM orders WHERE id % 3 = 0");
    await clerk.query("COMMIT");
  } finally {
    await clerk.end();
  }
}

async function startGateway(shop: Shop, folder: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL("../grants/gateway-child.ts", import.meta.url));
  const child = spawn(process.execPath, [program, folder], {
    env: { ...process.env, ...environmentOf(shop) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    child.stdout?.once("data", resolve);
    child.once("exit", (code) => reject(new Error(`the gateway ended with ${code}`)));
  });
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  child.removeAllListeners("exit");
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

test("an undo that is killed at any moment is done or not done, and its record says which", async (t) => {
  const shop = await openShop(await testServer(18));
  const { server, database } = shop;
  await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
  await server.asSuperuser("INSERT INTO orders (note) SELECT 'note ' || n FROM generate_series(1, 3000) n", database);
  await provisionShop(shop, { undo: { logins: [], exclude: [] } });
  const first = await openScene(server, { shop, policy: "guarded-writes", environment: "staging", approves: ["staging"] });
  const picture = async () =>
    (await server.asSuperuser<{ p: string }>("SELECT md5(string_agg(o::text, ',' ORDER BY id)) AS p FROM orders o", database))[0]?.p ?? "";
  const before = await picture();
  try {
    await act(first);
  } finally {
    await first.stop();
  }
  await server.asSuperuser("CREATE TABLE public.left_by_act AS SELECT * FROM orders", database);
  const after = await picture();
  assert.notEqual(after, before);
  const [{ transaction = "" } = {}] = await server.asSuperuser<{ transaction: string }>(
    "SELECT DISTINCT transaction::text AS transaction FROM holdfast_undo.change",
    database,
  );
  const { socket, folder } = first;
  const ends = { done: 0, not: 0 };
  const begun = new Map<string, boolean>();
  let child: ChildProcess | undefined;
  try {
    for (let n = 0; n < kills; n++) {
      child = await startGateway(shop, folder);
      await told(first, begun);
      const plan = { method: "POST" as const, path: "/v1/undo-plans", body: { transactions: [transaction] }, answerMsMax: 60_000 };
      const startedMs = performance.now();
      const { plan: shown } = (await callControl(socket, plan)) as UndoPlanView;
      // An undo takes about as long as its plan: some are over before the kill.
      const spanMs = Math.ceil(3 * (performance.now() - startedMs));
      const { id, target, digest } = shown;
      const body = { undo: id, target, database, digest, transactions: [transaction], skipConflicts: false };
      const running = first.signed("POST", "/v1/undos", body).catch(() => undefined);
      await delay(chance.int(0, spanMs));
      await killed(child);
      await running;
      const backends = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'holdfast undo'";
      await until("its connection is over", async () => (await server.asSuperuser<{ n: number }>(backends))[0]?.n === 0);
      const now = await picture();
      assert([before, after].includes(now), "all or nothing");
      const done = now === before;
      ends[done ? "done" : "not"] += 1;
      begun.set(id, done);
      // As the act left it, for the next one; a superuser's changes are not kept.
      if (done) await server.asSuperuser("DELETE FROM orders; INSERT INTO orders SELECT * FROM public.left_by_act", database);
    }
    child = await startGateway(shop, folder);
    await told(first, begun);
    t.diagnostic(JSON.stringify(ends));
  } finally {
    if (child !== undefined) await killed(child);
  }
});

/** What was durable of each begun undo has the end that the table shows. */
async function told(scene: Scene, begun: ReadonlyMap<string, boolean>): Promise<void> {
  for (const { undo } of await scene.events("undo_started")) {
    let how = "";
    await until(`undo ${undo} has an end`, async () => {
      how = (await scene.events("undo_done")).find((event) => event.undo === undo)?.how ?? "";
      return how !== "" && how !== "unknown";
    });
    assert.equal(how, begun.get(undo) === true ? "done" : "failed", undo);
  }
  const started = new Set<string>((await scene.events("undo_started")).map(({ undo }) => undo));
  for (const [undo, done] of begun) if (done) assert(started.has(undo), "what was done was on record before");
}
