import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, verify } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadOrCreateSigner, publicKeyFile, signerOf } from "./keys.ts";
import { parseCheckpoint, parseNotes, parseVerifierKey, signatureHolds, signCheckpoint, verifierKeyText } from "./note.ts";

test("a checkpoint is a signed note as C2SP words it", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const signer = signerOf(privateKey, "example.com/log");
  const { text } = signCheckpoint("example.com/log", 7, Buffer.alloc(32, 5), signer);
  const lines = text.split("\n");
  assert.deepEqual(lines.slice(0, 4), ["example.com/log", "7", Buffer.alloc(32, 5).toString("base64"), ""]);
  const [dash, name, encoded] = (lines[4] ?? "").split(" ");
  assert.deepEqual([dash, name, lines[5], lines.length], ["\u2014", "example.com/log", "", 6]);
  const bytes = Buffer.from(encoded ?? "", "base64");
  // By hand, not with the code under test: id = SHA-256(name, line feed, 0x01, key), first four bytes.
  const id = createHash("sha256")
    .update(Buffer.concat([Buffer.from("example.com/log\n\u0001"), signer.publicKey]))
    .digest()
    .subarray(0, 4);
  assert.deepEqual(bytes.subarray(0, 4), id);
  assert.ok(verify(null, Buffer.from(`${lines.slice(0, 3).join("\n")}\n`), publicKey, bytes.subarray(4)));
});

test("a published verifier key parses, and one character wrong does not", () => {
  // The example key of Go's golang.org/x/mod/sumdb/note.
  const key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  assert.equal(parseVerifierKey(key).name, "PeterNeumann");
  for (const wrong of [key.replace("c74f", "c74e"), key.replace("Peter", "Petra"), key.replace("ARpc", "ARpd"), "", "a+b+c"]) {
    assert.throws(() => parseVerifierKey(wrong), /public key/);
  }
});

test("the example note of the same package verifies", () => {
  const key = parseVerifierKey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const body = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
  assert.ok(signatureHolds({ origin: "", size: 0, root: "", text: `${body}\n— PeterNeumann ${signature}\n` }, key));
  assert.ok(
    !signatureHolds({ origin: "", size: 0, root: "", text: `${body.replace("think", "thank")}\n— PeterNeumann ${signature}\n` }, key),
  );
});

test("other signatures are passed over, and what is not a checkpoint is none", () => {
  const signer = signerOf(generateKeyPairSync("ed25519").privateKey, "mine");
  const key = parseVerifierKey(verifierKeyText("mine", signer.publicKey));
  const { text } = signCheckpoint("o", 0, Buffer.alloc(32), signer);
  const cosigned = parseCheckpoint(`${text}— witness.example ${Buffer.alloc(76, 1).toString("base64")}\n`);
  assert.ok(cosigned !== null && signatureHolds(cosigned, key));
  for (const wrong of [text.slice(0, -1), `${text}\n`, text.replace("\n0\n", "\n00\n"), text.replace("—", "-"), ""])
    assert.equal(parseCheckpoint(wrong), null);
  const { notes, rest } = parseNotes(`${text}\n${text}\n${text.slice(0, 20)}`);
  assert.deepEqual([notes.length, rest], [2, text.slice(0, 20)]);
});

test("the key is made once, kept to its owner, and refused when others may read it", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-keys-"));
  const first = await loadOrCreateSigner(directory, "holdfast.example/log");
  const again = await loadOrCreateSigner(directory, "holdfast.example/log");
  assert.deepEqual(again.publicKey, first.publicKey);
  assert.equal((await stat(join(directory, "audit.key"))).mode & 0o777, 0o600);
  assert.equal((await readFile(join(directory, publicKeyFile), "utf8")).trim(), verifierKeyText("holdfast.example/log", first.publicKey));
  await chmod(join(directory, "audit.key"), 0o644);
  await assert.rejects(loadOrCreateSigner(directory, "holdfast.example/log"), /can be read by others: run chmod 600/);
  await assert.rejects(loadOrCreateSigner(directory, "two words"), /white space/);
  await rm(directory, { recursive: true });
});
