/**
 * The real gateway before a real server, with a target for each preset; every session reaches the same database of its own.
 * It holds no assertion.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { loadConfig } from "../../src/config/load-config.ts";
import { openGateway } from "../../src/wiring.ts";
import type { TestServer } from "../support/servers.ts";

const presets = ["observe", "migrations", "guarded-writes", "read-only"] as const;
export type Preset = (typeof presets)[number];

export interface Gate {
  readonly database: string;
  url(preset: Preset): string;
  /** A connected client; the caller ends it. */
  connect(preset: Preset): Promise<pg.Client>;
  /** Past the gateway. */
  direct(sql: string): Promise<pg.QueryResultRow[]>;
  close(): Promise<void>;
}

/** `limits` are those of every target, as YAML inside braces. */
export async function openGate(server: TestServer, setup: string, limits = "{}"): Promise<Gate> {
  const scratch = await server.scratchDatabase(setup);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-definitions-"));
  const password = randomBytes(12).toString("hex");
  const targets = presets.map(
    (preset) => `  ${preset}:
    environment: development
    listen: 127.0.0.1:0
    policy: ${preset}
    limits: ${limits}
    upstream:
      { host: ${server.host}, port: ${server.port}, role: ${server.superuser.user}, database: ${scratch.name}, tls: disable,
        password: { env: SERVER } }`,
  );
  const text = `version: 1
targets:
${targets.join("\n")}
users:
  agent: { kind: ai_agent, password: { env: CLIENT }, targets: [${presets.join(", ")}], connections: 50 }
`;
  const loaded = loadConfig({ text, directory: folder });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const gateway = await openGateway(loaded.config, { environment: { SERVER: server.superuser.password, CLIENT: password } });
  await gateway.start();
  const url = (preset: Preset): string => {
    const listen = gateway.status().targets.find(({ name }) => name === preset)?.listen ?? "";
    return `postgresql://agent:${password}@${listen}/${scratch.name}`;
  };
  return {
    database: scratch.name,
    url,
    async connect(preset) {
      const client = new pg.Client({ connectionString: url(preset) });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    direct: (sql) => server.asSuperuser(sql, scratch.name),
    async close() {
      await gateway.stop("the test is over");
      rmSync(folder, { recursive: true, force: true });
      await scratch.drop();
    },
  };
}
