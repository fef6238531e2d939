/**
 * A scratch folder with a holdfast.yaml as an operator would write it, and the agent's password beside it.
 * It starts nothing.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "../cli/holdfast.ts";
import type { GatewayOptions } from "./gateway.ts";

export interface UpFolder {
  readonly path: string;
  readonly password: string;
}

export function openUp(options: GatewayOptions): UpFolder {
  const { policy = "guarded-writes", limits, connections = 50, shutdownTime = "10s", auditDirectory } = options;
  const path = scratchFolder();
  const password = randomBytes(18).toString("base64url");
  writeFileSync(join(path, "agent-password"), password, { mode: 0o600 });
  const text = `version: 1
shutdown_time: ${shutdownTime}
targets:
  shop:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { url: { env: DATABASE_URL } }
    policy: ${policy}
${limits === undefined ? "" : `    limits: ${limits}\n`}users:
  agent: { kind: ai_agent, password: { file: agent-password }, targets: [shop], connections: ${connections} }
${auditDirectory === undefined ? "" : `audit: { directory: ${auditDirectory} }\n`}`;
  writeFileSync(join(path, "holdfast.yaml"), text, { mode: 0o600 });
  return { path, password };
}
