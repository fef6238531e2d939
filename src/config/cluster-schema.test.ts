/** Clusters behind the proxy, as the configuration has them: what loads, and what is refused, by line. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadConfig } from "./load-config.ts";

const config = (cluster: string): string => `version: 1
targets:
  shop:
    listen: 127.0.0.1:6432
    upstream: { host: localhost, role: app, password: { env: PGPASSWORD } }
http:
  credentials:
    token: { secret: { vault: one } }
    key: { secret: { vault: two }, header: x-api-key }
    silent: { secret: { vault: three }, mode: inject }
  clusters:
    shop: ${cluster}
`;

function loaded(cluster: string): ReturnType<typeof loadConfig> {
  return loadConfig({ text: config(cluster), directory: "/srv/app" }, { details: [] });
}

describe("a cluster", () => {
  test("loads, its host as requests name it", () => {
    const found = loaded('{ server: "https://k8s.internal:6443", credential: token, ca: ca.pem, namespace: shop }');
    assert("config" in found, JSON.stringify(found));
    assert.deepEqual(found.config.http?.clusters, [
      {
        name: "shop",
        server: "https://k8s.internal:6443",
        host: "k8s.internal:6443",
        address: { host: "k8s.internal", port: 6443 },
        credential: "token",
        ca: "/srv/app/ca.pem",
        namespace: "shop",
      },
    ]);
  });

  const places: readonly (readonly [server: string, host: string, address: { host: string; port: number }])[] = [
    ["https://10.0.0.5", "10.0.0.5", { host: "10.0.0.5", port: 443 }],
    ["https://k8s.internal:443/", "k8s.internal", { host: "k8s.internal", port: 443 }],
    ["https://[fd00::5]:6443", "[fd00::5]:6443", { host: "fd00::5", port: 6443 }],
  ];
  for (const [server, host, address] of places)
    test(`at ${server}`, () => {
      const found = loaded(`{ server: "${server}", credential: token }`);
      assert("config" in found, JSON.stringify(found));
      const [cluster] = found.config.http?.clusters ?? [];
      assert.deepEqual([cluster?.host, cluster?.address], [host, address]);
    });

  const wrong: readonly (readonly [cluster: string, message: RegExp])[] = [
    ['{ server: "http://k8s.internal:6443", credential: token }', /address such as `https:/],
    ['{ server: "https://k8s.internal:6443/path", credential: token }', /without a path/],
    ['{ server: "https://k8s.internal:6443", credential: tokens }', /no credential is named `tokens`/],
    ['{ server: "https://k8s.internal:6443", credential: key }', /placeholder stands in authorization/],
    ['{ server: "https://k8s.internal:6443", credential: silent }', /placeholder stands in authorization/],
    ['{ server: "https://k8s.internal:6443" }', /credential/],
  ];
  for (const [cluster, message] of wrong)
    test(`${cluster} is refused`, () => {
      const found = loaded(cluster);
      assert("problems" in found, "loaded without a problem");
      const [problem] = found.problems;
      assert.equal(problem?.line, 12);
      assert.match(problem?.message ?? "", message);
    });
});
