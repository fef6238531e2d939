/**
 * The proxy for HTTP APIs: a read of a packed host through `holdfast run`, against the same read straight to the stand-in, by turns in one
 * run. The stand-in answers from memory: what is measured is the way.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { railwayHosts, startRailway } from "../../test/http/stand-in-railway.ts";
import type { Row, Run } from "./section.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "holdfast.js");
const client = join(import.meta.dirname, "..", "http-client.ts");
const fixed = '{"data":{"me":{"name":"x"}}}';
const token = "rw_synthetic_token_of_the_benchmark";

export async function http(run: Run): Promise<readonly Row[]> {
  run.note("http");
  const railway = await startRailway(token);
  railway.paths.set("/fixed", (_, response) => {
    // Nothing is kept of what arrived: ten thousand requests would show in the memory of this process.
    railway.received.length = 0;
    response.writeHead(200, { "content-type": "application/json", "content-length": fixed.length }).end(fixed);
  });
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-http-"));
  try {
    const ca = join(folder, "ca.pem");
    writeFileSync(ca, railway.ca);
    writeFileSync(join(folder, "holdfast.yaml"), configText(railway.port));
    const { server, database } = run.stack;
    const role = await server.ordinaryRole();
    const words = ["run", "-q", "--", process.execPath, client, String(railway.port), ca, railwayHosts[0], run.quick ? "100" : "1000"];
    const figures = await measured(words, folder, { SHOP_URL: server.url(database, role), REAL_TOKEN: token });
    const ratio = (figures["kept p50 proxy"] ?? Number.NaN) / (figures["kept p50 direct"] ?? Number.NaN);
    const fresh = (figures["new p50 proxy"] ?? Number.NaN) / (figures["new p50 direct"] ?? Number.NaN);
    const goal = { text: "kept-alive p50 at most 3 times direct", met: ratio <= 3 };
    return [{ section: "http", name: "a read through the proxy", figures: { ...figures, "kept ratio": ratio, "new ratio": fresh }, goal }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await railway.close();
  }
}

function configText(port: number): string {
  return `version: 1
targets:
  shop: { environment: staging, listen: 127.0.0.1:0, upstream: { url: { env: SHOP_URL } }, policy: guarded-writes }
http:
  listen: 127.0.0.1:0
  credentials:
    railway: { secret: { env: REAL_TOKEN }, hosts: [${railwayHosts[0]}], variable: RAILWAY_API_TOKEN }
  routes:
    - { host: ${railwayHosts[0]}, address: "127.0.0.1:${port}", ca: ca.pem }
`;
}

function measured(words: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Record<string, number>> {
  const own = { PATH: process.env["PATH"], HOME: cwd, ...env };
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
