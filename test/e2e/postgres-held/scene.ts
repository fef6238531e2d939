/**
 * A real server behind a real gateway with a vault and two persons: agents whose statements are held, and persons who answer.
 * It tests nothing itself.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { readEvents } from "../../../src/audit/events.ts";
import { systemRandom } from "../../../src/base/ids.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { callControl } from "../../../src/control/client.ts";
import { type ApprovalView, answerPath } from "../../../src/control/contract.ts";
import { derivePersonKey, newKeyParameters, publicKeyText } from "../../../src/control/person-key.ts";
import { signedCall } from "../../../src/control/signed-call.ts";
import type { AuditEvent } from "../../../src/model/event.ts";
import { type Gateway, openGateway } from "../../../src/wiring.ts";
import { changeVault, makeVault, openSealedVault, type Vault } from "../../../src/wiring/vault.ts";
import type { Login, TestServer } from "../../support/servers.ts";
import { newFolder } from "../../provision/shop.ts";

export interface HeldScene {
  readonly server: TestServer;
  readonly database: string;
  readonly gateway: Gateway;
  readonly folder: string;
  readonly url: (user?: string) => string;
  readonly connect: (user?: string) => Promise<pg.Client>;
  /** Past Holdfast: rows of a query as one text. */
  readonly direct: (sql: string) => Promise<string>;
  readonly approvals: () => Promise<readonly ApprovalView[]>;
  /** Waits for a question that is open, and answers it; the one with this text, where it is given. */
  readonly answer: (answer: "approve" | "deny", about?: Asked) => Promise<ApprovalView>;
  readonly pending: (about?: Asked) => Promise<ApprovalView>;
  readonly events: <K extends AuditEvent["kind"]>(kind: K) => Promise<readonly Extract<AuditEvent, { kind: K }>[]>;
  /** Takes over the configuration with this policy. */
  readonly policy: (name: string) => void;
  readonly stop: () => Promise<void>;
}

export interface Asked {
  readonly text?: RegExp;
  readonly reason?: string;
}

export interface SceneOptions {
  /** How long a client waits. */
  readonly hold?: string;
  readonly policy?: string;
  /** Lines under the target, and at the end of the file. */
  readonly target?: string;
  readonly more?: string;
  /** What was there before: the same state directory, the same database. */
  readonly again?: HeldScene;
}

const tables = `
CREATE TABLE orders (id int PRIMARY KEY, note text NOT NULL DEFAULT '');
CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE);
CREATE TABLE plain (id int PRIMARY KEY, note text);
INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(1, 20) n;
INSERT INTO items SELECT n, 1 + n % 20 FROM generate_series(1, 40) n;
INSERT INTO plain SELECT n, 'note ' || n FROM generate_series(1, 10) n;`;

const password = randomBytes(12).toString("hex");
const passphrase = (): Buffer => Buffer.from("a passphrase that nobody would guess 7");
const vaultPassphrase = (): Buffer => Buffer.from("another one, for the vault itself 9");

export async function openHeldScene(server: TestServer, options: SceneOptions = {}): Promise<HeldScene> {
  const { again } = options;
  const database = again?.database ?? `held_${randomBytes(4).toString("hex")}`;
  const owner: Login = { user: `owner_${database}`, password };
  if (again === undefined) {
    await server.asSuperuser(`CREATE ROLE ${owner.user} LOGIN PASSWORD '${password}'`);
    await server.asSuperuser(`CREATE DATABASE ${database} OWNER ${owner.user}`);
    await server.asSuperuser(`SET ROLE ${owner.user}; ${tables}`, database);
  }
  const folder = again?.folder ?? newFolder();
  const path = join(folder, "holdfast.yaml");
  const configured = (policy: string) => {
    writeFileSync(path, configText({ ...options, policy }), { mode: 0o600 });
    const loaded = loadConfig({ path });
    assert("config" in loaded, JSON.stringify(loaded));
    return loaded.config;
  };
  const config = configured(options.policy ?? "guarded-writes");
  const vault = again === undefined ? await newVault(config) : await openSealedVault(config, vaultPassphrase());
  const environment = { HOLDFAST_TEST_URL: server.url(database, owner), HOLDFAST_TEST_AGENT: password };
  const gateway = await openGateway(config, { environment, vault });
  await gateway.start();
  const socket = join(config.state, "control.sock");
  const [host, port] = (gateway.status().targets[0]?.listen ?? "").split(":");
  const url = (user = "agent") => `postgresql://${user}:${password}@${host}:${port}/${database}`;
  const approvals = async () =>
    ((await callControl(socket, { method: "GET", path: "/v1/approvals" })) as { approvals: readonly ApprovalView[] }).approvals;
  const pending = async ({ text }: Asked = {}): Promise<ApprovalView> => {
    for (let tries = 0; tries < 1200; tries++) {
      const open = (await approvals()).find(({ state, plan }) => state === "pending" && (text === undefined || text.test(plan.act.shown)));
      if (open !== undefined) return open;
      await delay(25);
    }
    throw new Error("nobody was asked");
  };
  return {
    server,
    database,
    gateway,
    folder,
    url,
    approvals,
    pending,
    async connect(user = "agent") {
      const client = new pg.Client({ connectionString: url(user) });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    direct: async (sql) => {
      const [row] = await server.asSuperuser<{ all: string }>(`SELECT (${sql})::text AS all`, database);
      return row?.all ?? "";
    },
    async answer(answer, about = {}) {
      const { id, plan, confirm } = await pending(about);
      const reason = about.reason ?? (answer === "deny" ? "not today" : "");
      const body = { approval: id, planDigest: plan.digest, answer, reason, confirm: confirm ?? "" };
      const signer = { socketPath: socket, person: "ada", passphrase: passphrase() };
      return (await signedCall(signer, { method: "POST", path: answerPath(id), body })) as ApprovalView;
    },
    events: async (kind) => {
      const found: AuditEvent[] = [];
      for await (const { event } of readEvents({ directory: config.auditDirectory })) if (event.kind === kind) found.push(event);
      return found as Extract<AuditEvent, { kind: typeof kind }>[];
    },
    policy: (name) => void gateway.reload(configured(name)),
    stop: () => gateway.stop("the test is over"),
  };
}

async function newVault(config: Parameters<typeof makeVault>[0]): Promise<Vault> {
  const vault = await makeVault(config, vaultPassphrase());
  const key = newKeyParameters(systemRandom);
  const publicKey = publicKeyText(await derivePersonKey(passphrase(), key));
  const ada = { approves: ["staging" as const], key, publicKey, createdAtMs: 0 };
  await changeVault(vault, config, (content) => ({ ...content, persons: { ada } }), "person `ada` registered");
  return vault;
}

function configText({ hold = "20s", policy = "guarded-writes", target = "", more = "" }: SceneOptions): string {
  return `version: 1
targets:
  shop:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { url: { env: HOLDFAST_TEST_URL } }
    policy: ${policy}
    ${target}
approvals: { hold: ${hold}, cool_off: 0s }
users:
  agent: { kind: ai_agent, password: { env: HOLDFAST_TEST_AGENT }, targets: [shop] }
  other: { kind: ai_agent, password: { env: HOLDFAST_TEST_AGENT }, targets: [shop] }
${more}
`;
}

/** Polls what is not told to us. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (await holds()) return;
    await delay(25);
  }
  assert.fail(`never: ${what}`);
}

export interface ServerError {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
}

/** What a statement was refused with; fails when it was answered. */
export function failing(promise: Promise<unknown>): Promise<ServerError> {
  return promise.then(
    () => assert.fail("it was answered"),
    (error: unknown) => error as ServerError,
  );
}
