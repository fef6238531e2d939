/**
 * `holdfast run` itself: a program whose HTTP clients reach the provider by the variables alone, with a placeholder, with and without the
 * sandbox; and what the sandbox leaves of the ways past the proxy.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { holdfast, type Ran } from "../cli/holdfast.ts";
import { tool } from "../support/tools.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { railwayHosts } from "./stand-in-railway.ts";

let opened: RunFolder;
before(async () => {
  opened = await openRunFolder();
});
after(() => opened?.railway.close());

const program = `
const ask = (query) => fetch("https://${railwayHosts[0]}/graphql/v2", { method: "POST", body: JSON.stringify({ query }),
  headers: { authorization: "Bearer " + process.env.RAILWAY_API_TOKEN, "content-type": "application/json" } })
  .then(async (answer) => console.log(answer.status, await answer.text()));
await ask("{ me { name } }");
await ask('mutation { volumeDelete(volumeId: "spare") }');
console.log("token", Object.entries(process.env).filter(([, value]) => value.includes("THE_TOKEN")).map(([name]) => name).join());
await fetch("https://127.0.0.1:${"PORT"}/").then(() => console.log("past"), (error) => console.log("not past", error.cause?.code ?? error.message));
`;

function run(words: readonly string[]): Promise<Ran> {
  const { folder, railway, token, env } = opened;
  const text = program.replace("PORT", String(railway.port)).replace("THE_TOKEN", token);
  const module = [process.execPath, "--input-type=module", "-e", text];
  return holdfast(["run", ...words, "--", ...module], { cwd: folder, env: { ...env, RAILWAY_API_TOKEN: token } });
}

function assertServed({ code, out, err }: Ran): void {
  const { railway, token } = opened;
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
    const { received } = opened.railway;
    const count = received.length;
    assertServed(await run([]));
    assert.equal(received.length, count + 1);
  });

  test("in the sandbox there is the proxy, and nothing past it", async () => {
    await tool("bwrap");
    const ran = await run(["--sandbox=best-effort"]);
    assertServed(ran);
    if (!/network:/.test(ran.err)) assert.match(ran.out, /^not past ECONNREFUSED/m);
  });
});
