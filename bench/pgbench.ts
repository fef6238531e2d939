/**
 * Runs pgbench once and reads what it measured: transactions a second, and the latency of each transaction from its log.
 * It compares nothing.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { tool } from "../test/support/tools.ts";
import type { Path } from "./stack/open-stack.ts";
import { processorMicros } from "./stack/process-figures.ts";

export interface Load {
  readonly script: "select" | "tpcb";
  readonly protocol: "simple" | "extended" | "prepared";
  readonly clients: number;
  readonly seconds: number;
}

export interface Ran {
  /** Transactions a second, without the time to connect. */
  readonly tps: number;
  /** Of each transaction, in microseconds. */
  readonly latencies: Float64Array;
  /** Processor time of the process in between for one transaction, in microseconds. */
  readonly processorMicros: number | undefined;
}

const run = promisify(execFile);
const SECONDS_MAX = 30;

function environment(path: Path): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    PGHOST: "127.0.0.1",
    PGPORT: String(path.port),
    PGUSER: path.user,
    PGPASSWORD: path.password,
    PGSSLMODE: "disable",
  };
}

/** Creates and fills pgbench's tables. */
export async function fill(path: Path, database: string, scale: number): Promise<void> {
  await run(await tool("pgbench"), ["-i", "-q", "-I", "dtgvp", "-s", String(scale), database], { env: environment(path) });
}

export async function pgbench(path: Path, database: string, load: Load): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-pgbench-"));
  try {
    const words = ["-n", "-M", load.protocol, "-c", String(load.clients), "-j", "1", "-T", String(load.seconds), "-l"];
    if (load.script === "select") words.push("-S");
    const before = path.pid === undefined ? undefined : processorMicros(path.pid);
    const { stdout } = await run(await tool("pgbench"), [...words, "--log-prefix", join(folder, "log"), database], {
      env: environment(path),
      maxBuffer: 64 * 1024 * 1024,
    });
    const [, tps] = /^tps = ([\d.]+)/m.exec(stdout) ?? [];
    const [, failed] = /number of failed transactions: (\d+)/.exec(stdout) ?? [];
    // pgbench's time begins before it connects: where logins took all of it, nothing was measured.
    if (failed === "0" && /transactions actually processed: 0$/m.test(stdout) && load.seconds < SECONDS_MAX) {
      return await pgbench(path, database, { ...load, seconds: load.seconds * 2 });
    }
    if (tps === undefined || failed !== "0") throw new Error(`pgbench through ${path.name} did not run cleanly:\n${stdout}`);
    const after = path.pid === undefined ? undefined : processorMicros(path.pid);
    const figures = latencies(folder);
    const spent = before === undefined || after === undefined ? undefined : (after - before) / figures.length;
    return { tps: Number(tps), latencies: figures, processorMicros: spent };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The third word of each line is the time of one transaction. */
function latencies(folder: string): Float64Array {
  const figures: number[] = [];
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), "latin1").split("\n")) {
      const third = line.split(" ", 3)[2];
      if (third !== undefined) figures.push(Number(third));
    }
  }
  return Float64Array.from(figures);
}
