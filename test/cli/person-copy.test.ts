import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { testServer } from "../support/servers.ts";
import { holdfast, type Ran, scratchFolder } from "./holdfast.ts";

const key = "a synthetic passphrase for tests";
const keyed = ["--vault-key-fd", "0"];

test("a person is registered at another gateway with the same key, and no secret goes along", async () => {
  const server = await testServer(18);
  const role = await server.ordinaryRole();
  const database = await server.scratchDatabase();
  const at = async (): Promise<string> => {
    const cwd = scratchFolder();
    const env = { DATABASE_URL: database.url(role) };
    const made = await holdfast(["init", "--vault", "--listen", "127.0.0.1:0", ...keyed], { cwd, env, input: key });
    assert.equal(made.code, 0, made.err);
    return cwd;
  };
  const person = (cwd: string, ...words: string[]): Promise<Ran> => holdfast(["person", ...words, ...keyed], { cwd, input: key });
  const [here, there] = [await at(), await at()];
  const added = await person(here, "add", "ada", "--generate", "--json");
  const { passphrase } = JSON.parse(added.out) as { passphrase: string };
  const shown = await person(here, "show", "ada");
  assert.equal(shown.code, 0, shown.err);
  assert.doesNotMatch(shown.out, new RegExp(passphrase));
  const file = join(here, "ada.json");
  writeFileSync(file, shown.out);
  const copied = await person(there, "add", "ada", "--from", file, "--approves", "staging");
  assert.equal(copied.code, 0, copied.err);
  const keysAt = async (cwd: string) =>
    (JSON.parse((await person(cwd, "list", "--json")).out) as { persons: { publicKey: string; approves: string[] }[] }).persons;
  const [[first], [second]] = [await keysAt(here), await keysAt(there)];
  assert.equal(second?.publicKey, first?.publicKey);
  assert(copied.out.includes(first?.publicKey ?? "none"), copied.out);
  assert.deepEqual(second?.approves, ["staging"], "what the person may open is said here");

  writeFileSync(file, readFileSync(file, "utf8").replace(first?.publicKey ?? "", "c2hvcnQ="));
  const damaged = await person(there, "add", "ben", "--from", file);
  assert.equal(damaged.code, 1);
  assert.match(damaged.err, /cannot be used: not an Ed25519 public key/);
  const both = await person(there, "add", "ben", "--from", file, "--generate");
  assert.equal(both.code, 2);
  const nobody = await person(here, "show", "eve");
  assert.match(nobody.err, /nobody is registered as `eve`/);
  assert.equal((await keysAt(there)).length, 1);
});
