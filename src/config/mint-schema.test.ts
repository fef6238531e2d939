/** Credentials that are made of others, as the configuration has them: what loads, and what is refused, by line. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HttpCredential } from "./config.ts";
import { loadConfig } from "./load-config.ts";

const config = (credential: string): string => `version: 1
targets:
  shop:
    listen: 127.0.0.1:6432
    upstream: { host: localhost, role: app, password: { env: PGPASSWORD } }
http:
  credentials:
    one:
      secret: { vault: one }
      ${credential}
`;

function load(credential: string): HttpCredential {
  const loaded = loadConfig({ text: config(credential), directory: "/srv/app" }, { details: [] });
  assert("config" in loaded, JSON.stringify(loaded));
  return loaded.config.http?.credentials[0] ?? assert.fail("no credential");
}

function problems(credential: string): readonly string[] {
  const loaded = loadConfig({ text: config(credential), directory: "/srv/app" }, { details: [] });
  assert("problems" in loaded, "loaded without a problem");
  return loaded.problems.map(({ line, message }) => `${line}: ${message}`);
}

describe("a credential's mint", () => {
  test("loads, with what is left out filled in", () => {
    assert.deepEqual(load("mint: { kind: github-app, app: 12, installation: 34 }").mint, {
      kind: "github-app",
      app: "12",
      installation: "34",
      repositories: [],
      permissions: {},
      host: "api.github.com",
    });
    assert.deepEqual(load("mint: { kind: fly, actions: [read], apps: [7], expires: 30min }").mint, {
      kind: "fly",
      actions: ["read"],
      apps: [7],
      lifeMs: 1_800_000,
    });
    const role = "arn:aws:iam::123456789012:role/agent";
    assert.deepEqual(load(`mint: { kind: assume-role, role: "${role}", region: eu-central-1, policy: { Version: "2012-10-17" } }`).mint, {
      kind: "assume-role",
      role,
      region: "eu-central-1",
      policy: '{"Version":"2012-10-17"}',
      policyArns: [],
      durationS: 900,
    });
    const oauth = load(
      "mint: { kind: oauth, grant: refresh_token, token_url: 'https://a.example/t', client_id: c, client_secret: { env: CS } }",
    );
    assert.deepEqual(oauth.mint, {
      kind: "oauth",
      grant: "refresh_token",
      tokenUrl: "https://a.example/t",
      clientId: "c",
      clientAuth: "basic",
      clientSecret: { kind: "env", name: "CS" },
    });
  });

  test("surfaces are none unless they are named", () => {
    assert.deepEqual(load("mode: placeholder").surfaces, []);
    assert.deepEqual(load("surfaces: [path, websocket]").surfaces, ["path", "websocket"]);
  });

  const wrong: Readonly<Record<string, RegExp>> = {
    "mint: { kind: vault }": /^10: must be one of `github-app`/,
    "mint: { kind: github-app, installation: 34 }": /^10: .*app/,
    "mint: { kind: github-app, app: 1, installation: 3, permissions: { contents: all } }": /^10: `all` is not one of/,
    "mint: { kind: gcp-service-account }": /^10: .*scopes, or an `audience`/,
    "mint: { kind: gcp-service-account, scopes: [s], audience: a }": /^10: .*scopes, or an `audience`/,
    "mint: { kind: oauth, grant: client_credentials, token_url: 'http://a.example/t', client_id: c }": /^10: .*https/,
    "mint: { kind: oauth, grant: client_credentials, token_url: 'https://a.example/t', client_id: c, client_secret: { env: A } }":
      /^10: .*own `secret`/,
    "mint: { kind: fly, actions: [] }": /^10: must name what may be done/,
    "mint: { kind: fly, actions: [destroy] }": /^10: `destroy` is not one of/,
    "mint: { kind: assume-role, role: 'arn:aws:iam::1:role/a', region: eu-central-1, expires: 5min }": /^10: .*between 15min and 12h/,
    "surfaces: [header]": /^10: `header` is not one of/,
  };
  for (const [credential, expected] of Object.entries(wrong))
    test(`is refused by its line: ${credential}`, () => {
      const [first = ""] = problems(credential);
      assert.match(first, expected);
    });
});
