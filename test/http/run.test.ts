/**
 * `holdfast run` itself: a program whose HTTP clients reach the provider by the variables alone, with a placeholder, with and without the
 * sandbox; and what the sandbox leaves of the ways past the proxy.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { holdfast, type Ran, scratchFolder } from "../cli/holdfast.ts";
import { testServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";
import { railwayHosts, type StandInRailway, startRailway } from "./stand-in-railway.ts";

const folder = scratchFolder();
const token = `rw_${randomBytes(20).toString("hex")}`;
let railway: StandInRailway;
let env: Record<string, string> = {};

before(async () => {
  railway = await startRailway(token);
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
  env = { SHOP_URL: database.url(role), REAL_TOKEN: token, RAILWAY_API_TOKEN: token };
});
after(() => railway?.close());

const program = `
const ask = (query) => fetch("https://${railwayHosts[0]}/graphql/v2", { method: "POST", body: JSON.stringify({ query }),
  headers: { authorization: "Bearer " + process.env.RAILWAY_API_TOKEN, "content-type": "application/json" } })
  .then(async (answer) => console.log(answer.status, await answer.text()));
await ask("{ me { name } }");
await ask('mutation { volumeDelete(volumeId: "spare") }');
console.log("token", Object.entries(process.env).filter(([, value]) => value.includes("${token}")).map(([name]) => name).join());
await fetch("https://127.0.0.1:${"PORT"}/").then(() => console.log("past"), (error) => console.log("not past", error.cause?.code ?? error.message));
`;

function run(words: readonly string[]): Promise<Ran> {
  const text = program.replace("PORT", String(railway.port));
  const module = [process.execPath, "--input-type=module", "-e", text];
  return holdfast(["run", ...words, "--", ...module], { cwd: folder, env });
}

function assertServed({ code, out, err }: Ran): void {
  assert.equal(code, 0, `${out}\n${err}`);
  assert.match(out, /^200 .*staging bot/m, err);
  // Nobody is registered who could answer.
  assert.match(out, /^403 .*"approval_unavailable"/m);
  assert.match(out, /^token $/m, "the program holds the real token");
  assert.match(err, /placeholders in place of secrets: RAILWAY_API_TOKEN/);
  assert(!err.includes(token));
  assert.equal(railway.received.at(-1)?.headers.authorization, `Bearer ${token}`);
  assert(railway.volumes.has("spare"));
}

describe("holdfast run and HTTP", () => {
  test("a program reaches the provider with a placeholder, and what would destroy does not arrive", async () => {
    const count = railway.received.length;
    assertServed(await run([]));
    assert.equal(railway.received.length, count + 1);
  });

  test("in the sandbox there is the proxy, and nothing past it", async () => {
    await tool("bwrap");
    const ran = await run(["--sandbox=best-effort"]);
    assertServed(ran);
    if (!/network:/.test(ran.err)) assert.match(ran.out, /^not past ECONNREFUSED/m);
  });
});
