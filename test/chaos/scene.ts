/**
 * A real server, a database with an ordinary role's tables, and Holdfast as a process in front of it.
 * It holds no assertion but that the log of a stopped gateway verifies.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { verifyLog } from "../../src/audit/verify.ts";
import { readStatus } from "../../src/control/client.ts";
import type { GatewayStatus } from "../../src/control/contract.ts";
import { type Login, type ScratchDatabase, startServer, type TestServer } from "../support/servers.ts";
import { type GatewayOptions, GatewayProcess } from "./gateway.ts";
import { schema } from "./marks.ts";

export interface Scene {
  readonly server: TestServer;
  readonly database: ScratchDatabase;
  readonly role: Login;
  readonly gateway: GatewayProcess;
  readonly url: string;
  status(): Promise<GatewayStatus>;
  /** Sessions of the role at the server, Holdfast's own left out, as `state: query`. */
  backends(): Promise<string[]>;
  /** Stops both. Without `crashed` the gateway must end with 0 and leave no act open. */
  end(): Promise<void>;
}

export interface SceneOptions extends Omit<GatewayOptions, "upstream"> {
  readonly setup?: string;
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Wait until the process has stopped growing, so that its memory can be measured. */
  readonly settled?: boolean;
  /** The port that Holdfast connects to in place of the server's. */
  readonly through?: (server: TestServer) => Promise<number>;
}

export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const server = await startServer({ version: 18, ...(options.settings === undefined ? {} : { settings: options.settings }) });
  const role = await server.ordinaryRole();
  const database = await server.scratchDatabase(
    `${schema} ${options.setup ?? ""}; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role.user}`,
  );
  const upstream = new URL(database.url(role));
  if (options.through !== undefined) upstream.port = String(await options.through(server));
  const gateway = new GatewayProcess({ ...options, upstream: upstream.href });
  await gateway.start();
  // First statements wait for workers and catalogue, and make the engine compile the parser anew (for a second, with 500 MB): all
  // that is over before anything is measured here.
  const first = new pg.Client({ connectionString: gateway.url(database.name) });
  await first.connect();
  for (const text of ["SELECT 1", "SELECT 1, 2", "SELECT id FROM marks", "SELECT 1, 2, 3"]) await first.query(text);
  await first.end();
  if (options.settled === true) await settled(gateway);
  return {
    server,
    database,
    role,
    gateway,
    get url() {
      return gateway.url(database.name);
    },
    status: () => readStatus(join(gateway.folder.path, ".holdfast", "control.sock")),
    async backends() {
      const sql = `SELECT state || ': ' || query AS line FROM pg_stat_activity
        WHERE usename = $1 AND application_name <> 'holdfast catalogue' AND backend_type = 'client backend'`;
      return (await server.asSuperuser<{ line: string }>(sql, "postgres", [role.user])).map(({ line }) => line);
    },
    async end() {
      try {
        assert.equal(await gateway.stop(), 0, gateway.err);
        const report = await verifyLog({ directory: gateway.auditDirectory, publicKey: gateway.publicKey });
        assert.deepEqual([report.problems, report.openActs], [[], []], "the log of a gateway that was stopped");
      } finally {
        await server.stop();
      }
    },
  };
}

/** Resolves when the process has kept its size for a second. */
async function settled(gateway: GatewayProcess): Promise<void> {
  let still = 0;
  for (let last = 0; still < 10; await delay(100)) {
    const { now } = gateway.resident();
    still = Math.abs(now - last) < 4 * 1024 * 1024 ? still + 1 : 0;
    last = now;
  }
}

/** Resolves when `holds` does; rejects with what it is waited for after `ms`. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean, ms = 15_000): Promise<void> {
  const until = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await delay(10);
  }
}
