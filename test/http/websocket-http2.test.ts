/**
 * WebSockets where the provider speaks HTTP/2: a client opens one over HTTP/1.1 on a connection of its own, and over HTTP/2 (RFC 8441) none
 * is opened: it is not offered, and refused to whoever asks all the same.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect, createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newFolder } from "../provision/shop.ts";
import { selfSigned } from "../support/certificates.ts";
import { tunnelTo } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene } from "./proxy-scene.ts";
import { openSocket } from "./websocket-client.ts";
import { acceptWebSocket } from "./websocket-server.ts";

const HOST = "kubernetes.default.svc";
const EXEC = "/api/v1/namespaces/shop/pods/web/exec?command=sh";

let scene: ProxyScene;
let server: Http2SecureServer;
let requests = 0;
before(async () => {
  const { ca, certificate, key } = selfSigned([HOST]);
  server = createSecureServer({ cert: certificate, key, allowHTTP1: true, settings: { enableConnectProtocol: true } });
  server.on("request", (_, response) => {
    requests += 1;
    response.end("one");
  });
  server.on("upgrade", (request, socket) => void acceptWebSocket(request, socket, { onText: (text, to) => to.send(`${text} back`) }));
  server.on("sessionError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const file = join(newFolder(), "cluster-ca.pem");
  writeFileSync(file, ca);
  scene = await openProxyScene({
    policy: "observe",
    http: `    - { host: ${HOST}, address: "127.0.0.1:${(server.address() as AddressInfo).port}", ca: ${file} }`,
  });
});
after(async () => {
  await scene?.stop();
  server?.close();
});

test("one is opened over HTTP/1.1, and what Node's server of both versions says of it goes through", async () => {
  const client = await openSocket(scene.proxy, HOST, { path: EXEC });
  assert.equal(client.status, 101, client.head);
  client.say("there and");
  assert.equal(await client.next(), "there and back");
  client.close();
  assert.equal(await client.ended, "1000");
});

test("an offer of h2c is not taken: the request is answered as any other", async () => {
  const client = await openSocket(scene.proxy, HOST, { path: "/version", upgrade: "h2c" });
  client.socket.destroy();
  assert.equal(client.status, 200, client.head);
  assert.equal(requests, 1);
});

test("over HTTP/2 it is not offered, and CONNECT is refused", async () => {
  const socket = await tunnelTo(scene.proxy, HOST, HOST, ["h2"]);
  const session = connect(`https://${HOST}`, { createConnection: () => socket });
  session.on("error", () => undefined);
  try {
    await new Promise<void>((resolve) => session.once("remoteSettings", () => resolve()));
    assert.notEqual(session.remoteSettings.enableConnectProtocol, true);
    for (const headers of [
      { ":method": "CONNECT", ":authority": HOST },
      { ":method": "CONNECT", ":protocol": "websocket", ":scheme": "https", ":path": EXEC, ":authority": HOST },
    ]) {
      const status = await new Promise<number | undefined>((resolve) => {
        const stream = session.request(headers);
        stream.on("response", (answer) => resolve(answer[":status"]));
        stream.on("error", () => resolve(undefined));
        stream.on("close", () => resolve(undefined));
      });
      assert(status === undefined || status === 501, `${status}`);
    }
    assert.equal(requests, 1);
  } finally {
    session.destroy();
  }
});
