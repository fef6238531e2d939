/**
 * A server with a shop database, its owner, a migration runner and an administrator who is no superuser; and a gateway in front of it.
 * It tests nothing itself.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { loadConfig } from "../../src/config/load-config.ts";
import type { Config } from "../../src/config/config.ts";
import { planDigest, applyPlan, showPlan } from "../../src/provision/apply.ts";
import type { ProvisionRequest } from "../../src/provision/request.ts";
import { type Gateway, openGateway } from "../../src/wiring.ts";
import type { Login, TestServer } from "../support/servers.ts";

export interface Shop {
  readonly server: TestServer;
  readonly database: string;
  readonly owner: Login;
  readonly migrator: Login;
  /** CREATEROLE and member of the owner; not superuser. */
  readonly admin: Login;
  readonly target: string;
  readonly request: ProvisionRequest;
}

const word = (): string => randomBytes(4).toString("hex");

/** `attributes` are the administrator's beside CREATEROLE. */
export async function openShop(server: TestServer, attributes = ""): Promise<Shop> {
  const login = (name: string): Login => ({ user: `${name}_${word()}`, password: randomBytes(12).toString("hex") });
  const [owner, migrator, admin] = [login("owner"), login("migrator"), login("admin")];
  const database = `shop_${word()}`;
  const target = `t${word()}`;
  const password = (each: Login) => `LOGIN PASSWORD '${each.password}'`;
  await server.asSuperuser(
    `CREATE ROLE ${owner.user} ${password(owner)}; CREATE ROLE ${migrator.user} ${password(migrator)};
     CREATE ROLE ${admin.user} ${password(admin)} CREATEROLE ${attributes}; GRANT ${owner.user} TO ${admin.user}, ${migrator.user}`,
  );
  await server.asSuperuser(`CREATE DATABASE ${database} OWNER ${owner.user}`);
  await server.asSuperuser(`GRANT CREATE ON DATABASE ${database} TO ${admin.user}`);
  await server.asSuperuser(`SET ROLE ${owner.user}; ${tables}`, database);
  const request: ProvisionRequest = {
    target,
    migrationRole: migrator.user,
    brokerRole: null,
    sharedRoles: [],
    schemas: null,
    hide: ["public.secrets"],
    writers: [{ name: "orders", schemas: [], tables: ["public.orders"] }],
    rows: [],
    functions: [],
    keep: null,
    public: { temporary: "revoke", connect: "keep" },
  };
  return { server, database, owner, migrator, admin, target, request };
}

const tables = `
CREATE TABLE orders (id serial PRIMARY KEY, tenant int NOT NULL DEFAULT 1, note text);
INSERT INTO orders (tenant, note) SELECT 1 + n % 2, 'note ' || n FROM generate_series(1, 10) n;
CREATE TABLE secrets (id int, note text);
INSERT INTO secrets VALUES (1, 'hidden');
CREATE TABLE open_to_all (id int, note text);
INSERT INTO open_to_all VALUES (1, 'public');
GRANT ALL ON open_to_all TO PUBLIC;
GRANT UPDATE (note) ON secrets TO PUBLIC;
CREATE VIEW order_notes AS SELECT note FROM orders;
CREATE FUNCTION wipe() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'WITH gone AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM gone';
CREATE FUNCTION plain_wipe() RETURNS bigint LANGUAGE sql AS 'WITH gone AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM gone'`;

/** A client of the administrator's; the caller ends it. */
export function adminClient(shop: Shop, login: Login = shop.admin): Promise<pg.Client> {
  return shop.server.connect(shop.database, login);
}

/** Shows and applies; returns how many statements it took. */
export async function provisionShop(
  shop: Shop,
  change: Partial<ProvisionRequest> = {},
  direction: "provision" | "undo" = "provision",
): Promise<number> {
  const client = await adminClient(shop);
  try {
    const request = { ...shop.request, ...change };
    const plan = await showPlan(client, request, direction);
    if (plan.refusals.length > 0) throw new Error(plan.refusals.join("; "));
    await applyPlan(client, request, direction, planDigest(plan));
    return plan.steps.length;
  } finally {
    await client.end();
  }
}

export interface ServedShop {
  readonly gateway: Gateway;
  readonly config: Config;
  readonly folder: string;
  readonly warnings: readonly string[];
  connect(user?: string, database?: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

export const agentPassword = randomBytes(12).toString("hex");

const folders: string[] = [];
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The configuration's text; policy `observe` refuses nothing, so that only the server can. */
export function configText(shop: Shop, roles: string, policy = "observe"): string {
  const { host, port } = shop.server;
  return `version: 1
targets:
  ${shop.target}:
    environment: production
    listen: 127.0.0.1:0
    upstream: { url: { env: HOLDFAST_TEST_URL } }
    policy: ${policy}
    roles:
${roles.replaceAll(/^/gm, "      ").replaceAll("HOST", host).replaceAll("PORT", String(port))}
users:
  agent: { kind: ai_agent, password: { env: HOLDFAST_TEST_AGENT }, targets: [${shop.target}] }
  clerk: { kind: ai_agent, password: { env: HOLDFAST_TEST_AGENT }, targets: [${shop.target}], writer: orders }
`;
}

export const ephemeral = `mode: ephemeral
admin: { url: { env: HOLDFAST_TEST_ADMIN } }
writers: { orders: { tables: [public.orders] } }
lease: { linger: 50ms, sweep: 1s }`;

export function environmentOf(shop: Shop, upstream: Login = shop.owner): Record<string, string> {
  return {
    HOLDFAST_TEST_URL: shop.server.url(shop.database, upstream),
    HOLDFAST_TEST_ADMIN: shop.server.url(shop.database, shop.admin),
    HOLDFAST_TEST_AGENT: agentPassword,
  };
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-provision-"));
  folders.push(folder);
  return folder;
}

export async function serveShop(
  shop: Shop,
  text: string,
  environment: Record<string, string> = environmentOf(shop),
  folder = newFolder(),
): Promise<ServedShop> {
  writeFileSync(join(folder, "holdfast.yaml"), text, { mode: 0o600 });
  const loaded = loadConfig({ path: join(folder, "holdfast.yaml") });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const warnings: string[] = [];
  const gateway = await openGateway(loaded.config, { environment, warn: (message) => warnings.push(message) });
  try {
    await gateway.start();
  } catch (error) {
    await gateway.stop("it did not start");
    throw error;
  }
  const [host, port] = (gateway.status().targets[0]?.listen ?? "").split(":");
  return {
    gateway,
    config: loaded.config,
    folder,
    warnings,
    async connect(user = "agent", database = shop.database) {
      const client = new pg.Client({ host: host ?? "", port: Number(port), user, password: agentPassword, database });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    stop: () => gateway.stop("the test is over"),
  };
}

/** Session roles of this target at the server. */
export async function leasedRoles(shop: Shop): Promise<readonly string[]> {
  const rows = await shop.server.asSuperuser<{ rolname: string }>(
    `SELECT rolname FROM pg_roles WHERE rolname LIKE 'hfs\\_%' AND shobj_description(oid, 'pg_authid') LIKE '%"${shop.target}"%'`,
  );
  return rows.map(({ rolname }) => rolname);
}
