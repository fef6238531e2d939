/**
 * Starts the server of a scratch folder, waits until it answers or says why it does not, and ends it.
 * It connects to nothing: that it is ready the server writes into its own folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RestoreFailed } from "./restore-failed.ts";
import type { ScratchFolder } from "./scratch-folder.ts";
import type { ServerPrograms } from "./server-programs.ts";

const POLL_MS = 30;
const LOG_BYTES_MAX = 64 * 1024;

export class ScratchServer {
  readonly #folder: ScratchFolder;
  readonly #process: ChildProcess;

  private constructor(folder: ScratchFolder, process: ChildProcess) {
    this.#folder = folder;
    this.#process = process;
  }

  /** `settings` are all it has. Resolves when its process runs. */
  static async start(folder: ScratchFolder, programs: ServerPrograms, settings: string): Promise<ScratchServer> {
    const config = join(folder.path, "postgresql.conf");
    await writeFile(config, settings, { mode: 0o600 });
    await folder.own(config);
    // The server reads this file of the data folder whatever else it is told: it holds what somebody once set by ALTER SYSTEM.
    const auto = join(folder.data, "postgresql.auto.conf");
    await rename(auto, `${auto}.original`).catch(() => undefined);
    await writeFile(auto, "", { mode: 0o600 });
    await folder.own(auto);
    const path = join(folder.path, "server.log");
    await writeFile(path, "", { mode: 0o600 });
    await folder.own(path);
    const log = openSync(path, "a");
    const child = spawn(programs.demand("postgres"), ["-D", folder.data, "-c", `config_file=${config}`], {
      ...folder.account,
      cwd: folder.data,
      env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" },
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    await once(child, "spawn");
    folder.serverIs(child.pid ?? 0);
    child.unref();
    return new ScratchServer(folder, child);
  }

  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** True when it takes connections: read-only ones while it recovers (`standby`), and any afterwards (`ready`). */
  async answers(): Promise<boolean> {
    const lines = (await readFile(join(this.#folder.data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
    const state = lines[7]?.trim();
    return lines[0] === String(this.#process.pid) && (state === "ready" || state === "standby");
  }

  /** Resolves at the first connection it would take; false where it has ended before. */
  async untilAnswers(signal?: AbortSignal): Promise<boolean> {
    while (!this.ended) {
      signal?.throwIfAborted();
      if (await this.answers()) return true;
      await delay(POLL_MS);
    }
    return false;
  }

  /** The end of what it wrote to its log. */
  async log(): Promise<string> {
    return (await readFile(join(this.#folder.path, "server.log"), "utf8").catch(() => "")).slice(-LOG_BYTES_MAX);
  }

  /** What it said of the trouble, without its time and process. */
  async complaint(): Promise<string> {
    const lines = (await this.log()).split("\n");
    const said = lines.findLast((line) => /(FATAL|PANIC):/.test(line)) ?? lines.findLast((line) => line.trim() !== "") ?? "";
    return said.replace(/^.*?(FATAL|PANIC): +/, "").trim();
  }

  failure(step: "start" | "replay", because: string): RestoreFailed {
    return new RestoreFailed(step, `the scratch server ended: ${because === "" ? "it said nothing" : because}`);
  }

  /** Without waiting for anybody's statements. */
  async stop(): Promise<void> {
    if (this.ended) return;
    const gone = once(this.#process, "exit");
    this.#process.ref();
    this.#process.kill("SIGINT");
    const late = setTimeout(() => this.#process.kill("SIGQUIT"), 20_000);
    await gone;
    clearTimeout(late);
  }
}
