import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isLoopback, parseListen, upstreamFromUrl } from "./address.ts";
import { editDistance, nearest } from "./nearest.ts";
import { parseBytes, parseDuration, parsePercent } from "./quantities.ts";

test("quantities", () => {
  const durations: readonly [string, number | undefined][] = [
    ["30s", 30_000],
    ["5min", 300_000],
    ["1.5h", 5_400_000],
    ["250ms", 250],
    ["1d", 86_400_000],
    ["24d", 24 * 86_400_000],
    ["25d", undefined],
    ["30", undefined],
    ["30S", undefined],
    ["-1s", undefined],
    ["1m", undefined],
    ["", undefined],
    ["1e3s", undefined],
  ];
  for (const [text, expected] of durations) assert.equal(parseDuration(text), expected, text);
  const bytes: readonly [string, number | undefined][] = [
    ["64MiB", 67_108_864],
    ["1 GiB", 1_073_741_824],
    ["10B", 10],
    ["64MB", undefined],
    ["64", undefined],
    ["999999999999GiB", undefined],
  ];
  for (const [text, expected] of bytes) assert.equal(parseBytes(text), expected, text);
  const shares: readonly [string, number | undefined][] = [
    ["50%", 50],
    ["0%", 0],
    ["100 %", 100],
    ["101%", undefined],
    ["0.5", undefined],
    ["12.5%", undefined],
    ["50", undefined],
    ["-5%", undefined],
    ["%", undefined],
  ];
  for (const [text, expected] of shares) assert.equal(parsePercent(text), expected, text);
});

test("the nearest word", () => {
  assert.equal(nearest("polcy", ["policy", "police", "tls"]), "policy");
  assert.equal(nearest("READ-ONLY", ["read-only"]), "read-only");
  assert.equal(nearest("zebra", ["policy", "tls"]), undefined);
});

test("edit distance is a distance", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      assert.equal(editDistance(a, a), 0);
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
      assert(editDistance(a, b) >= Math.abs(a.length - b.length) && editDistance(a, b) <= Math.max(a.length, b.length));
      if (a !== b) assert(editDistance(a, b) > 0);
    }),
  );
});

test("addresses to listen on", () => {
  const table: readonly [string, ReturnType<typeof parseListen>][] = [
    ["127.0.0.1:6432", { host: "127.0.0.1", port: 6432 }],
    ["[::1]:6432", { host: "::1", port: 6432 }],
    ["localhost:0", { host: "localhost", port: 0 }],
    [":6432", undefined],
    ["127.0.0.1", undefined],
    ["127.0.0.1:65536", undefined],
    ["a b:1", undefined],
    ["::1:6432", undefined],
  ];
  for (const [text, expected] of table) assert.deepEqual(parseListen(text), expected, text);
  assert.deepEqual(["127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", "127.evil.example"].map(isLoopback), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test("PostgreSQL URLs", () => {
  assert.deepEqual(upstreamFromUrl("postgres://app:p%40ss@db.example:6000/my%20shop?sslmode=prefer"), {
    host: "db.example",
    port: 6000,
    role: "app",
    password: "p@ss",
    database: "my shop",
    tls: "require",
  });
  assert.deepEqual(upstreamFromUrl("postgresql://app@[::1]/"), { host: "::1", port: 5432, role: "app" });
  for (const bad of [
    "mysql://a@b/c",
    "postgres://db/shop",
    "postgres:///shop",
    "not a url",
    "postgres://a@b/c?sslmode=off",
    "postgres://%ff@b/c",
  ]) {
    assert.equal(upstreamFromUrl(bad), undefined, bad);
  }
});
