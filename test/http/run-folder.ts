/**
 * A folder in which `holdfast run` leads to a stand-in for Railway and to a real database: its configuration, and the environment that it
 * is started with. It tests nothing itself.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "../cli/holdfast.ts";
import { testServer } from "../support/servers.ts";
import { railwayHosts, type StandInRailway, startRailway } from "./stand-in-railway.ts";

export interface RunFolder {
  readonly folder: string;
  /** The real one, which the stand-in takes. */
  readonly token: string;
  readonly railway: StandInRailway;
  /** Where the configuration looks for the database's address and the token. */
  readonly env: Readonly<Record<string, string>>;
}

/** Whoever opens it closes the stand-in. */
export async function openRunFolder(): Promise<RunFolder> {
  const folder = scratchFolder();
  const token = `rw_${randomBytes(20).toString("hex")}`;
  const railway = await startRailway(token);
  const server = await testServer(18);
  const role = await server.ordinaryRole();
  const database = await server.scratchDatabase("SELECT 1");
  writeFileSync(join(folder, "ca.pem"), railway.ca);
  writeFileSync(
    join(folder, "holdfast.yaml"),
    `version: 1
targets:
  shop: { environment: staging, listen: 127.0.0.1:0, upstream: { url: { env: SHOP_URL } }, policy: guarded-writes }
http:
  listen: 127.0.0.1:0
  credentials:
    railway: { secret: { env: REAL_TOKEN }, hosts: [${railwayHosts[0]}], variable: RAILWAY_API_TOKEN }
  routes:
    - { host: ${railwayHosts[0]}, address: "127.0.0.1:${railway.port}", ca: ca.pem }
`,
  );
  return { folder, token, railway, env: { SHOP_URL: database.url(role), REAL_TOKEN: token } };
}
