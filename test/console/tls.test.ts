/** The console over TLS and under another name, and where its port is taken. Real certificates and sockets. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { selfSigned } from "../support/certificates.ts";
import { ask } from "./client.ts";
import { openStandIn, passphrase } from "./stand-in-gateway.ts";

test("over TLS the cookie is the host's own, and clear text gets nothing", async () => {
  const { certificate: cert, key, ca } = selfSigned(["console.example"]);
  const stand = await openStandIn({ tls: { cert, key }, url: "https://console.example:8443" });
  try {
    const { site, port } = stand.server;
    assert.equal(site.origin, "https://console.example:8443");
    assert.equal(site.rpId, "console.example");
    const given = await new Promise<{ status: number; cookie: string; hsts: string }>((resolve, reject) => {
      const headers = { host: site.host, origin: site.origin, "content-type": "application/json" };
      const asked = request({ host: "127.0.0.1", port, ca, path: "/api/login", method: "POST", agent: false, headers }, (response) => {
        response.resume();
        const { "set-cookie": cookies = [], "strict-transport-security": hsts = "" } = response.headers;
        resolve({ status: response.statusCode ?? 0, cookie: cookies[0] ?? "", hsts: String(hsts) });
      });
      asked.once("error", reject);
      asked.end(JSON.stringify({ person: "ada", passphrase }));
    });
    assert.equal(given.status, 200);
    assert.match(given.cookie, /^__Host-holdfast=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
    assert.match(given.hsts, /max-age=\d+/);
    await assert.rejects(ask(`http://localhost:${port}`, { path: "/" }));
  } finally {
    await stand.close();
  }
});

test("behind something that speaks TLS only the name that people type is served", async () => {
  const stand = await openStandIn({ url: "https://console.example" });
  try {
    const at = `http://localhost:${stand.server.port}`;
    assert.equal((await ask(at, { path: "/api/me", headers: { host: "console.example" } })).status, 401);
    assert.equal((await ask(at, { path: "/api/me" })).status, 421);
  } finally {
    await stand.close();
  }
});

test("where the port is taken, on either of this machine's addresses, nothing is served", async () => {
  for (const host of ["127.0.0.1", "::1"]) {
    const other = createServer();
    const port = await listening(other, host);
    // Without IPv6 there is nobody who could take it.
    if (port === undefined) continue;
    try {
      await assert.rejects(openStandIn({ port }), /EADDRINUSE/);
      // What was opened beside it is closed again.
      const beside = createServer();
      const freed = await listening(beside, "127.0.0.1", host === "::1" ? port : 0);
      assert.notEqual(freed, undefined);
      await new Promise((resolve) => beside.close(resolve));
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  }
});

function listening(server: Server, host: string, port = 0): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT") resolve(undefined);
      else reject(error);
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : undefined);
    });
  });
}
