/**
 * Other people's clients with the variables that a session gets: each reaches the stand-in through the proxy with the real secret, which
 * none of them ever sees; and each reads a refusal.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { type HttpEnvironment, openHttpEnvironment } from "../../src/cli/run/http-environment.ts";
import { agentPassword, newFolder } from "../provision/shop.ts";
import { library, tool } from "../support/tools.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";

let scene: ProxyScene;
let environment: HttpEnvironment;

before(async () => {
  scene = await openProxyScene({
    hosts: ["github.com", "api.github.com"],
    credentials:
      "    github: { secret: { env: HOLDFAST_TEST_AGENT }, hosts: [github.com, api.github.com], prefix: ghp_, variable: GH_TOKEN }",
  });
  environment = await openHttpEnvironment(scene.held.opened, {}, undefined);
});
after(async () => {
  await environment.close();
  await scene.stop();
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** With nothing in its environment but what the session gives. */
function ran(file: string, args: readonly string[], more: Record<string, string> = {}): Promise<Ran> {
  const folder = newFolder();
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, LANG: "C.UTF-8", ...environment.variables, ...more };
  return new Promise((resolve) => {
    execFile(file, [...args], { env, cwd: folder, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

const url = `https://${railwayHost}${railwayPath}`;
const read = JSON.stringify({ query: "{ me { name } }" });
const destroy = JSON.stringify({ query: 'mutation { volumeDelete(volumeId: "spare") }' });

/** It came with the real token, and what went back to the client shows no token. */
function assertServed({ code, out, err }: Ran, before: number): void {
  assert.equal(code, 0, `${out}\n${err}`);
  assert(out.includes("staging bot"), `${out}\n${err}`);
  assert.equal(scene.railway.received.length, before + 1);
  assert.equal(scene.railway.received.at(-1)?.headers.authorization, `Bearer ${scene.token}`);
  assert(!`${out}${err}`.includes(scene.token));
}

const python = `
import json, os, sys
token, url, body = os.environ["RAILWAY_API_TOKEN"], sys.argv[1], sys.argv[2].encode()
headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}`;
const clients: Readonly<Record<string, (body: string) => Promise<Ran>>> = {
  curl: async (body) =>
    ran(await tool("curl"), ["-sS", url, "-H", `Authorization: Bearer ${environment.variables["RAILWAY_API_TOKEN"]}`, "-d", body]),
  "Node's fetch": (body) =>
    ran(process.execPath, [
      "-e",
      `fetch(${JSON.stringify(url)}, { method: "POST", body: ${JSON.stringify(body)},
        headers: { authorization: "Bearer " + process.env.RAILWAY_API_TOKEN, "content-type": "application/json" } })
        .then(async (answer) => console.log(answer.status, await answer.text()))`,
    ]),
  "Node's https": (body) =>
    ran(process.execPath, [
      "-e",
      `const out = require("https").request(${JSON.stringify(url)}, { method: "POST",
        headers: { authorization: "Bearer " + process.env.RAILWAY_API_TOKEN } }, (answer) => answer.pipe(process.stdout));
      out.end(${JSON.stringify(body)});`,
    ]),
  "Python's urllib": (body) =>
    ran("/usr/bin/python3", [
      "-c",
      `${python}
import urllib.request, urllib.error
try: print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).read().decode())
except urllib.error.HTTPError as error: print(error.read().decode())`,
      url,
      body,
    ]),
  "Python's requests": async (body) => {
    await library("requests");
    return ran("/usr/bin/python3", [
      "-c",
      `${python}\nimport requests\nprint(requests.post(url, data=body, headers=headers).text)`,
      url,
      body,
    ]);
  },
  // It reads no variable for roots: its own option is the way, and docs/http.md says so.
  "wget, told of the roots": async (body) =>
    ran(await tool("wget"), [
      ...["-q", "-O", "-", "--content-on-error", `--ca-certificate=${environment.variables["SSL_CERT_FILE"]}`, `--post-data=${body}`],
      ...[`--header=Authorization: Bearer ${environment.variables["RAILWAY_API_TOKEN"]}`, url],
    ]),
};

describe("clients with the session's variables", () => {
  for (const [name, ask] of Object.entries(clients)) {
    test(`${name}: a read comes back, and what would destroy is held`, async () => {
      const before = scene.railway.received.length;
      assertServed(await ask(read), before);
      const held = await ask(destroy);
      assert(held.out.includes("approval_required"), `${held.out}\n${held.err}`);
      assert.equal(scene.railway.received.length, before + 1);
    });
  }

  test("git: refs are read with the placeholder in Basic, and a push that deletes reaches nobody", async () => {
    const git = await tool("git");
    const sha = "1".repeat(40);
    const line = (text: string) => `${(text.length + 4).toString(16).padStart(4, "0")}${text}`;
    // The configured agent's password stands in for a token of GitHub's: it is what the gateway's environment has.
    const real = `Basic ${Buffer.from(`x:${agentPassword}`).toString("base64")}`;
    let pushed = 0;
    scene.railway.paths.set("/acme/shop.git/info/refs", (request, response) => {
      if (request.headers.authorization !== real)
        return void response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end("who are you");
      const asked = new URL(request.url ?? "", "https://github.com").searchParams.get("service") ?? "";
      const refs = `${line(`# service=${asked}\n`)}0000${line(`${sha} refs/heads/main\0report-status delete-refs ofs-delta agent=stand-in\n`)}0000`;
      response.writeHead(200, { "content-type": `application/x-${asked}-advertisement` }).end(refs);
    });
    scene.railway.paths.set("/acme/shop.git/git-receive-pack", (_, response) => {
      pushed += 1;
      response.writeHead(200).end();
    });
    const origin = `https://x:${environment.variables["GH_TOKEN"]}@github.com/acme/shop.git`;
    const quiet = { GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1" };
    const listed = await ran(git, ["ls-remote", origin], quiet);
    assert.equal(listed.code, 0, listed.err);
    assert(listed.out.includes(`${sha}\trefs/heads/main`), listed.out);
    const folder = newFolder();
    await ran(git, ["init", "-q", folder], quiet);
    const gone = await ran(git, ["-C", folder, "push", origin, "--delete", "main"], quiet);
    assert.notEqual(gone.code, 0);
    assert(/403/.test(gone.err), gone.err);
    assert.equal(pushed, 0);
  });

  test("gh, which is Go: a read comes back, and what would delete a repository is held", async () => {
    const gh = await tool("gh");
    const arrived: string[] = [];
    scene.railway.paths.set("/repos/acme/shop", ({ method = "", headers }, response) => {
      arrived.push(`${method} ${headers.authorization ?? ""}`);
      response.writeHead(200, { "content-type": "application/json" }).end('{"full_name":"acme/shop"}');
    });
    const quiet = { GH_NO_UPDATE_NOTIFIER: "1", GH_PROMPT_DISABLED: "1" };
    const read = await ran(gh, ["api", "repos/acme/shop"], quiet);
    assert.equal(read.code, 0, `${read.out}\n${read.err}`);
    assert(read.out.includes("acme/shop"));
    assert.deepEqual(arrived, [`GET token ${agentPassword}`]);
    assert(!`${read.out}${read.err}`.includes(agentPassword));
    const gone = await ran(gh, ["api", "-X", "DELETE", "repos/acme/shop"], quiet);
    assert.notEqual(gone.code, 0);
    assert(gone.out.includes("approval_required"), `${gone.out}\n${gone.err}`);
    // What the repository is may have been asked; nothing else arrived.
    assert.deepEqual(
      arrived.filter((text) => !text.startsWith("GET ")),
      [],
    );
  });

  test("no variable holds a secret of the provider's", () => {
    const values = JSON.stringify(environment.variables);
    assert(!values.includes(scene.token) && !values.includes(agentPassword));
    assert(environment.variables["GH_TOKEN"]?.startsWith("ghp_"));
  });
});
