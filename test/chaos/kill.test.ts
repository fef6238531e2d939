/**
 * kill -9 of Holdfast and of the server under load. `CHAOS_KILLS` and `CHAOS_SEED` make a longer or another run.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { verifyLog } from "../../src/audit/verify.ts";
import { seeded } from "../fuzz/wire.ts";
import { type Login, type ScratchDatabase, startServer, type TestServer } from "../support/servers.ts";
import { GatewayProcess } from "./gateway.ts";
import { disagreements, quiet } from "./ledger.ts";
import { Load } from "./load.ts";
import { LogReader } from "./log-reader.ts";
import { Marks, schema } from "./marks.ts";

const kills = Number(process.env.CHAOS_KILLS ?? 50);
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);

describe(`${kills} kills, seed ${seed}`, { timeout: kills * 20_000 }, () => {
  const random = seeded(seed);
  const marks = new Marks();
  let server: TestServer;
  let database: ScratchDatabase;
  let role: Login;
  let gateway: GatewayProcess;
  let log: LogReader;
  const load = (): Load => new Load({ url: () => gateway.url(database.name), marks, random, clients: 6 });
  const verified = () => verifyLog({ directory: gateway.auditDirectory, publicKey: gateway.publicKey });

  before(async () => {
    console.log(`chaos: ${kills} kills, seed ${seed} (CHAOS_SEED=${seed} repeats it)`);
    server = await startServer({ version: 18 });
    role = await server.ordinaryRole();
    database = await server.scratchDatabase(`${schema} GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role.user}`);
    gateway = new GatewayProcess({ upstream: database.url(role) });
    await gateway.start();
    log = new LogReader(gateway.auditDirectory);
  });
  after(async () => {
    await gateway?.kill();
    await server?.stop();
  });

  /** All that must hold when nothing runs. `raw`: nobody has repaired anything yet. */
  async function agree(when: string): Promise<void> {
    await quiet(server, role.user);
    await log.readOn();
    assert.deepEqual(await disagreements(server, database.name, marks, log), [], when);
  }

  async function killGateway(when: string): Promise<void> {
    const running = load();
    while (running.answered === 0) await delay(2);
    await delay(random() * 500);
    await gateway.kill();
    await running.stop();
    const crashed = await verified();
    assert.deepEqual(crashed.problems, [], `${when}: the log as the crash left it`);
    await agree(when);
    if (random() < 0.2) await killWhileStarting(when);
    await gateway.start();
    await log.readOn();
    assert.deepEqual(
      crashed.openActs.filter((action) => !log.unknown.has(action)),
      [],
      `${when}: outcomes that nobody knows, not named`,
    );
    const again = await verified();
    assert.deepEqual(again.problems, [], `${when}: the log after the restart`);
    assert.deepEqual(again.openActs, [], `${when}: acts without an outcome after the restart`);
  }

  async function killWhileStarting(when: string): Promise<void> {
    const starting = gateway.start().catch(() => undefined);
    await delay(random() * 1_500);
    await gateway.kill();
    await starting;
    assert.deepEqual((await verified()).problems, [], `${when}: the log after a kill during the start`);
  }

  async function killServer(when: string): Promise<void> {
    const running = load();
    while (running.answered === 0) await delay(2);
    await delay(random() * 500);
    await server.kill();
    if (random() < 0.5) await delay(random() * 100);
    await server.start();
    const before = running.answered;
    // The same process serves again, without being touched.
    while (running.answered < before + 20) await delay(5);
    await running.stop();
    assert.ok(gateway.running, `${when}: Holdfast ended: ${gateway.err}`);
    assert.deepEqual((await verified()).problems, [], when);
    await agree(when);
  }

  test("the log verifies, no change without its intent, clean errors, a clean restart, unknown outcomes named", async () => {
    for (let kill = 1; kill <= kills; kill++) {
      const when = `kill ${kill} of seed ${seed}`;
      if (kill % 2 === 1) await killGateway(when);
      else await killServer(when);
    }
    const client = new pg.Client({ connectionString: gateway.url(database.name) });
    await client.connect();
    assert.equal((await client.query("SELECT 42 AS answer")).rows[0].answer, 42);
    await client.end();
    assert.equal(await gateway.stop(), 0, gateway.err);
    const report = await verified();
    assert.deepEqual([report.problems, report.openActs, report.tornTailBytes], [[], [], 0]);
    assert.ok(marks.acknowledged.size > kills && marks.undone.size > 0, "the load did its work");
    assert.ok(log.unknown.size > 0, "some kill came between an intent and its outcome");
    const errors = [...marks.errors].map(([name, count]) => `${name} ${count}`).join(", ");
    console.log(
      `chaos: ${marks.acknowledged.size} writes acknowledged, ${marks.undone.size} undone, ${report.records} records, ` +
        `${report.unknownOutcomes} outcomes unknown, ${report.tornFiles.length} torn tails; errors: ${errors}`,
    );
  });
});
