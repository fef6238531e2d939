/**
 * Holdfast in front of the demo's database: a configuration file as a user would write it, and the gateway made from it in this process.
 * It does nothing that a configuration could not say.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load-config.ts";
import { problemsOf } from "../settings.ts";

export interface DemoGateway {
  /** The agent's connection string. */
  readonly agentUrl: string;
  readonly config: Config;
  readonly configFile: string;
  stop(): Promise<void>;
}

/** Writes holdfast.yaml and the two secrets it refers to into `folder`, and starts the gateway on a free port. */
export async function startDemoGateway(folder: string, upstreamUrl: string, database: string): Promise<DemoGateway> {
  const password = randomBytes(18).toString("base64url");
  writeFileSync(join(folder, "agent-password"), password, { mode: 0o600 });
  writeFileSync(join(folder, "upstream-url"), upstreamUrl, { mode: 0o600 });
  const configFile = join(folder, "holdfast.yaml");
  writeFileSync(configFile, configText, { mode: 0o600 });
  const loaded = loadConfig({ path: configFile });
  if ("problems" in loaded) throw problemsOf(configFile, loaded.problems);
  const { openGateway } = await import("../../wiring.ts");
  const gateway = await openGateway(loaded.config, { environment: process.env });
  await gateway.start();
  const listen = gateway.status().targets[0]?.listen ?? "";
  return {
    agentUrl: `postgres://agent:${password}@${listen}/${database}`,
    config: loaded.config,
    configFile,
    stop: () => gateway.stop("the demo is over"),
  };
}

const configText = `version: 1
targets:
  shop:
    environment: production
    listen: 127.0.0.1:0
    upstream: { url: { file: upstream-url } }
    policy: guarded-writes
users:
  agent: { kind: ai_agent, password: { file: agent-password }, targets: [shop] }
`;
