/**
 * The proxy for HTTP APIs against the direct way, a plain tunnel and http-mitm-proxy, by turns in one run: latency and processor time of
 * reads, memory over many requests, and a long upload. The provider answers from memory: what is measured is the way.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npmPackages } from "../../test/support/npm-packages.ts";
import type { ClientTask } from "../http-client.ts";
import type { Peer } from "../http-peers.ts";
import type { Row, Run } from "./section.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "holdfast.js");
const client = join(import.meta.dirname, "..", "http-client.ts");
const peersProgram = join(import.meta.dirname, "..", "http-peers.ts");
const host = "backboard.railway.com";
const token = "rw_synthetic_token_of_the_benchmark";

/** Of one turn: with fewer the collector has not yet come to rest after the second. */
const CROWD = 40_000;

type Figures = Readonly<Record<string, number | undefined>>;

export async function http(run: Run): Promise<readonly Row[]> {
  run.note("http");
  const started: ChildProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-http-"));
  try {
    const target = await startPeer(started, "target", host, token);
    const to = [host, token, String(target.port), target.ca] as const;
    const tunnel = await startPeer(started, "tunnel", ...to);
    const mitm = await startPeer(started, "mitm", ...to, modules(run));
    copyFileSync(target.ca, join(folder, "ca.pem"));
    const { server, database } = run.stack;
    const env = { SHOP_URL: server.url(database, await server.ordinaryRole()), REAL_TOKEN: token };
    const task = (more: Partial<ClientTask>): ClientTask => ({
      ...{ host, token, peers: { target, tunnel, mitm }, rounds: 0, requests: run.quick ? 200 : 1_000, crowd: 0, uploadMiB: 0, ...more },
    });
    writeFileSync(join(folder, "holdfast.yaml"), configText(target.port, "guarded-writes"));
    const speed = await measured(task({ rounds: run.quick ? 2 : 5 }), folder, env);
    const crowd = await measured(task({ crowd: run.quick ? 2_000 : CROWD }), folder, env);
    // What an upload to an unknown path does is not known: it is let through where the policy only observes.
    writeFileSync(join(folder, "holdfast.yaml"), configText(target.port, "observe"));
    const upload = await measured(task({ uploadMiB: run.quick ? 64 : 1_024 }), folder, env);
    return [...speedRows(speed), ...memoryRows(crowd, upload)];
  } finally {
    for (const child of started) child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Brought by npm into a folder of the benchmark's own: no dependency of this project. */
function modules(run: Run): string {
  run.note("http: npm brings http-mitm-proxy");
  return npmPackages({ "http-mitm-proxy": "1.1.0" });
}

function speedRows(figures: Figures): readonly Row[] {
  const of = (name: string): number => figures[name] ?? Number.NaN;
  const rows = (spell: string, text: string, ways: readonly string[]): Row[] =>
    ways.map((way): Row => {
      const ratio = of(`${spell} ${way} p50`) / of(`${spell} direct p50`);
      const row = { section: "http", name: `${text}, ${way}` };
      const own = { p50: of(`${spell} ${way} p50`), "to direct": ratio, "cpu us": figures[`${spell} ${way} cpu`] };
      const goal = way === "holdfast" && spell !== "new" ? { text: "kept-alive p50 at most 3 times direct", met: ratio <= 3 } : undefined;
      return goal === undefined ? { ...row, figures: own } : { ...row, figures: own, goal };
    });
  const all = ["direct", "tunnel", "mitm", "holdfast"];
  const share = of("kept holdfast cpu") / of("kept mitm cpu");
  return [
    ...rows("kept", "a read again and again", all),
    ...rows("differing", "reads that differ", ["direct", "holdfast"]),
    ...rows("node", "by Node's https", all),
    ...rows("new", "a connection each", all),
    {
      section: "http",
      name: "processor time",
      figures: { "to mitm": share },
      goal: { text: "at most half of http-mitm-proxy's for a kept-alive read", met: share <= 0.5 },
    },
  ];
}

/** What the collector leaves lying about is no growth: the last turn against the one before. */
function memoryRows(crowd: Figures, upload: Figures): readonly Row[] {
  const [before, , second, third] = ["before", "after 1", "after 2", "after 3"].map((name) => crowd[`crowd ${name}`] ?? Number.NaN);
  const grown = (third ?? Number.NaN) - (second ?? Number.NaN);
  const held = (upload["upload peak"] ?? Number.NaN) - (upload["upload before"] ?? Number.NaN);
  return [
    {
      section: "http",
      name: "200 connections, three turns",
      figures: { "MiB before": before, "MiB 2nd": second, "MiB 3rd": third },
      goal: { text: "a turn of 40,000 requests without growth of memory (16 MiB is noise)", met: grown <= 16 },
    },
    {
      section: "http",
      name: "an upload",
      figures: { "MiB before": upload["upload before"], "MiB peak": upload["upload peak"], "MiB/s": upload["upload MiB/s"] },
      goal: { text: "1 GiB in bounded memory (128 MiB)", met: held <= 128 },
    },
  ];
}

function configText(port: number, policy: string): string {
  return `version: 1
targets:
  shop: { environment: staging, listen: 127.0.0.1:0, upstream: { url: { env: SHOP_URL } }, policy: ${policy} }
http:
  listen: 127.0.0.1:0
  credentials:
    railway: { secret: { env: REAL_TOKEN }, hosts: [${host}], variable: RAILWAY_API_TOKEN }
  routes:
    - { host: ${host}, address: "127.0.0.1:${port}", ca: ca.pem }
`;
}

function startPeer(started: ChildProcess[], ...words: readonly string[]): Promise<Peer> {
  const child = spawn(process.execPath, [peersProgram, ...words], { stdio: ["pipe", "pipe", "inherit"] });
  started.push(child);
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      const [line, more] = text.split("\n");
      if (line !== undefined && more !== undefined) resolve(JSON.parse(line) as Peer);
    });
    child.once("close", (code) => reject(new Error(`the ${words[0]} of the benchmark ended with ${code}`)));
  });
}

function measured(task: ClientTask, cwd: string, env: Readonly<Record<string, string>>): Promise<Record<string, number>> {
  const own = { PATH: process.env["PATH"], HOME: cwd, ...env };
  const words = ["run", "-q", "--", process.execPath, client, JSON.stringify(task)];
  const child = spawn(process.execPath, [program, ...words], { cwd, env: own, stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString("utf8");
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(out) as Record<string, number>);
      else reject(new Error(`the client ended with ${code}: ${out.slice(0, 500)}`));
    });
  });
}
