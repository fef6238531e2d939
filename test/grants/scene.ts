/**
 * A shop behind a gateway with session roles, a vault and one registered person; and both sides' ways to the control socket.
 * It tests nothing itself.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import assert from "node:assert/strict";
import pg from "pg";
import { readEvents } from "../../src/audit/events.ts";
import { systemRandom } from "../../src/base/ids.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { callControl, holdSession, type HeldSession } from "../../src/control/client.ts";
import type { Challenge } from "../../src/control/authority-port.ts";
import { derivePersonKey, newKeyParameters, publicKeyText } from "../../src/control/person-key.ts";
import { signedCall } from "../../src/control/signed-call.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import type { Grant } from "../../src/model/grant.ts";
import { type Gateway, openGateway } from "../../src/wiring.ts";
import { changeVault, makeVault, openSealedVault, type Vault, type VaultContent } from "../../src/wiring/vault.ts";
import type { TestServer } from "../support/servers.ts";
import { agentPassword, configText, environmentOf, ephemeral, newFolder, openShop, provisionShop, type Shop } from "../provision/shop.ts";

export interface Scene {
  readonly shop: Shop;
  readonly folder: string;
  readonly socket: string;
  readonly gateway: Gateway;
  readonly warnings: string[];
  /** One request signed by `ada`, or by another name with her passphrase. */
  readonly signed: (method: "POST" | "DELETE", path: string, body: unknown, person?: string) => Promise<unknown>;
  readonly grant: (session: string, more?: Partial<Record<string, unknown>>) => Promise<Grant>;
  /** A program's session, and clients of it. */
  readonly program: (more?: Record<string, unknown>) => Promise<HeldSession>;
  readonly connect: (held: HeldSession) => Promise<pg.Client>;
  readonly count: (sql: string) => Promise<number>;
  /** Entries of `hfs_` roles in the ACLs of tables and sequences, as the server has them: `orders DELETE`. */
  readonly acl: () => Promise<readonly string[]>;
  readonly events: <K extends AuditEvent["kind"]>(kind: K) => Promise<readonly Extract<AuditEvent, { kind: K }>[]>;
  readonly stop: () => Promise<void>;
}

export const personPassphrase = (): Buffer => Buffer.from("a passphrase that nobody would guess 7");
export const vaultPassphrase = (): Buffer => Buffer.from("another one, for the vault itself 9");

export interface SceneOptions {
  readonly policy?: string;
  /** Lines under the target. */
  readonly target?: string;
  readonly environment?: string;
  readonly approves?: readonly ("production" | "staging" | "development")[];
  readonly folder?: string;
  readonly shop?: Shop;
  /** Registered, each with the same passphrase; `ada` alone unless said otherwise. */
  readonly persons?: readonly string[];
  /** In the vault before the gateway opens. */
  readonly secrets?: VaultContent["secrets"];
  /** Sections of the configuration. */
  readonly more?: string;
  /** Sessions share the upstream's own role. */
  readonly shared?: boolean;
}

export async function openScene(server: TestServer, options: SceneOptions = {}): Promise<Scene> {
  const shop = options.shop ?? (await provisioned(server));
  const folder = options.folder ?? newFolder();
  const text = configText(shop, ephemeral, options.policy ?? "observe")
    .replace("environment: production", `environment: ${options.environment ?? "production"}\n    ${options.target ?? ""}`)
    .replace(options.shared === true ? / {4}roles:\n(?: {6}.*\n)*/ : "", "")
    .replace(options.shared === true ? ", writer: orders" : "", "")
    .trimEnd();
  writeFileSync(join(folder, "holdfast.yaml"), `${text}\n${options.more ?? ""}\n`, { mode: 0o600 });
  const loaded = loadConfig({ path: join(folder, "holdfast.yaml") });
  assert("config" in loaded, JSON.stringify(loaded));
  const { config } = loaded;
  const vault =
    options.folder === undefined ? await makeVault(config, vaultPassphrase()) : await openSealedVault(config, vaultPassphrase());
  if (options.folder === undefined) await register(vault, config, options);
  const warnings: string[] = [];
  const gateway = await openGateway(config, { environment: environmentOf(shop), vault, warn: (message) => warnings.push(message) });
  await gateway.start();
  const socket = join(config.state, "control.sock");
  const signed: Scene["signed"] = (method, path, body, person = "ada") =>
    signedCall({ socketPath: socket, person, passphrase: personPassphrase() }, { method, path, body });
  return {
    shop,
    folder,
    socket,
    gateway,
    warnings,
    signed,
    grant: async (session, more = {}) =>
      (await signed("POST", "/v1/grants", {
        session,
        tables: ["public.orders"],
        operations: ["delete"],
        untilMs: Date.now() + 600_000,
        usesMax: null,
        rowsMax: 100,
        reason: "a test",
        ...more,
      })) as Grant,
    program: (more = {}) => holdSession(socket, { target: shop.target, program: "agent", ...more }),
    connect: async ({ opened }) => {
      const { host, port, user, password, database } = opened;
      const client = new pg.Client({ host, port, user, password, database });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    count: async (sql) => (await shop.server.asSuperuser<{ n: number }>(`SELECT (${sql})::int AS n`, shop.database))[0]?.n ?? -1,
    acl: async () => {
      const rows = await shop.server.asSuperuser<{ entry: string }>(
        `SELECT c.relname || ' ' || a.privilege_type AS entry FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
         WHERE r.rolname LIKE 'hfs\\_%' ORDER BY 1`,
        shop.database,
      );
      return rows.map(({ entry }) => entry);
    },
    events: async (kind) => {
      const found: AuditEvent[] = [];
      for await (const { event } of readEvents({ directory: config.auditDirectory })) if (event.kind === kind) found.push(event);
      return found as Extract<AuditEvent, { kind: typeof kind }>[];
    },
    stop: () => gateway.stop("the test is over"),
  };
}

async function register(
  vault: Vault,
  config: Config,
  { persons: names = ["ada"], approves = ["production"], secrets = {} }: SceneOptions,
): Promise<void> {
  const persons: Record<string, VaultContent["persons"][string]> = {};
  for (const name of names) {
    const key = newKeyParameters(systemRandom);
    const publicKey = publicKeyText(await derivePersonKey(personPassphrase(), key));
    persons[name] = { approves, key, publicKey, createdAtMs: 0 };
  }
  await changeVault(vault, config, (content) => ({ ...content, persons, secrets }), "persons registered");
}

async function provisioned(server: TestServer): Promise<Shop> {
  const shop = await openShop(server);
  // Since PostgreSQL 16 the executor becomes a member of those owners only whom the administrator may give away.
  await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
  await provisionShop(shop);
  return shop;
}

/** A configured login's connection at that gateway. */
export async function login(scene: Scene, user = "clerk"): Promise<pg.Client> {
  const [host = "", port] = (scene.gateway.status().targets[0]?.listen ?? "").split(":");
  assert(port !== undefined, "the gateway listens nowhere");
  const client = new pg.Client({ host, port: Number(port), user, password: agentPassword, database: scene.shop.database });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Polls what is not told to us. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return;
    await delay(25);
  }
  assert.fail(`never: ${what}`);
}

/** A name that nobody else uses. */
export const word = (): string => randomBytes(4).toString("hex");

/** The challenge of a name, as anybody can get one. */
export async function challenge(socket: string, person: string): Promise<Challenge> {
  return (await callControl(socket, { method: "POST", path: "/v1/challenges", body: { person } })) as Challenge;
}
