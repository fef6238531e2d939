/** A session's authority: what OpenSSL inside Node says of its certificates, in a handshake and field by field. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, test } from "node:test";
import { connect, TLSSocket } from "node:tls";
import { manualClock } from "../../../base/clock.ts";
import { systemRandom } from "../../../base/ids.ts";
import { createSessionAuthority, type SessionAuthority } from "./session-authority.ts";

const make = (name = "r_test", clock = manualClock(Date.now())) => createSessionAuthority(name, { clock, random: systemRandom });

/** What a client that trusts `ca` sees when it calls for `name` and is shown the leaf for `host`. */
async function handshake(authority: SessionAuthority, host: string, name: string, ca: string): Promise<X509Certificate | Error> {
  const server = createServer((raw) => {
    raw.on("error", () => undefined);
    new TLSSocket(raw, { isServer: true, secureContext: authority.contextFor(host) }).on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", servername: name, ca });
    const seen = await once(socket, "secureConnect").then(
      () => socket.getPeerX509Certificate() ?? new Error("no certificate"),
      (error: Error) => error,
    );
    socket.destroy();
    return seen;
  } finally {
    server.close();
  }
}

describe("a session's authority", () => {
  test("is believed for its host by a client that trusts it, and by nobody else", async () => {
    const authority = make();
    const seen = await handshake(authority, "api.example.com", "api.example.com", authority.certificate);
    assert(seen instanceof X509Certificate, String(seen));
    assert.equal(seen.subjectAltName, "DNS:api.example.com");
    assert((await handshake(authority, "api.example.com", "api.example.com", make("another").certificate)) instanceof Error);
    const other = await handshake(authority, "api.example.com", "www.example.com", authority.certificate);
    assert(other instanceof Error && /altnames/.test(other.message), String(other));
  });

  test("its leaves live a day, are for servers, and cannot sign", async () => {
    const authority = make();
    const leaf = await handshake(authority, "api.example.com", "api.example.com", authority.certificate);
    assert(leaf instanceof X509Certificate);
    const root = new X509Certificate(authority.certificate);
    assert.equal(leaf.ca, false);
    assert.equal(root.ca, true);
    assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert(leaf.verify(root.publicKey) && leaf.checkIssued(root) && root.verify(root.publicKey));
    assert(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom) <= 25 * 3_600_000 + 1_000);
    assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  });

  test("addresses get certificates for addresses", async () => {
    const authority = make();
    const v4 = await handshake(authority, "127.0.0.1", "", authority.certificate);
    assert(v4 instanceof X509Certificate && v4.subjectAltName === "IP Address:127.0.0.1", String(v4));
    const v6 = await handshake(authority, "2001:db8::7", "", authority.certificate);
    // The client called 127.0.0.1: it must name the other address in its refusal.
    assert(v6 instanceof Error && /2001:DB8/i.test(v6.message), String(v6));
  });

  test("a leaf is made once, and anew before it is over", () => {
    const clock = manualClock(Date.now());
    const authority = make("r", clock);
    const first = authority.contextFor("a.example.com");
    assert.equal(authority.contextFor("a.example.com"), first);
    clock.advance(23.5 * 3_600_000);
    assert.notEqual(authority.contextFor("a.example.com"), first);
  });

  test("hosts beyond the bound push the first out", () => {
    const authority = make();
    const first = authority.contextFor("h0.example.com");
    for (let n = 1; n <= 256; n++) authority.contextFor(`h${n}.example.com`);
    assert.notEqual(authority.contextFor("h0.example.com"), first);
  });
});
