/**
 * Holdfast as its users run it: `holdfast up` in a process of its own, with the preset of a development target (full analysis,
 * limits and audit on). Nothing is switched off for the measurement.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { renderInitialConfig } from "../../src/config/initial-config.ts";
import { systemRandom } from "../../src/base/ids.ts";
import { newLogin } from "../../src/wiring.ts";

export interface HoldfastProcess {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly pid: number;
  readonly auditDirectory: string;
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, "..", "..", "bin", "holdfast.js");

/** A group that may change every table of its schema, and a linger so short that the next session makes its own role. */
const roles = `    roles:
      mode: ephemeral
      admin: { url: { env: BENCH_ADMIN } }
      writers: { bench: { schemas: [public] } }
      lease: { linger: 1ms }
`;

/**
 * Rejects with what it printed when it does not start. The URLs are PostgreSQL's, with a password; with the administrator's each
 * session has a role of its own, after the database was provisioned for that. `more` are lines of the target, whose
 * name tells apart what several of them make at one server.
 */
export async function startHoldfast(
  upstreamUrl: string,
  adminUrl?: string,
  { target = "bench", more = "" }: { readonly target?: string; readonly more?: string } = {},
): Promise<HoldfastProcess> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const user = "bench";
  const { password, verifier } = newLogin(systemRandom);
  const config = renderInitialConfig({
    target,
    environment: "development",
    listen: "127.0.0.1:0",
    urlVariable: "BENCH_UPSTREAM",
    user: { name: user, kind: "ai_agent", verifier },
  }).replace("# connections: 20", "connections: 1100");
  const withRoles = config
    .replace("\nusers:\n", `\n${roles}${more}\nusers:\n`)
    .replace(`targets: [${target}]`, `targets: [${target}]\n    writer: bench`);
  writeFileSync(join(folder, "holdfast.yaml"), adminUrl === undefined ? config : withRoles, { mode: 0o600 });
  const { HOLDFAST_BENCH_NODE_OPTIONS: flags = "", PATH } = process.env;
  const env = { PATH, BENCH_UPSTREAM: upstreamUrl, ...(adminUrl === undefined ? {} : { BENCH_ADMIN: adminUrl }) };
  if (adminUrl !== undefined) {
    const words = ["provision", "--admin-url-env", "BENCH_ADMIN", "--migration-role", "none", "--yes"];
    await promisify(execFile)(process.execPath, [program, ...words], { cwd: folder, env });
  }
  const child = spawn(process.execPath, [...flags.split(" ").filter(Boolean), program, "up", "--json"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const words: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => words.push(chunk.toString()));
  const address = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve((JSON.parse(text) as { targets: { listen: string }[] }).targets[0]?.listen ?? "");
    });
    void ended.then(() => reject(new Error(`holdfast did not start: ${words.join("")}`)));
  });
  return {
    port: Number(address.slice(address.lastIndexOf(":") + 1)),
    user,
    password,
    pid: child.pid as number,
    auditDirectory: join(folder, ".holdfast", "audit"),
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
