import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { selfSigned } from "../../../test/support/certificates.ts";
import { scratchFolder } from "../../../test/cli/holdfast.ts";
import { openTrust } from "./session-tls.ts";

const { certificate, ca } = selfSigned();
const certificates = `${certificate}${ca}`;

test("a listener that demands no TLS leaves everything as it is", async () => {
  const { host, tls, folder } = await openTrust({ host: "127.0.0.1" }, undefined);
  assert.deepEqual([host, tls, folder], ["127.0.0.1", undefined, undefined]);
});

test("the root among the certificates is trusted, in a folder that goes with the session", async () => {
  const others = join(scratchFolder(), "others.pem");
  writeFileSync(others, "others\n");
  const { host, tls, folder = "", close } = await openTrust({ host: "127.0.0.1", certificates }, others);
  const { mode, root = "", nodeRoots = "" } = tls ?? {};
  assert.deepEqual([host, mode, dirname(root), dirname(nodeRoots)], ["127.0.0.1", "verify-full", folder, folder]);
  assert.equal(readFileSync(root, "utf8"), ca);
  assert.equal(readFileSync(nodeRoots, "utf8"), `others\n\n${ca}`);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  await close();
  assert.equal(existsSync(folder), false);
});

test("the place is called what the certificate calls it, and one for elsewhere is held against its root only", async () => {
  for (const [host, called, mode] of [
    ["::1", "localhost", "verify-full"],
    ["10.9.8.7", "10.9.8.7", "verify-ca"],
  ]) {
    const trust = await openTrust({ host: host ?? "", certificates }, undefined);
    assert.deepEqual([trust.host, trust.tls?.mode], [called, mode]);
    await trust.close();
  }
});

test("without a root nothing can be verified, and nothing claims to be", async () => {
  const { tls, folder } = await openTrust({ host: "127.0.0.1", certificates: certificate }, undefined);
  assert.deepEqual([tls, folder], [{ mode: "require" }, undefined]);
});
