/**
 * Holdfast as a process of its own (`holdfast up` with a configuration in a scratch folder), to be loaded, measured and killed.
 * It holds no assertion.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openUp, type UpFolder } from "./up-folder.ts";

export interface GatewayOptions {
  /** The server's URL, password included; it goes into the environment of the process only. */
  readonly upstream: string;
  /** The preset; guarded-writes unless said otherwise. */
  readonly policy?: string;
  /** YAML flow mapping of the target's limits, as `{ rows_returned: none }`. */
  readonly limits?: string;
  readonly connections?: number;
  readonly shutdownTime?: string;
  /** Where the audit log goes; in the scratch folder unless said otherwise. */
  readonly auditDirectory?: string;
}

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

const program = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
const probe = fileURLToPath(new URL("./memory-probe.ts", import.meta.url));

const started = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of started) child.kill("SIGKILL");
});

/** One configuration, and the process that runs it: started, killed and started again on the same state. */
export class GatewayProcess {
  readonly folder: UpFolder;
  readonly #options: GatewayOptions;
  #child: ChildProcess | undefined;
  #listen = "";
  #err = "";

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.folder = openUp(options);
    mkdirSync(this.auditDirectory, { recursive: true });
  }

  get auditDirectory(): string {
    return this.#options.auditDirectory ?? join(this.folder.path, ".holdfast", "audit");
  }

  get publicKey(): string {
    return readFileSync(join(this.folder.path, ".holdfast", "keys", "audit.pub"), "utf8").trim();
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get port(): number {
    return Number(this.#listen.split(":").at(-1));
  }

  /** What the process has written to its standard error since it was started. */
  get err(): string {
    return this.#err;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  url(database: string): string {
    return `postgresql://agent:${this.folder.password}@127.0.0.1:${this.port}/${database}`;
  }

  /** Resolves when it accepts clients. `wrapped` is a shell command that ends in `exec "$@"`, for limits of the process. */
  async start(wrapped?: string): Promise<void> {
    const command = [process.execPath, "--expose-gc", "--import", probe, program, "up", "--json"];
    const [file = "", ...words] = wrapped === undefined ? command : ["sh", "-c", wrapped, "sh", ...command];
    const env = { PATH: process.env["PATH"], HOME: this.folder.path, TMPDIR: process.env["TMPDIR"], DATABASE_URL: this.#options.upstream };
    const child = spawn(file, words, { cwd: this.folder.path, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    started.add(child);
    child.once("exit", () => started.delete(child));
    this.#err = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#err += chunk.toString();
    });
    let out = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    while (!out.includes("\n")) {
      if (!this.running) throw new Error(`holdfast ended with ${child.exitCode ?? child.signalCode}: ${this.#err}`);
      await delay(5);
    }
    this.#listen = (JSON.parse(out) as { targets: { listen: string }[] }).targets[0]?.listen ?? "";
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    await this.#end("SIGTERM");
    return this.#child?.exitCode ?? null;
  }

  /** Collects garbage in the process and asks it for its memory, in bytes. */
  async memory(): Promise<Memory> {
    const seen = this.#reports().length;
    this.#child?.kill("SIGUSR2");
    for (;;) {
      const reports = this.#reports();
      if (reports.length > seen) return JSON.parse(reports.at(-1) ?? "") as Memory;
      if (!this.running) throw new Error(`holdfast ended: ${this.#err}`);
      await delay(5);
    }
  }

  /** Resident bytes as the kernel counts them now, garbage included, and the most there ever were. */
  resident(): { readonly now: number; readonly most: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
    return { now: bytes("VmRSS"), most: bytes("VmHWM") };
  }

  /** Forgets the most there ever were. */
  resetMost(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, "5");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running) return;
    const closed = once(child, "close");
    child.kill(signal);
    await closed;
  }

  #reports(): string[] {
    return [...this.#err.matchAll(/^memory (\{.*\})$/gm)].map((match) => match[1] ?? "");
  }
}
