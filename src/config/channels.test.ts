import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadConfig } from "./load-config.ts";

const base = `version: 1
targets:
  shop: { listen: "127.0.0.1:0", upstream: { host: 127.0.0.1, role: app } }
approvals:
`;

function load(lines: string) {
  const text = `${base}${lines.replace(/^/gm, "  ")}\n`;
  return loadConfig({ text, directory: "/etc/holdfast" });
}

function problem(lines: string): string {
  const loaded = load(lines);
  return "problems" in loaded ? loaded.problems.map(({ message }) => message).join("; ") : "none";
}

describe("approvals.channels", () => {
  test("a webhook and both ways to Slack, with what is usual filled in and secrets as references", () => {
    const loaded = load(`channels:
  on-call: { kind: webhook, url: "https://hooks.example/x", secret: { vault: hook-secret }, environments: [production] }
  team:
    kind: slack
    token: { env: SLACK_TOKEN }
    channel: C012
    signing_secret: { file: slack.secret }
    people: { U012AB: ada }
    agree: true
    messages_per_minute: 3
    timeout: 5s
  old: { kind: slack, url: { vault: slack-hook } }`);
    assert.ok("config" in loaded, JSON.stringify(loaded));
    const usual = { environments: null, messagesPerMinuteMax: 10, timeoutMs: 10_000 };
    assert.deepEqual(loaded.config.channels, [
      {
        ...usual,
        name: "on-call",
        environments: ["production"],
        kind: "webhook",
        url: { kind: "text", text: "https://hooks.example/x" },
        secret: { kind: "vault", name: "hook-secret" },
      },
      {
        ...usual,
        name: "team",
        messagesPerMinuteMax: 3,
        timeoutMs: 5_000,
        kind: "slack",
        way: { kind: "token", token: { kind: "env", name: "SLACK_TOKEN" }, room: "C012", api: "https://slack.com/api" },
        clicks: {
          signingSecret: { kind: "file", path: "/etc/holdfast/slack.secret" },
          people: new Map([["U012AB", "ada"]]),
          agree: true,
        },
      },
      { ...usual, name: "old", kind: "slack", way: { kind: "incoming_webhook", url: { kind: "vault", name: "slack-hook" } } },
    ]);
    assert.deepEqual(loaded.config.breakGlass, { personsNeeded: 1, timeMsMax: 3_600_000 });
  });

  test("what is unsafe or means nothing is refused by name", () => {
    const slack = (more: string) => problem(`channels: { team: { kind: slack, ${more} } }`);
    const hook = (more: string) => problem(`channels: { x: { kind: webhook, ${more} } }`);
    const secret = "secret: { vault: s }";
    assert.match(hook(`url: "http://hooks.example/x", ${secret}`), /must be an `https` URL/);
    assert.match(hook(`url: "https://a:b@hooks.example/x", ${secret}`), /without a password/);
    assert.equal(hook(`url: "http://127.0.0.1:9/x", ${secret}`), "none");
    assert.match(hook(`url: "https://hooks.example/x"`), /`secret` is missing/);
    assert.match(hook(`url: "https://hooks.example/x", secret: plain`), /a secret does not stand in this file/);
    assert.match(slack("environments: [production]"), /give one of `url` and `token`/);
    assert.match(slack("url: { vault: u }, token: { vault: t }, channel: C1"), /give one of `url` and `token`/);
    assert.match(slack("token: { vault: t }"), /`token` and `channel` belong together/);
    assert.match(slack("url: { vault: u }, agree: true"), /without `signing_secret` no click can be told from a forged one/);
    assert.match(slack("url: { vault: u }, people: { ada: ada }, signing_secret: { vault: s }"), /must be a Slack member id/);
    assert.match(slack("url: { vault: u }, timeout: 5min"), /from `1s` to `1min`/);
    assert.match(slack("url: { vault: u }, chanel: C1"), /unknown key `chanel`/);
  });
});

describe("approvals.break_glass", () => {
  test("persons and time have bounds", () => {
    const loaded = load("break_glass: { persons: 2, time_max: 20min }");
    assert.deepEqual("config" in loaded && loaded.config.breakGlass, { personsNeeded: 2, timeMsMax: 1_200_000 });
    assert.match(problem("break_glass: { time_max: 2h }"), /at most `1h`/);
    assert.notEqual(problem("break_glass: { persons: 0 }"), "none");
  });
});
