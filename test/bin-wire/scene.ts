/**
 * A shop in staging behind a gateway, with a bin at the server: the agent's login owns every table that it could lose, and Holdfast's own
 * login is another one. It tests nothing itself.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { readEvents } from "../../src/audit/events.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { readEntries } from "../../src/recovery/bin/entries.ts";
import { binStatements } from "../../src/recovery/bin/install.ts";
import { restoreEntries } from "../../src/recovery/bin/restore.ts";
import { inTransaction } from "../../src/wiring/bin-place.ts";
import { openGateway, type Gateway } from "../../src/wiring.ts";
import { scratchFolder } from "../cli/holdfast.ts";
import { type Login, type ServerVersion, type TestServer, testServer } from "../support/servers.ts";

export interface BinScene {
  readonly server: TestServer;
  readonly database: string;
  readonly owner: Login;
  readonly gateway: Gateway;
  readonly warnings: readonly string[];
  /** A client of the agent's, through the gateway. */
  connect(database?: string): Promise<pg.Client>;
  /** The same past the gateway, as the tables' owner. */
  direct(database?: string): Promise<pg.Client>;
  /** Names of the entries that rest. */
  resting(): Promise<readonly string[]>;
  /** Everything that rests comes back. */
  restore(): Promise<void>;
  events<K extends AuditEvent["kind"]>(kind: K): Promise<readonly Extract<AuditEvent, { kind: K }>[]>;
  stop(): Promise<void>;
}

export async function openBinScene(version: ServerVersion, schema: string, policy = "guarded-writes"): Promise<BinScene> {
  const server = await testServer(version);
  const owner = await server.ordinaryRole();
  const keeper = await server.ordinaryRole();
  const { name: database, url } = await server.scratchDatabase();
  await server.asSuperuser(
    `GRANT ${owner.user} TO ${keeper.user}; ALTER ROLE ${keeper.user} CREATEDB; ALTER ROLE ${owner.user} CREATEDB;
     ALTER DATABASE ${database} OWNER TO ${owner.user}; ALTER SCHEMA public OWNER TO ${owner.user};
     CREATE SCHEMA holdfast_bin AUTHORIZATION ${keeper.user}; GRANT CREATE ON DATABASE ${database} TO ${keeper.user}`,
    database,
  );
  const own = await server.connect(database, keeper);
  await own.query("SET search_path = pg_catalog, pg_temp");
  await own.query(`BEGIN; ${binStatements.join(";\n")}; COMMIT`);
  const direct = (name = database) => server.connect(name, owner);
  const builder = await direct();
  await builder.query(schema);
  await builder.end();

  const folder = scratchFolder();
  const path = join(folder, "holdfast.yaml");
  writeFileSync(path, configuration(policy), { mode: 0o600 });
  const loaded = loadConfig({ path });
  assert("config" in loaded, JSON.stringify(loaded));
  const { config } = loaded;
  const environment = { variables: { SHOP_URL: url(owner), KEEPER_URL: url(keeper), AGENT: "synthetic-password" } };
  const warnings: string[] = [];
  const gateway = await openGateway(config, { environment: environment.variables, warn: (message) => warnings.push(message) });
  await gateway.start();
  const address = gateway.status().targets[0]?.listen ?? "";
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  return {
    server,
    database,
    owner,
    gateway,
    warnings,
    async connect(name = database) {
      const client = new pg.Client({ host: "127.0.0.1", port, user: "agent", password: "synthetic-password", database: name });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    direct,
    resting: async () => (await readEntries(own, ["kept"])).map(({ name }) => name),
    async restore() {
      const work = async () => restoreEntries(own, await readEntries(own, ["kept"]), {});
      // The gateway looks after its bin at the same time: one of two that wait for each other is told to try again.
      for (let tries = 0; ; tries++) {
        try {
          return void (await inTransaction(own, work));
        } catch (error) {
          if ((error as { code?: string }).code !== "40P01" || tries === 5) throw error;
        }
      }
    },
    async events(kind) {
      const found: AuditEvent[] = [];
      for await (const { event } of readEvents({ directory: config.auditDirectory })) if (event.kind === kind) found.push(event);
      return found as never;
    },
    async stop() {
      await gateway.stop("the test is over");
      await own.end();
    },
  };
}

const configuration = (policy: string): string => `version: 1
targets:
  shop:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { url: { env: SHOP_URL } }
    executor: { url: { env: KEEPER_URL } }
    policy: ${policy}
users:
  agent: { kind: ai_agent, password: { env: AGENT }, targets: [shop] }
`;
