import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { examineHttpClients } from "./http-clients.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-clients-"));
after(() => rmSync(folder, { recursive: true, force: true }));
for (const name of ["curl", "wget", "java", "node", "kubectl"]) writeFileSync(join(folder, name), "");

async function found(version: string): Promise<Readonly<Record<string, readonly [state: string, text: string, next: string]>>> {
  const findings = await examineHttpClients({ path: `/nowhere:${folder}`, versionOf: async () => version });
  return Object.fromEntries(findings.map(({ state, text, next = "" }) => [text.split(/[ :]/, 1)[0] ?? "", [state, text, next] as const]));
}

describe("HTTP clients on PATH", () => {
  test("each that is there is named, with its variable or with the reason and a way out; none that is not there", async () => {
    const clients = await found("v24.5.0");
    assert.deepEqual(Object.keys(clients).sort(), ["curl", "java", "kubectl", "node", "wget"]);
    assert.match(clients["curl"]?.[1] ?? "", /CURL_CA_BUNDLE/);
    for (const name of ["wget", "java", "kubectl"]) {
      assert.equal(clients[name]?.[0], "weak");
      assert.notEqual(clients[name]?.[2], "");
    }
  });

  for (const [version, state, text] of [
    ["v24.5.0", "good", /NODE_USE_ENV_PROXY/],
    ["v22.21.0", "good", /NODE_USE_ENV_PROXY/],
    ["v24.4.9", "good", /preload/],
    ["v23.11.0", "good", /preload/],
    ["v22.20.0", "good", /preload/],
    ["v20.20.2", "good", /preload/],
    ["v16.20.0", "weak", /goes past the proxy/],
    ["", "unknown", /could not be asked/],
  ] as const)
    test(`Node ${version === "" ? "that does not answer" : version}: ${state}`, async () => {
      const node = (await found(version))["node"];
      assert.equal(node?.[0], state);
      assert.match(node?.[1] ?? "", text);
    });
});
