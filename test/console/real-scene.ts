/**
 * A shop behind a real gateway with its console: a server with a parent and a child table, a vault with two persons, agents in psql.
 * It tests nothing itself.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { HeldSession } from "../../src/control/client.ts";
import { freePort } from "../../src/cli/demo/free-port.ts";
import { openScene, type Scene, type SceneOptions } from "../grants/scene.ts";
import type { TestServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";

export const passphrase = "a passphrase that nobody would guess 7";

export interface ConsoleScene extends Scene {
  readonly origin: string;
  /** The program's session that the agents of this scene work in. */
  readonly held: HeldSession;
  readonly psql: (sql: string) => Agent;
}

/** A running psql. */
export interface Agent {
  readonly done: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Ends it as a closed terminal would. */
  readonly kill: () => void;
}

export interface ConsoleSceneOptions extends SceneOptions {
  /** Under `approvals:`, a line each. */
  readonly approvals?: readonly string[];
  readonly port?: number;
  readonly program?: Readonly<Record<string, unknown>>;
}

export const orders = 1_000;
export const itemsEach = 4;

/** 1,000 orders of two regions, each with four items that go along. */
const tables = `CREATE TABLE parcels (id int PRIMARY KEY, region text NOT NULL, note text);
CREATE TABLE parcel_items (id int PRIMARY KEY, parcel_id int REFERENCES parcels ON DELETE CASCADE);
INSERT INTO parcels SELECT n, CASE WHEN n % 2 = 0 THEN 'north' ELSE 'south' END, 'note ' || n FROM generate_series(1, ${orders}) n;
INSERT INTO parcel_items SELECT n, 1 + n % ${orders} FROM generate_series(1, ${orders * itemsEach}) n; ANALYZE;`;

export async function openConsoleScene(server: TestServer, options: ConsoleSceneOptions = {}): Promise<ConsoleScene> {
  const port = options.port ?? (await freePort());
  const rules = options.approvals ?? ["cool_off: 0s", "passkey: never"];
  const scene = await openScene(server, {
    policy: "guarded-writes",
    environment: "production",
    approves: ["production"],
    persons: ["ada", "bob"],
    more: `console:\n  listen: 127.0.0.1:${port}\napprovals:\n${rules.map((rule) => `  ${rule}\n`).join("")}`,
    ...options,
  });
  const { shop } = scene;
  if (options.shop === undefined) await server.asSuperuser(`SET ROLE ${shop.owner.user}; ${tables}`, shop.database);
  const held = await scene.program({ actsFor: "grace", purpose: "tidy up the north region", ...options.program });
  let stopped: Promise<void> | undefined;
  return {
    ...scene,
    origin: `http://localhost:${port}`,
    held,
    psql: (sql) => psqlOf(held, sql),
    stop: () => {
      stopped ??= Promise.resolve(held.letGo()).then(scene.stop);
      return stopped;
    },
  };
}

function psqlOf({ opened }: HeldSession, sql: string): Agent {
  const { host, port, user, password, database } = opened;
  const ended = new AbortController();
  const run = async () => {
    const args = ["-X", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", String(port), "-U", user, "-d", database, "-c", sql];
    const child = spawn(await tool("psql"), args, { env: { ...process.env, PGPASSWORD: password }, stdio: ["ignore", "pipe", "pipe"] });
    ended.signal.addEventListener("abort", () => child.kill("SIGHUP"), { once: true });
    const text = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) child[name].on("data", (chunk: Buffer) => (text[name] += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, ...text };
  };
  return { done: run(), kill: () => ended.abort() };
}
