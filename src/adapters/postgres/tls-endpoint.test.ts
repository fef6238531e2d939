import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import { selfSigned } from "../../../test/support/certificates.ts";
import { tlsServerEndPoint } from "./tls-endpoint.ts";

const der = new X509Certificate(selfSigned().certificate).raw;
const ecdsaWithSha256 = "2a8648ce3d040302";

/** The certificate with its outer signature algorithm replaced by another of the same length. */
function signedBy(oid: string): Buffer {
  const hex = der.toString("hex");
  const at = hex.lastIndexOf(ecdsaWithSha256);
  return Buffer.from(hex.slice(0, at) + oid + hex.slice(at + ecdsaWithSha256.length), "hex");
}
const hash = (name: string, bytes: Buffer) => createHash(name).update(bytes).digest();

describe("tls-server-end-point", () => {
  test("hashes by the signature's own hash", () => {
    assert.deepEqual(tlsServerEndPoint(der), hash("sha256", der));
    for (const [oid, name] of [
      ["2a8648ce3d040303", "sha384"],
      ["2a8648ce3d040304", "sha512"],
      ["2a8648ce3d040301", "sha224"],
    ] as const) {
      assert.deepEqual(tlsServerEndPoint(signedBy(oid)), hash(name, signedBy(oid)));
    }
  });
  test("is not defined for an algorithm without one", () => assert.equal(tlsServerEndPoint(signedBy("2a8648ce3d040309")), undefined));
  test("does not read beyond what it is given", () => {
    for (let size = 0; size < der.length; size += 1) assert.equal(tlsServerEndPoint(der.subarray(0, size)), undefined);
  });
});
