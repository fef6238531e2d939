/**
 * Node's own clients where Node knows no proxy variables (20, and 22 before 22.21): the preload brings `fetch` and `https` to the proxy.
 * The programs are Node's own builds, which npm carries.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type HttpEnvironment, openHttpEnvironment } from "../../src/cli/run/http-environment.ts";
import { newFolder } from "../provision/shop.ts";
import { npmPackages } from "../support/npm-packages.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";

const url = `https://${railwayHost}${railwayPath}`;
const read = JSON.stringify({ query: "{ me { name } }" });
const destroy = JSON.stringify({ query: 'mutation { volumeDelete(volumeId: "spare") }' });
const token = '"Bearer " + process.env.RAILWAY_API_TOKEN';

const programs: Readonly<Record<string, (body: string) => string>> = {
  fetch: (body) => `fetch("${url}", { method: "POST", body: ${JSON.stringify(body)},
    headers: { authorization: ${token}, "content-type": "application/json" } })
    .then(async (answer) => console.log(answer.status, await answer.text()), (error) => console.log("failed", error.cause?.message))`,
  https: (body) => `const out = require("https").request("${url}", { method: "POST", headers: { authorization: ${token} } },
    (answer) => answer.pipe(process.stdout));
    out.on("error", (error) => console.log("failed", error.message));
    out.end(${JSON.stringify(body)})`,
  "https by an agent of the program's own": (body) => `const https = require("https");
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (then) => https.request("${url}", { agent, method: "POST", headers: { authorization: ${token} } },
      (answer) => { answer.on("end", then); answer.pipe(process.stdout, { end: false }); }).end(${JSON.stringify(body)});
    ask(() => agent.destroy())`,
  "https as a module": (body) => `import("node:https").then(({ request }) =>
    request("${url}", { method: "POST", headers: { authorization: ${token} } }, (answer) => answer.pipe(process.stdout))
      .end(${JSON.stringify(body)}))`,
};

describe("Node without proxy variables of its own", () => {
  let scene: ProxyScene;
  let environment: HttpEnvironment;
  before(async () => {
    scene = await openProxyScene();
    environment = await openHttpEnvironment(scene.held.opened, {}, undefined);
  });
  after(async () => {
    await environment?.close();
    await scene?.stop();
  });

  function ran(node: string, text: string): Promise<string> {
    const env = { HOME: newFolder(), LANG: "C.UTF-8", ...environment.variables };
    return new Promise((resolve) => {
      execFile(node, ["-e", text], { env, timeout: 60_000 }, (_, out, err) => resolve(`${out}${err}`));
    });
  }

  for (const version of ["20.19.5", "22.20.0"])
    describe(`Node ${version}`, () => {
      const place = process.platform === "darwin" ? `node-darwin-${process.arch}` : `node-linux-${process.arch}`;
      const node = () => join(npmPackages({ [place]: version }), place, "bin", "node");

      for (const [name, program] of Object.entries(programs))
        test(`${name}: a read comes back with the real secret, which it never sees, and what would destroy is held`, async () => {
          const count = scene.railway.received.length;
          const out = await ran(node(), program(read));
          assert(out.includes("staging bot"), out);
          assert.equal(scene.railway.received.at(-1)?.headers.authorization, `Bearer ${scene.token}`);
          assert(!out.includes(scene.token));
          assert.match(await ran(node(), program(destroy)), /approval_required/);
          // What the provider is asked about the volume is not the program's.
          const sent = scene.railway.received.slice(count).map(({ body }) => body.toString());
          assert(!sent.some((text) => text.includes("volumeDelete")), sent.join("\n"));
        });

      test("a host that no pack knows is refused by the proxy, and not gone to directly", async () => {
        const out = await ran(node(), programs["fetch"]?.(read).replace(railwayHost, "example.org") ?? "");
        assert.match(out, /^failed the proxy gives no way to example\.org:443: HTTP\/1\.1 403/);
      });

      test("what is here is reached directly", async () => {
        const text = `const server = require("http").createServer((_, answer) => answer.end("here"));
          server.listen(0, "127.0.0.1", async () => {
            console.log(await (await fetch("http://127.0.0.1:" + server.address().port)).text());
            server.closeAllConnections();
            server.close();
          })`;
        assert.equal(await ran(node(), text), "here\n");
      });
    });
});
