/** Which addresses may be dialled: special ones in every spelling, and a name whose answer changes between the look and the dial. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { AddressRefused, checkedLookup, type DialledAddress, isPublicAddress, publicAddresses } from "./addresses.ts";
import { systemClock } from "../../base/clock.ts";
import { type AnswerSink, UpstreamFailed } from "./upstream-port.ts";
import { Upstream } from "./upstream.ts";

const inside = [
  ...["127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1"],
  ...["100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "203.0.113.9"],
  ...[
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:a9fe:a9fe",
  ],
  ...["::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "fec0::1", "not an address", "", "127.1"],
];
const outside = ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "192.169.0.1", "2606:4700::1111", "::ffff:8.8.8.8"];

const quiet: AnswerSink = {
  informed: () => undefined,
  head: () => undefined,
  data: () => true,
  end: () => undefined,
  upgraded: () => undefined,
  failed: () => undefined,
};

describe("addresses", () => {
  test("of this machine, private, link-local, metadata and reserved ones are not public", () => {
    for (const address of inside) assert.equal(isPublicAddress(address), false, address);
    for (const address of outside) assert.equal(isPublicAddress(address), true, address);
  });

  test("a name with one inside among others is refused whole", async () => {
    const resolve = (): Promise<readonly DialledAddress[]> =>
      Promise.resolve([
        { address: "1.1.1.1", family: 4 },
        { address: "169.254.169.254", family: 4 },
      ]);
    await assert.rejects(publicAddresses("mixed.example.com", resolve), AddressRefused);
    await assert.rejects(publicAddresses("127.0.0.1", resolve), AddressRefused);
  });

  test("what was looked at is what is dialled: the name is resolved once", async () => {
    let asked = 0;
    const rebinding = (): Promise<readonly DialledAddress[]> => {
      asked += 1;
      return Promise.resolve([{ address: asked === 1 ? "1.1.1.1" : "127.0.0.1", family: 4 }]);
    };
    const lookup = checkedLookup(rebinding);
    const found = await new Promise((resolve) => lookup("rebound.example.com", { all: true }, (_, addresses) => resolve(addresses)));
    assert.deepEqual(found, [{ address: "1.1.1.1", family: 4 }]);
    const second = await new Promise((resolve) => lookup("rebound.example.com", { all: true }, (error) => resolve(error)));
    assert(second instanceof AddressRefused);
  });

  test("a name that leads to a server of this machine gets no connection", async () => {
    let connections = 0;
    const server = createServer(() => connections++).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const upstream = new Upstream({
      clock: systemClock,
      route: () => undefined,
      resolve: () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]),
    });
    try {
      const outgoing = { method: "GET", target: "/", headers: [], body: Buffer.alloc(0) };
      for (const scheme of ["https", "http"] as const) {
        const error = await new Promise<unknown>((resolve) => {
          const sink = { ...quiet, failed: resolve };
          void upstream.send({ ...outgoing, scheme, place: { host: "inside.example.com", port } }, false, sink);
        });
        assert(error instanceof UpstreamFailed && !error.reached && /not a public/.test(error.message), String(error));
      }
      assert.throws(() => upstream.send({ ...outgoing, scheme: "http", place: { host: "127.0.0.1", port } }, false, quiet), /not a public/);
      assert.equal(connections, 0);
    } finally {
      upstream.close();
      server.close();
    }
  });
});
