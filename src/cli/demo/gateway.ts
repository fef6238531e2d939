/**
 * Holdfast in front of the demo's database: a configuration file as a user would write it, a vault with one person in it, and the gateway
 * made from both in this process. It does nothing that a configuration and the commands could not do.
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

export interface DemoGateway {
  /** The agent's connection string. */
  readonly agentUrl: string;
  readonly config: Config;
  readonly configFile: string;
  /** Who answers questions, and the address where. */
  readonly person: { readonly name: string; readonly passphrase: string };
  readonly consoleUrl: string;
  stop(): Promise<void>;
}

/** Writes holdfast.yaml and the two secrets it refers to into `folder`, makes the vault, and starts the gateway on free ports. */
export async function startDemoGateway(folder: string, upstreamUrl: string, database: string): Promise<DemoGateway> {
  const password = randomBytes(18).toString("base64url");
  writeFileSync(join(folder, "agent-password"), password, { mode: 0o600 });
  writeFileSync(join(folder, "upstream-url"), upstreamUrl, { mode: 0o600 });
  const configFile = join(folder, "holdfast.yaml");
  writeFileSync(configFile, configText, { mode: 0o600 });
  const loaded = loadConfig({ path: configFile });
  if ("problems" in loaded) throw problemsOf(configFile, loaded.problems);
  const person = { name: "ada", passphrase: drawnPassphrase() };
  const vault = await vaultWith(person, loaded.config);
  const { openGateway } = await import("../../wiring.ts");
  const gateway = await openGateway(loaded.config, { environment: process.env, vault });
  await gateway.start();
  const status = gateway.status();
  const listen = status.targets[0]?.listen ?? "";
  return {
    agentUrl: `postgres://agent:${password}@${listen}/${database}`,
    config: loaded.config,
    configFile,
    person,
    consoleUrl: status.console?.url ?? "",
    stop: () => gateway.stop("the demo is over"),
  };
}

/** As `holdfast vault init` and `holdfast person add ada --approves production` make it. The vault's own passphrase is forgotten here. */
async function vaultWith({ name, passphrase }: DemoGateway["person"], config: Config): Promise<Vault> {
  const { makeVault } = await import("../../wiring/vault.ts");
  const vault = await makeVault(config, passphraseBytes(drawnPassphrase()));
  await registerPerson(vault, config, { name, approves: ["production"], passphrase: passphraseBytes(passphrase) });
  return vault;
}

const configText = `version: 1
targets:
  shop:
    environment: production
    listen: 127.0.0.1:0
    upstream: { url: { file: upstream-url } }
    policy: guarded-writes
console: { listen: 127.0.0.1:0 }
approvals: { hold: 0s }
users:
  agent: { kind: ai_agent, password: { file: agent-password }, targets: [shop] }
`;
