/**
 * Holdfast in front of the demo's databases and of a stand-in for a provider: a configuration file as a user would write it, a vault with
 * one person and one token in it, and the gateway made from both in this process. It does nothing that configuration and commands could
 * not do.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { passphraseBytes } from "../../base/passphrase-key.ts";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load-config.ts";
import { drawnPassphrase, registerPerson } from "../new-person.ts";
import { problemsOf } from "../settings.ts";
import type { Vault } from "../../wiring/vault.ts";
import type { Staging } from "./staging.ts";
import { railwayHost, type StandInRailway } from "./stand-in-railway.ts";

export interface DemoGateway {
  /** The agent's connection string. */
  readonly agentUrl: string;
  /** Of the agent that may write in staging, where one may. */
  readonly clerkUrl?: string;
  readonly config: Config;
  readonly configFile: string;
  /** Who answers questions, and the address where. */
  readonly person: { readonly name: string; readonly passphrase: string };
  readonly consoleUrl: string;
  /** What the operator was warned of, oldest first. */
  readonly warnings: readonly string[];
  stop(): Promise<void>;
}

export interface DemoGatewayParts {
  readonly folder: string;
  readonly upstreamUrl: string;
  readonly database: string;
  readonly staging: Staging;
  readonly railway: StandInRailway;
  /** The real one, which no agent gets. */
  readonly token: string;
}

/** Writes holdfast.yaml and the files it refers to into `folder`, makes the vault, and starts the gateway on free ports. */
export async function startDemoGateway({ folder, upstreamUrl, database, staging, railway, token }: DemoGatewayParts): Promise<DemoGateway> {
  const password = randomBytes(18).toString("base64url");
  const put = (file: string, text: string): void => writeFileSync(join(folder, file), text, { mode: 0o600 });
  put("agent-password", password);
  put("upstream-url", upstreamUrl);
  put("stand-in-ca.pem", railway.certificate);
  const configFile = join(folder, "holdfast.yaml");
  put("holdfast.yaml", configText(staging, railway.port));
  const loaded = loadConfig({ path: configFile });
  if ("problems" in loaded) throw problemsOf(configFile, loaded.problems);
  const { config } = loaded;
  const person = { name: "ada", passphrase: drawnPassphrase() };
  const vault = await vaultWith(person, token, config);
  await staging.provision?.(config);
  const warnings: string[] = [];
  const { openGateway } = await import("../../wiring.ts");
  const gateway = await openGateway(config, { environment: process.env, vault, warn: (message) => warnings.push(message) });
  await gateway.start();
  const status = gateway.status();
  const listenOf = (name: string): string => status.targets.find((target) => target.name === name)?.listen ?? "";
  return {
    agentUrl: `postgres://agent:${password}@${listenOf("shop")}/${database}`,
    ...(staging.provision === undefined ? {} : { clerkUrl: `postgres://clerk:${password}@${listenOf("staging")}/${staging.database}` }),
    config,
    configFile,
    person,
    consoleUrl: status.console?.url ?? "",
    warnings,
    stop: () => gateway.stop("the demo is over"),
  };
}

/**
 * As `holdfast vault init`, `holdfast person add ada --approves production,staging` and `holdfast vault add railway-token` make it. The
 * vault's own passphrase is forgotten here.
 */
async function vaultWith({ name, passphrase }: DemoGateway["person"], token: string, config: Config): Promise<Vault> {
  const { changeVault, makeVault } = await import("../../wiring/vault.ts");
  const vault = await makeVault(config, passphraseBytes(drawnPassphrase()));
  await registerPerson(vault, config, { name, approves: ["production", "staging"], passphrase: passphraseBytes(passphrase) });
  const at = Date.now();
  const secret = { kind: "token" as const, value: token, hosts: [railwayHost], createdAtMs: at, rotatedAtMs: null };
  const change = "put in railway-token";
  await changeVault(vault, config, (content) => ({ ...content, secrets: { ...content.secrets, "railway-token": secret } }), change);
  return vault;
}

const configText = (staging: Staging, railwayPort: number): string => `version: 1
targets:
  shop:
    environment: production
    listen: 127.0.0.1:0
    upstream: { url: { file: upstream-url } }
    policy: guarded-writes
${staging.target}
http:
  listen: 127.0.0.1:0
  credentials:
    railway: { secret: { vault: railway-token }, variable: RAILWAY_API_TOKEN }
  routes:
    - { host: ${railwayHost}, address: "127.0.0.1:${railwayPort}", ca: stand-in-ca.pem }
console: { listen: 127.0.0.1:0 }
approvals: { hold: 0s }
users:
  agent: { kind: ai_agent, password: { file: agent-password }, targets: [shop] }
${staging.users}`;
