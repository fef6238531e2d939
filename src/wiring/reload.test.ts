import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import { needsRestart, samePlaces } from "./reload.ts";

const text = `
version: 1
targets:
  shop:
    listen: 127.0.0.1:6432
    upstream: { url: { env: DATABASE_URL } }
    policy: read-only
users:
  agent: { kind: ai_agent, password: { env: AGENT_PASSWORD }, targets: [shop] }
`;

function config(changed: string): Config {
  const loaded = loadConfig({ text: changed, directory: "/tmp" });
  assert.ok("config" in loaded, JSON.stringify(loaded));
  return loaded.config;
}

test("a policy is taken over without a restart", () => {
  const next = config(text.replace("policy: read-only", "policy: migrations"));
  const taken = samePlaces(config(text), next);
  assert.equal(taken.targets[0]?.policyName, "migrations");
  assert.equal(taken.targets[0]?.policy.digest, next.targets[0]?.policy.digest);
});

test("a policy of one user is taken over", () => {
  const next = config(text.replace("targets: [shop] }", "targets: [shop], policy: observe }"));
  assert.equal(samePlaces(config(text), next).users[0]?.policies?.get("shop")?.mode, "observe");
  assert.deepEqual(needsRestart(config(text), next), []);
});

test("what is no policy waits for a restart and keeps running as it was", () => {
  const running = config(text);
  const next = config(`${text.replace("6432", "6433").replace("  agent:", "  other:")}state: elsewhere\n`);
  assert.deepEqual(needsRestart(running, next), [
    "target `shop` is different",
    "user `agent` is gone",
    "user `other` is new",
    "`state` is different",
    "`auditDirectory` is different",
  ]);
  const taken = samePlaces(running, next);
  assert.equal(taken.targets[0]?.listen.port, 6432);
  assert.deepEqual(
    taken.users.map(({ name }) => name),
    ["agent"],
  );
});
