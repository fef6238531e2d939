import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { UpstreamConfig } from "./config.ts";
import { readSecret, resolveUpstreamAddress, vaultPlace } from "./read-secret.ts";

const fixed = { md5Allowed: false, cleartextAllowed: false } as const;
const url = { kind: "env", name: "URL" } as const;

test("a secret URL gives what the file does not say, and the file is the last word", () => {
  const upstream: UpstreamConfig = { ...fixed, url, port: 7 };
  const resolved = resolveUpstreamAddress(upstream, { URL: "postgres://app:synthetic@db.example/shop?sslmode=require" });
  assert("upstream" in resolved);
  const { password, ...address } = resolved.upstream;
  assert.deepEqual(address, { host: "db.example", port: 7, role: "app", database: "shop", tls: "require" });
  assert.equal(password(), "synthetic");
});

test("TLS is verified unless the server is on this machine", () => {
  for (const [host, tls] of [
    ["db.example", "verify-full"],
    ["127.0.0.1", "disable"],
  ] as const) {
    const resolved = resolveUpstreamAddress({ ...fixed, url }, { URL: `postgres://app@${host}/shop` });
    assert("upstream" in resolved && resolved.upstream.tls === tls);
  }
});

test("what is wrong is said without the secret's bytes", () => {
  assert.deepEqual(resolveUpstreamAddress({ ...fixed, url }, {}), { message: "environment variable `URL` is not set" });
  const bad = resolveUpstreamAddress({ ...fixed, url }, { URL: "mysql://app:synthetic@db" });
  assert("message" in bad && !bad.message.includes("synthetic"));
});

test("files: one line end is not part of the secret, and not everybody may read it", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-secret-"));
  try {
    const path = join(folder, "secret");
    writeFileSync(path, "synthetic\n\n", { mode: 0o600 });
    assert.deepEqual(readSecret({ kind: "file", path }, {}), { ok: true, value: "synthetic\n" });
    chmodSync(path, 0o644);
    const open = readSecret({ kind: "file", path }, {});
    assert(!open.ok && /readable by everybody/.test(open.message));
    assert.equal(readSecret({ kind: "file", path: join(folder, "none") }, {}).ok, false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a secret of the vault is asked for where one is open, and its absence says what to do", () => {
  const inVault = { kind: "vault", name: "shop-url" } as const;
  const held = new Map([["shop-url", "postgres://app:synthetic@db.example/shop"]]);
  const places = { URL: "other", [vaultPlace]: { secret: (name: string) => held.get(name) } };
  assert.deepEqual(readSecret(inVault, places), { ok: true, value: "postgres://app:synthetic@db.example/shop" });
  const resolved = resolveUpstreamAddress({ ...fixed, url: inVault }, places);
  assert("upstream" in resolved && resolved.upstream.password() === "synthetic");
  // What a copy of the variables is made of keeps the vault: it is handed on whole.
  assert.equal(readSecret(inVault, { ...places }).ok, true);
  held.set("shop-url", "postgres://app:rotated@db.example/shop");
  assert.equal(resolved.upstream.password(), "rotated");
  const closed = readSecret(inVault, {});
  assert(!closed.ok && /not open: make one with `holdfast vault init`/.test(closed.message));
  const absent = readSecret({ kind: "vault", name: "none" }, places);
  assert(!absent.ok && /`holdfast vault add none`/.test(absent.message));
});
