import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadOrCreateSigner } from "./keys.ts";

describe("the audit key", () => {
  const folder = (): string => mkdtempSync(join(tmpdir(), "holdfast-keys-"));

  test("is made once, private, and found again", async () => {
    const directory = folder();
    const first = await loadOrCreateSigner(directory, "holdfast");
    const second = await loadOrCreateSigner(directory, "holdfast");
    assert.deepEqual(first.publicKey, second.publicKey);
    assert.deepEqual(readdirSync(directory).sort(), ["audit.key", "audit.pub"]);
    assert.equal(statSync(join(directory, "audit.key")).mode & 0o777, 0o600);
    rmSync(directory, { recursive: true });
  });

  test("a first start that was killed half way is completed by the next", async () => {
    const directory = folder();
    // Killed while it wrote the private key: nothing of it counts.
    writeFileSync(join(directory, "audit.key.new"), "-----BEGIN PRIV", { mode: 0o600 });
    const first = await loadOrCreateSigner(directory, "holdfast");
    const text = readFileSync(join(directory, "audit.pub"), "utf8");
    // Killed between the private key and the public one.
    rmSync(join(directory, "audit.pub"));
    const second = await loadOrCreateSigner(directory, "holdfast");
    assert.deepEqual(first.publicKey, second.publicKey);
    assert.equal(readFileSync(join(directory, "audit.pub"), "utf8"), text);
    rmSync(directory, { recursive: true });
  });

  test("a damaged or readable one is refused, never replaced", async () => {
    const directory = folder();
    writeFileSync(join(directory, "audit.key"), "no key", { mode: 0o600 });
    await assert.rejects(loadOrCreateSigner(directory, "holdfast"));
    assert.equal(readFileSync(join(directory, "audit.key"), "utf8"), "no key");
    rmSync(join(directory, "audit.key"));
    await loadOrCreateSigner(directory, "holdfast");
    chmodSync(join(directory, "audit.key"), 0o644);
    await assert.rejects(loadOrCreateSigner(directory, "holdfast"), /can be read by others/);
    rmSync(directory, { recursive: true });
  });
});
