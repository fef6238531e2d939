/**
 * A real server, a real streaming standby of it, and the real gateway before both. Which of the two ran a statement is read from the
 * servers' own logs, by a marker in the statement's text.
 * It holds no assertion.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { ReplicaStatus } from "../../../src/control/contract.ts";
import { type Gateway, openGateway } from "../../../src/wiring.ts";
import { type ServerVersion, startServer, type TestServer } from "../../support/servers.ts";
import { startStandby } from "../../support/standby.ts";

export interface SceneOptions {
  readonly version: ServerVersion;
  /** SQL run before anything else, as superuser; `:role` is the role of the sessions. */
  readonly setup?: string;
  readonly lagMax?: string;
  /** The target's limits, as a line of YAML. */
  readonly target?: string;
  /** Settings of the standby. */
  readonly standby?: Readonly<Record<string, string | number>>;
}

/** More principals: what one of them writes says nothing about the others' reads. */
export const others: readonly string[] = Array.from({ length: 20 }, (_, i) => `other${i}`);

const LIMITS = "    limits: { statements_per_minute: none }";

const SCHEMA = `
  CREATE TABLE orders (id int PRIMARY KEY, note text);
  INSERT INTO orders SELECT i, 'note ' || i FROM generate_series(1, 1000) i;
  GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO :role;
`;

export class Scene {
  readonly primary: TestServer;
  readonly standby: TestServer;
  readonly gateway: Gateway;
  readonly warnings: readonly string[];
  readonly #folder: string;
  readonly #password: string;
  readonly #clients: pg.Client[] = [];

  private constructor(parts: Pick<Scene, "primary" | "standby" | "gateway" | "warnings"> & { folder: string; password: string }) {
    this.primary = parts.primary;
    this.standby = parts.standby;
    this.gateway = parts.gateway;
    this.warnings = parts.warnings;
    this.#folder = parts.folder;
    this.#password = parts.password;
  }

  static async open({ version, setup = "", lagMax = "5s", target = LIMITS, standby: own = {} }: SceneOptions): Promise<Scene> {
    const settings = { log_statement: "all" };
    const primary = await startServer({ version, settings: { ...settings, wal_keep_size: "256MB" } });
    const role = await primary.ordinaryRole();
    await primary.asSuperuser((SCHEMA + setup).replaceAll(":role", role.user));
    const standby = await startStandby(primary, { ...settings, ...own });
    const folder = mkdtempSync(join(tmpdir(), "holdfast-replica-"));
    const password = randomBytes(12).toString("hex");
    const files = { upstream: primary.url("postgres", role), replica: standby.url("postgres", role), agent: password };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    const path = join(folder, "holdfast.yaml");
    writeFileSync(path, configText(lagMax, target));
    const loaded = loadConfig({ path });
    if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
    const warnings: string[] = [];
    const gateway = await openGateway(loaded.config, { environment: {}, warn: (message) => warnings.push(message) });
    await gateway.start();
    return new Scene({ primary, standby, gateway, warnings, folder, password });
  }

  /** `plain` is a second target, of the same server and without the replica. */
  url(user = "agent", target: "shop" | "plain" = "shop"): string {
    const listen = this.gateway.status().targets.find(({ name }) => name === target)?.listen ?? "";
    return `postgresql://${user}:${this.#password}@${listen}/postgres`;
  }

  async connect(options: pg.ClientConfig = {}): Promise<pg.Client> {
    const { user, ...others } = options;
    const client = new pg.Client({ connectionString: this.url(user), ...others });
    client.on("error", () => undefined);
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  /** A client whose reads the replica answers already. */
  async warm(options?: pg.ClientConfig): Promise<pg.Client> {
    const client = await this.connect(options);
    await this.until(async () => (await this.ranAt(client, "SELECT count(*) FROM orders")) === "replica");
    return client;
  }

  /** Runs a statement, and says which server ran it. */
  async ranAt(client: pg.Client, sql: string, values?: unknown[]): Promise<string> {
    const marker = `m${randomBytes(8).toString("hex")}`;
    await client.query(`/* ${marker} */ ${sql}`, values);
    return this.whoRan(marker);
  }

  /** The servers that have logged a statement with this marker. */
  whoRan(marker: string): string {
    const at = [
      ["primary", this.primary],
      ["replica", this.standby],
    ] as const;
    return at
      .filter(([, server]) => server.log().includes(marker))
      .map(([name]) => name)
      .join(" and ");
  }

  /** Asks, on a connection of its own, to cancel what the client runs. */
  cancel(client: pg.Client, query: pg.Query): void {
    const { host, port } = client;
    const asking = new pg.Client({ host, port }) as pg.Client & { cancel(client: pg.Client, query: pg.Query): void };
    asking.cancel(client, query);
  }

  get replica(): ReplicaStatus {
    const status = this.gateway.status().targets[0]?.replica;
    if (status === undefined) throw new Error("the target has no replica");
    return status;
  }

  async until(test: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      if (await test()) return;
      await delay(50);
    }
    throw new Error(`waited in vain; the replica is ${JSON.stringify(this.replica)}`);
  }

  /** The audit log's files as one text. */
  record(): string {
    const folder = join(this.#folder, ".holdfast", "audit");
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")).join("\n");
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end().catch(() => undefined)));
    await this.gateway.stop("the test is over");
    await this.standby.stop();
    await this.primary.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function configText(lagMax: string, target: string): string {
  return `version: 1
shutdown_time: 1s
targets:
  shop:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { url: { file: upstream }, tls: disable }
    replica: { url: { file: replica }, tls: disable, lag_max: ${lagMax} }
    policy: guarded-writes
${target}
  plain:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { url: { file: upstream }, tls: disable }
    policy: guarded-writes
${target}
users:
  agent: { kind: ai_agent, password: { file: agent }, targets: [shop, plain], connections: 50 }
  reader: { kind: ai_agent, password: { file: agent }, targets: [shop], connections: 50 }
${others.map((name) => `  ${name}: { kind: ai_agent, password: { file: agent }, targets: [shop, plain], connections: 50 }`).join("\n")}
`;
}
