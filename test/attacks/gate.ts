/**
 * The real gateway before an attacked server: one process's own `openGateway`, a target for each preset and each upstream role.
 * It reads its configuration from a file as a user would write it, and stands in for nothing.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load-config.ts";
import { type Gateway, openGateway } from "../../src/wiring.ts";
import { type Attacker, attackers, type Scene } from "./scene.ts";
import type { WireLogin } from "./wire/client.ts";

export type Preset = "read-only" | "guarded-writes";
export const presets: readonly Preset[] = ["read-only", "guarded-writes"];

/** Limits of a target that are not its preset's own, as YAML inside braces. */
export interface GateOptions {
  readonly database: string;
  readonly limits?: string;
}

export class Gate {
  readonly #folder: string;
  readonly #gateway: Gateway;
  readonly #password: string;
  readonly #database: string;
  readonly warnings: string[];

  private constructor(parts: { folder: string; gateway: Gateway; password: string; database: string; warnings: string[] }) {
    this.#folder = parts.folder;
    this.#gateway = parts.gateway;
    this.#password = parts.password;
    this.#database = parts.database;
    this.warnings = parts.warnings;
  }

  static async open(scene: Scene, { database, limits }: GateOptions): Promise<Gate> {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-attacks-"));
    const password = randomBytes(18).toString("base64url");
    writeFileSync(join(folder, "agent"), password, { mode: 0o600 });
    for (const attacker of attackers)
      writeFileSync(join(folder, attacker), scene.server.url(database, scene.login(attacker)), { mode: 0o600 });
    const path = join(folder, "holdfast.yaml");
    writeFileSync(path, configText(limits));
    const loaded = loadConfig({ path });
    if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
    const warnings: string[] = [];
    const gateway = await openGateway(loaded.config, { environment: {}, warn: (message) => warnings.push(message) });
    await gateway.start();
    return new Gate({ folder, gateway, password, database, warnings });
  }

  login(attacker: Attacker, preset: Preset): WireLogin {
    const listen = this.#gateway.status().targets.find(({ name }) => name === targetName(attacker, preset))?.listen ?? "";
    const [host = "", port = ""] = listen.split(":");
    return { host, port: Number(port), user: "agent", password: this.#password, database: this.#database };
  }

  url(attacker: Attacker, preset: Preset): string {
    const { host, port, user, password, database } = this.login(attacker, preset);
    return `postgresql://${user}:${password}@${host}:${port}/${database}`;
  }

  async close(): Promise<void> {
    await this.#gateway.stop("the test is over");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The audit log's files as one text. */
  record(name: string): string {
    return readFileSync(join(this.#folder, name), "utf8");
  }
}

function targetName(attacker: Attacker, preset: Preset): string {
  return `${attacker}-${preset}`;
}

function configText(limits: string | undefined): string {
  const targets = attackers.flatMap((attacker) =>
    presets.map(
      (preset) => `  ${targetName(attacker, preset)}:
    environment: production
    listen: 127.0.0.1:0
    upstream: { url: { file: ${attacker} }, tls: disable }
    policy: ${preset}
    limits: ${limits ?? "{ statements_per_minute: none }"}`,
    ),
  );
  const names = attackers.flatMap((attacker) => presets.map((preset) => targetName(attacker, preset)));
  return `version: 1
shutdown_time: 1s
targets:
${targets.join("\n")}
users:
  agent: { kind: ai_agent, password: { file: agent }, targets: [${names.join(", ")}], connections: 200 }
`;
}
