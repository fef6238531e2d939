/**
 * Other people's WebSocket clients with the variables that a session gets: Node's own and Python's. Each speaks GraphQL through the proxy
 * with a placeholder, is refused what would destroy, and goes on.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { type HttpEnvironment, openHttpEnvironment } from "../../src/cli/run/http-environment.ts";
import { newFolder } from "../provision/shop.ts";
import { library } from "../support/tools.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";

const url = `wss://${railwayHost}${railwayPath}`;
const READ = "{ me { name } }";
const DESTROY = 'mutation { volumeDelete(volumeId: "spare") }';

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

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** With nothing in its environment but what the session gives. */
function ran(file: string, args: readonly string[]): Promise<Ran> {
  const folder = newFolder();
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, LANG: "C.UTF-8", ...environment.variables };
  return new Promise((resolve) => {
    execFile(file, [...args], { env, cwd: folder, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err }),
    );
  });
}

function assertServed({ code, out, err }: Ran): void {
  assert.equal(code, 0, `${out}\n${err}`);
  assert.match(out, /^read .*staging bot/m, err);
  assert.match(out, /^destroy .*"decision": ?"(hold|deny)"/m, err);
  assert.match(out, /^again .*staging bot/m, err);
  assert.match(out, /^closed 1000/m, err);
  assert(!`${out}${err}`.includes(scene.token));
  const texts = scene.railway.opened.at(-1)?.texts ?? [];
  assert(texts[0]?.includes(scene.token), "the token has not arrived");
  assert(!texts.some((text) => text.includes("volumeDelete")), texts.join("\n"));
  assert(scene.railway.volumes.has("spare"));
}

const node = `
const socket = new WebSocket(${JSON.stringify(url)}, ["graphql-transport-ws"]);
const next = () => new Promise((resolve, reject) => {
  socket.addEventListener("message", ({ data }) => resolve(JSON.parse(data)), { once: true });
  socket.addEventListener("error", ({ message, error }) => reject(error ?? new Error(message)), { once: true });
});
const say = (message) => { const answer = next(); socket.send(JSON.stringify(message)); return answer; };
await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = ({ message, error }) => reject(error ?? new Error(message)); });
await say({ type: "connection_init", payload: { Authorization: "Bearer " + process.env.RAILWAY_API_TOKEN } });
const ask = async (what, query) => {
  const answer = await say({ id: what, type: "subscribe", payload: { query } });
  console.log(what, JSON.stringify(answer));
  if (answer.type === "next") await next();
};
await ask("read", ${JSON.stringify(READ)});
await ask("destroy", ${JSON.stringify(DESTROY)});
await ask("again", ${JSON.stringify(READ)});
socket.onclose = ({ code }) => console.log("closed", code);
socket.close(1000);
`;

test("Node's own WebSocket", async () => {
  assertServed(await ran(process.execPath, ["--input-type=module", "-e", node]));
});

const python = `
import json, os, urllib.parse, websocket
proxy = urllib.parse.urlparse(os.environ["HTTPS_PROXY"])
socket = websocket.create_connection(${JSON.stringify(url)}, subprotocols=["graphql-ws"], timeout=30,
  http_proxy_host=proxy.hostname, http_proxy_port=proxy.port, proxy_type="http",
  http_proxy_auth=(urllib.parse.unquote(proxy.username), urllib.parse.unquote(proxy.password)),
  sslopt={"ca_certs": os.environ["SSL_CERT_FILE"]})
def say(message):
    socket.send(json.dumps(message))
    return json.loads(socket.recv())
say({"type": "connection_init", "payload": {"Authorization": "Bearer " + os.environ["RAILWAY_API_TOKEN"]}})
for what, query in (("read", ${JSON.stringify(READ)}), ("destroy", ${JSON.stringify(DESTROY)}), ("again", ${JSON.stringify(READ)})):
    answer = say({"id": what, "type": "start", "payload": {"query": query}})
    print(what, json.dumps(answer))
    if answer["type"] == "data":
        socket.recv()
socket.send_close(1000)
opcode, data = socket.recv_data()
print("closed", int.from_bytes(data[:2], "big"))
`;

test("Python's websocket-client, in the older protocol", async () => {
  await library("websocket");
  assertServed(await ran("/usr/bin/python3", ["-c", python]));
});
