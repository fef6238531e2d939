/**
 * A shop in staging behind a gateway, with a bin at the server: the agent's login owns every table that it could lose, and Holdfast's own
 * login is another one. It tests nothing itself.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { readEvents } from "../../src/audit/events.ts";
import { systemRandom } from "../../src/base/ids.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { derivePersonKey, newKeyParameters, publicKeyText } from "../../src/control/person-key.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { readEntries } from "../../src/recovery/bin/entries.ts";
import { binStatements } from "../../src/recovery/bin/install.ts";
import { restoreEntries } from "../../src/recovery/bin/restore.ts";
import { inTransaction } from "../../src/wiring/bin-place.ts";
import { openGateway, type Gateway } from "../../src/wiring.ts";
import { changeVault, makeVault, type Vault } from "../../src/wiring/vault.ts";
import { holdfast, type Ran, scratchFolder } from "../cli/holdfast.ts";
import { personPassphrase, vaultPassphrase } from "../grants/scene.ts";
import { type Login, type ServerVersion, type TestServer, testServer } from "../support/servers.ts";

export interface BinScene {
  readonly server: TestServer;
  readonly database: string;
  readonly owner: Login;
  readonly gateway: Gateway;
  /** Of the control server. */
  readonly socket: string;
  readonly warnings: readonly string[];
  /** A client of the agent's, through the gateway. */
  connect(database?: string): Promise<pg.Client>;
  /** The same past the gateway, as the tables' owner. */
  direct(database?: string): Promise<pg.Client>;
  /** As a program is given it: the agent's login at the gateway. */
  url(database?: string): string;
  /** One command of the command line, as `ada`. */
  command(...words: readonly string[]): Promise<Ran>;
  /** Names of the entries that rest. */
  resting(): Promise<readonly string[]>;
  /** Everything that rests comes back. */
  restore(): Promise<void>;
  events<K extends AuditEvent["kind"]>(kind: K): Promise<readonly Extract<AuditEvent, { kind: K }>[]>;
  stop(): Promise<void>;
}

export interface BinSceneOptions {
  readonly policy?: string;
  /** `ada` is registered, so that the bin can be restored by the command line. */
  readonly person?: boolean;
  /** Sections of the configuration. */
  readonly more?: string;
}

export async function openBinScene(
  version: ServerVersion,
  schema: string,
  { policy = "guarded-writes", person = false, more = "" }: BinSceneOptions = {},
): Promise<BinScene> {
  const ground = await openGround(version, schema);
  const { server, database, owner, keeper, url, owning, direct } = ground;
  const folder = scratchFolder();
  const path = join(folder, "holdfast.yaml");
  writeFileSync(path, configuration(policy) + more, { mode: 0o600 });
  const loaded = loadConfig({ path });
  assert("config" in loaded, JSON.stringify(loaded));
  const { config } = loaded;
  const environment = { SHOP_URL: url(owner), KEEPER_URL: url(keeper), AGENT: "synthetic-password" };
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const vault = person ? { vault: await vaultWithAda(config) } : {};
  const gateway = await openGateway(config, { environment, ...vault, warn });
  await gateway.start();
  const address = gateway.status().targets[0]?.listen ?? "";
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  return {
    server,
    database,
    owner,
    gateway,
    socket: join(config.state, "control.sock"),
    warnings,
    async connect(name = database) {
      const client = new pg.Client({ host: "127.0.0.1", port, user: "agent", password: "synthetic-password", database: name });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    direct,
    url: (name = database) => `postgres://agent:synthetic-password@127.0.0.1:${port}/${name}`,
    command: (...words) =>
      holdfast([...words, "--as", "ada", "--passphrase-fd", "0", "--socket", join(config.state, "control.sock")], {
        cwd: folder,
        input: personPassphrase(),
      }),
    resting: () => owning(async (own) => (await readEntries(own, ["kept"])).map(({ name }) => name)),
    async restore() {
      const work = (own: pg.Client) => inTransaction(own, async () => restoreEntries(own, await readEntries(own, ["kept"]), {}));
      // The gateway looks after its bin at the same time: one of two that wait for each other is told to try again.
      for (let tries = 0; ; tries++) {
        try {
          return void (await owning(work));
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
    },
  };
}

/** The server's side: an owner, the bin's login, and the bin. */
async function openGround(version: ServerVersion, schema: string) {
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
  /** No connection is kept: it would be in the way of a DROP DATABASE. */
  const owning = async <T>(work: (own: pg.Client) => Promise<T>): Promise<T> => {
    const own = await server.connect(database, keeper);
    try {
      await own.query("SET search_path = pg_catalog, pg_temp");
      return await work(own);
    } finally {
      await own.end();
    }
  };
  await owning((own) => own.query(`BEGIN; ${binStatements.join(";\n")}; COMMIT`));
  const direct = (name = database) => server.connect(name, owner);
  const builder = await direct();
  await builder.query(schema);
  await builder.end();
  return { server, database, owner, keeper, url, owning, direct };
}

async function vaultWithAda(config: Config): Promise<Vault> {
  const vault = await makeVault(config, vaultPassphrase());
  const key = newKeyParameters(systemRandom);
  const publicKey = publicKeyText(await derivePersonKey(personPassphrase(), key));
  const ada = { approves: ["staging" as const], key, publicKey, createdAtMs: 0 };
  await changeVault(vault, config, (content) => ({ ...content, persons: { ada } }), "a person registered");
  return vault;
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
