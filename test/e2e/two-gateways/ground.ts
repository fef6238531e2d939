/**
 * Two gateways as processes of their own in front of one database and on one control store, to be killed and started again; and a person
 * who is known to both and answers at either.
 * It tests nothing itself.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, type KeyObject, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { systemRandom } from "../../../src/base/ids.ts";
import { readEvents } from "../../../src/audit/events.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { type Challenge, signatureHeaders } from "../../../src/control/authority-port.ts";
import { callControl } from "../../../src/control/client.ts";
import { type ApprovalView, answerPath } from "../../../src/control/contract.ts";
import { derivePersonKey, newKeyParameters, publicKeyText } from "../../../src/control/person-key.ts";
import { bodyDigest, gatewayName, statementText } from "../../../src/control/signed-statement.ts";
import type { AuditEvent } from "../../../src/model/event.ts";
import { changeVault, makeVault, type VaultContent } from "../../../src/wiring/vault.ts";
import { vaultPassphrase } from "../../grants/scene.ts";
import { newFolder } from "../../provision/shop.ts";
import { type StorePlace, storePlace } from "../../store/postgres-place.ts";
import type { Login, TestServer } from "../../support/servers.ts";
import { storeSection } from "./pair.ts";

export interface Ground {
  readonly server: TestServer;
  readonly database: string;
  readonly store: StorePlace;
  readonly gateways: readonly [ChildGateway, ChildGateway];
  readonly password: string;
  readonly stop: () => Promise<void>;
}

export interface ChildGateway {
  readonly name: string;
  /** Where it listens; `undefined` while it does not run. */
  readonly address: () => string | undefined;
  /** Resolves when it listens. */
  readonly start: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly approvals: () => Promise<readonly ApprovalView[]>;
  /** Ada approves, at this gateway. */
  readonly approve: (view: ApprovalView) => Promise<void>;
  readonly events: () => Promise<readonly AuditEvent[]>;
}

const child = fileURLToPath(new URL("../../grants/gateway-child.ts", import.meta.url));

/** `tables` are made by the role that the gateways use. */
export async function openGround(server: TestServer, tables: string): Promise<Ground> {
  const database = `two_${randomBytes(4).toString("hex")}`;
  const password = randomBytes(12).toString("hex");
  const owner: Login = { user: `owner_${database}`, password };
  await server.asSuperuser(`CREATE ROLE ${owner.user} LOGIN PASSWORD '${password}'`);
  await server.asSuperuser(`CREATE DATABASE ${database} OWNER ${owner.user}`);
  await server.asSuperuser(`SET ROLE ${owner.user}; ${tables}`, database);
  const store = await storePlace(server);
  const key = newKeyParameters(systemRandom);
  const privateKey = await derivePersonKey(Buffer.from("a passphrase that nobody would guess 7"), key);
  const ada = { approves: ["staging" as const], key, publicKey: publicKeyText(privateKey), createdAtMs: 0 };
  const environment = { HOLDFAST_TEST_URL: server.url(database, owner), HOLDFAST_TEST_AGENT: password };
  const open = async (name: string): Promise<ChildGateway> => {
    const folder = newFolder();
    await withPerson(folder, configText(storeSection(store, { timeout: "4s" })), { ada });
    return childGateway(name, folder, environment, privateKey);
  };
  const gateways = [await open("a"), await open("b")] as const;
  return {
    server,
    database,
    store,
    gateways,
    password,
    stop: async () => void (await Promise.all(gateways.map((gateway) => gateway.kill()))),
  };
}

async function withPerson(folder: string, text: string, persons: VaultContent["persons"]): Promise<void> {
  const path = join(folder, "holdfast.yaml");
  writeFileSync(path, text, { mode: 0o600 });
  const loaded = loadConfig({ path });
  assert("config" in loaded, JSON.stringify(loaded));
  const vault = await makeVault(loaded.config, vaultPassphrase());
  await changeVault(vault, loaded.config, (content) => ({ ...content, persons }), "person `ada` registered");
  vault.close();
}

function childGateway(name: string, folder: string, environment: Record<string, string>, key: KeyObject): ChildGateway {
  const state = join(folder, ".holdfast");
  const socket = join(state, "control.sock");
  let running: ChildProcess | undefined;
  let address: string | undefined;
  const approvals = async () =>
    ((await callControl(socket, { method: "GET", path: "/v1/approvals" })) as { approvals: readonly ApprovalView[] }).approvals;
  return {
    name,
    address: () => address,
    approvals,
    async start() {
      const started = spawn(process.execPath, [child, folder], {
        env: { ...process.env, ...environment },
        stdio: ["ignore", "pipe", "inherit"],
      });
      running = started;
      address = await new Promise<string>((listens, fails) => {
        started.stdout.once("data", (bytes: Buffer) => listens(bytes.toString().trim()));
        started.once("exit", (code, signal) => fails(new Error(`gateway ${name} ended with ${code ?? signal}`)));
      });
    },
    async kill() {
      const killed = running;
      running = undefined;
      address = undefined;
      if (killed === undefined || killed.exitCode !== null || killed.signalCode !== null) return;
      const gone = new Promise((ended) => killed.once("exit", ended));
      killed.kill("SIGKILL");
      await gone;
    },
    async approve({ id, plan, confirm }) {
      const path = answerPath(id);
      const body = { approval: id, planDigest: plan.digest, answer: "approve", reason: "", confirm: confirm ?? "" };
      const { nonce } = (await callControl(socket, { method: "POST", path: "/v1/challenges", body: { person: "ada" } })) as Challenge;
      const gateway = gatewayName(resolve(socket));
      const statement = statementText({ gateway, person: "ada", nonce, method: "POST", path, bodyDigest: bodyDigest(body) });
      const signature = sign(null, Buffer.from(statement), key).toString("base64");
      const headers = { [signatureHeaders.person]: "ada", [signatureHeaders.nonce]: nonce, [signatureHeaders.signature]: signature };
      await callControl(socket, { method: "POST", path, body, headers });
    },
    async events() {
      const found: AuditEvent[] = [];
      for await (const { event } of readEvents({ directory: join(state, "audit") })) found.push(event);
      return found;
    },
  };
}

function configText(store: string): string {
  return `version: 1
targets:
  shop:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { url: { env: HOLDFAST_TEST_URL } }
    policy: guarded-writes
approvals: { hold: 3s, cool_off: 0s }
users:
  agent: { kind: ai_agent, password: { env: HOLDFAST_TEST_AGENT }, targets: [shop], connections: 100 }
${store}`;
}
