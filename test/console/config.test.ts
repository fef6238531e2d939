/** The configuration's `console`: what is taken, and what is refused with where and why. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load-config.ts";

const head = "version: 1\ntargets:\n  shop:\n    listen: 127.0.0.1:0\n    upstream: { host: 127.0.0.1, role: shop }\n";

function load(lines: string) {
  return loadConfig({ text: `${head}${lines}`, directory: "/srv" });
}

test("no console is served unless it stands there", () => {
  const loaded = load("");
  assert("config" in loaded);
  assert.equal(loaded.config.console, undefined);
});

test("it listens on this machine by itself", () => {
  const loaded = load("console: {}\n");
  assert("config" in loaded, JSON.stringify(loaded));
  assert.deepEqual(loaded.config.console, { listen: { host: "127.0.0.1", port: 7433 } });
});

test("with certificates and an address it may be reached from elsewhere", () => {
  const loaded = load("console: { listen: '0.0.0.0:7433', url: 'https://holdfast.example.com', tls: { cert: a.crt, key: a.key } }\n");
  assert("config" in loaded, JSON.stringify(loaded));
  assert.deepEqual(loaded.config.console, {
    listen: { host: "0.0.0.0", port: 7433 },
    url: "https://holdfast.example.com",
    tls: { cert: "/srv/a.crt", key: "/srv/a.key" },
  });
});

test("clear text beyond this machine is refused, by name", () => {
  for (const [lines, expected] of [
    ["console: { listen: '0.0.0.0:7433' }\n", /`tls` is not set.*clear text/s],
    ["console: { listen: '0.0.0.0:7433', tls: { cert: a.crt, key: a.key } }\n", /`url` is not set/],
    ["console: { url: 'http://holdfast.example.com' }\n", /must be `https:\/\/host`/],
    ["console: { url: 'https://holdfast.example.com/console' }\n", /without a path/],
    ["console: { url: 'https://a:b@holdfast.example.com' }\n", /must be `https:\/\/host`/],
    ["console: { lisen: '127.0.0.1:1' }\n", /unknown key `lisen`.*listen/s],
  ] as const) {
    const loaded = load(lines);
    assert("problems" in loaded, lines);
    assert.match(JSON.stringify(loaded.problems), expected, lines);
  }
});
