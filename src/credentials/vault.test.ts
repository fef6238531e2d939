import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type LogFiles, directoryFiles } from "../audit/files.ts";
import { manualClock } from "../base/clock.ts";
import { systemRandom } from "../base/ids.ts";
import { passphraseBytes, passphraseProblem } from "../base/passphrase-key.ts";
import { type VaultContent, secretNameProblem } from "./vault-content.ts";
import { sealVault, unsealVault, vaultHeader } from "./vault-seal.ts";
import { type Vault, createVault, openVault, vaultExists, vaultFile } from "./vault.ts";

const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));
const folder = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), "holdfast-vault-")));
  return folders.at(-1) ?? "";
};

// The floor: a file of many derivations stays short.
const cost = { cost: 2 ** 15, blockSize: 8, parallelization: 1 };
const passphrase = passphraseBytes("a passphrase for tests");
const empty: VaultContent = { secrets: {}, persons: {}, auditKey: "pem", logSize: 0, configDigest: null, changes: [] };
const planted = "synthetic-secret-value-1";

function parts(directory: string, files?: LogFiles) {
  return { directory, clock: manualClock(), random: systemRandom, cost, ...(files === undefined ? {} : { files }) };
}
const made = (directory: string, files?: LogFiles) => createVault(parts(directory, files), passphrase, empty);

function withSecret(name: string, value: string): (content: VaultContent) => VaultContent {
  const secret = { kind: "password", value, hosts: [], createdAtMs: 1, rotatedAtMs: null } as const;
  return (content) => ({ ...content, secrets: { ...content.secrets, [name]: secret } });
}

describe("a vault", () => {
  test("keeps what was put in for whoever has the passphrase, and shows it to nobody else", async () => {
    const directory = folder();
    assert.equal(vaultExists(directory), false);
    const vault = await made(directory);
    await vault.update(withSecret("db", planted), "added `db`");
    assert.equal(vault.secret("db"), planted);
    assert.equal(vault.secret("toString"), undefined);
    const bytes = readFileSync(vault.path);
    assert.ok(!bytes.includes(planted) && !bytes.includes(Buffer.from(planted).toString("base64").slice(4, 20)));
    // A name as short as `db` alone stands in one of 65 such files by chance.
    assert.ok(!bytes.includes("added `db`") && !bytes.includes('"db"'));
    assert.equal(statSync(vault.path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(directory), [vaultFile]);
    const again = await openVault(parts(directory), passphrase);
    assert.deepEqual(
      [again.secret("db"), again.generation, again.content.changes.map(({ what }) => what)],
      [planted, 2, ["made", "added `db`"]],
    );
    await assert.rejects(
      openVault(parts(directory), passphraseBytes("a passphrase for testz")),
      /wrong passphrase, or the vault is damaged/,
    );
    await assert.rejects(made(directory), /there is a vault already/);
  });

  test("opens no byte that was changed, header included", async () => {
    const directory = folder();
    const vault = await made(directory);
    const whole = readFileSync(vault.path);
    const text = whole.toString();
    const lineEnd = text.indexOf("\n");
    const places = [1, 20, text.indexOf("generation") + 12, text.indexOf("nonce") + 9, lineEnd - 2, lineEnd, lineEnd + 1, whole.length - 3];
    for (const at of places) {
      const changed = Buffer.from(whole);
      changed[at] = changed[at] === 0x41 ? 0x42 : 0x41;
      writeFileSync(vault.path, changed);
      await assert.rejects(openVault(parts(directory), passphrase), `byte ${at}`);
    }
    for (const bytes of [
      Buffer.alloc(0),
      whole.subarray(0, 40),
      whole.subarray(0, whole.length / 2),
      Buffer.concat([whole, whole]),
      Buffer.concat([whole, Buffer.from(" ")]),
    ]) {
      writeFileSync(vault.path, bytes);
      await assert.rejects(openVault(parts(directory), passphrase), `${bytes.length} bytes`);
    }
  });

  test("is refused with parameters below the floor, although whoever weakened them knew the passphrase", async () => {
    const bytes = sealVault(
      Buffer.from("{}"),
      1,
      { key: Buffer.alloc(32), salt: Buffer.alloc(32).toString("base64"), cost: { ...cost, cost: 2 ** 10 } },
      systemRandom,
    );
    const directory = folder();
    writeFileSync(join(directory, vaultFile), bytes);
    await assert.rejects(openVault(parts(directory), passphrase), /weaker than Holdfast accepts/);
  });

  test("is never taken back to an older version, nor to another of the same number", async () => {
    const directory = folder();
    const vault = await made(directory);
    const first = readFileSync(vault.path);
    const other = await openVault(parts(directory), passphrase);
    await vault.update(withSecret("db", planted), "added");
    writeFileSync(vault.path, first);
    await assert.rejects(vault.refresh(), /an older one was put back/);
    await assert.rejects(vault.update(withSecret("x", "y"), "added"), /an older one was put back/);
    assert.equal(vault.secret("db"), planted);
    await other.update(withSecret("db", "another"), "added");
    await assert.rejects(vault.refresh(), /two versions 2 of the vault/);
  });

  test("another vault in its place is noticed, and one that is gone", async () => {
    const directory = folder();
    const vault = await made(directory);
    rmSync(vault.path);
    await assert.rejects(vault.refresh(), /there is no vault/);
    await createVault(parts(directory), passphrase, empty);
    await assert.rejects(vault.refresh(), /another passphrase, or is another vault/);
  });

  test("written by many at once loses nothing", async () => {
    const directory = folder();
    await made(directory);
    const writers = await Promise.all([0, 1, 2, 3].map(() => openVault(parts(directory), passphrase)));
    await Promise.all(writers.map((vault, i) => vault.update(withSecret(`s${i}`, planted), `added s${i}`)));
    const vault = await openVault(parts(directory), passphrase);
    assert.deepEqual([Object.keys(vault.content.secrets).sort(), vault.generation], [["s0", "s1", "s2", "s3"], 5]);
  });

  test("whose writing fails stays what it was, in the file and in memory", async () => {
    const directory = folder();
    const real = await directoryFiles(directory);
    let failing = false;
    const files: LogFiles = {
      ...real,
      replace: (name, bytes) => (failing ? Promise.reject(new Error("no space")) : real.replace(name, bytes)),
    };
    const vault = await made(directory, files);
    failing = true;
    await assert.rejects(vault.update(withSecret("db", planted), "added"), /no space/);
    assert.deepEqual([vault.generation, vault.secret("db")], [1, undefined]);
    failing = false;
    await vault.update(withSecret("db", planted), "added");
    assert.equal((await openVault(parts(directory), passphrase)).generation, 2);
  });

  test("with another passphrase is closed to the former one, and to the key that an open vault holds", async () => {
    const directory = folder();
    const vault = await made(directory);
    const bystander: Vault = await openVault(parts(directory), passphrase);
    const next = passphraseBytes("another passphrase now");
    await vault.changePassphrase(next, cost);
    await vault.update(withSecret("db", planted), "added");
    await assert.rejects(openVault(parts(directory), passphrase), /wrong passphrase/);
    await assert.rejects(bystander.refresh(), /sealed anew with another passphrase/);
    assert.equal((await openVault(parts(directory), next)).secret("db"), planted);
  });

  test("that is closed has no key any more", async () => {
    const vault = await made(folder());
    vault.close();
    await assert.rejects(vault.refresh(), /wrong passphrase/);
  });
});

test("each writing has a nonce of its own, and the body is authenticated with its header", () => {
  const key = { key: Buffer.alloc(32, 7), salt: Buffer.alloc(32).toString("base64"), cost };
  const [a, b] = [sealVault(Buffer.from("x"), 1, key, systemRandom), sealVault(Buffer.from("x"), 1, key, systemRandom)];
  assert.notEqual(vaultHeader(a).nonce, vaultHeader(b).nonce);
  const [header = ""] = a.toString().split("\n");
  const later = header.replace('"generation":1', '"generation":9');
  assert.throws(() => unsealVault(Buffer.from(a.toString().replace(header, later)), key), /damaged/);
});

test("passphrases and names that are refused", () => {
  for (const weak of ["", "short", "aaaaaaaaaaaaaaaa", "ababababababab"])
    assert.notEqual(passphraseProblem(passphraseBytes(weak)), null, weak);
  assert.equal(passphraseProblem(passphrase), null);
  for (const name of ["", "1a", "a b", "a/b", `a${"b".repeat(64)}`]) assert.notEqual(secretNameProblem(name), null, name);
  for (const name of ["shop-url", "DATABASE_URL", "a.b_c"]) assert.equal(secretNameProblem(name), null, name);
});
