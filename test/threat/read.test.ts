import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeScenes, Scene, type Up } from "./scene.ts";

/** Reads all that the account may read and counts what it finds of the secrets, in plain, hexadecimal and base64. */
const search = `
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
const [folder, pid, ...secrets] = process.argv.slice(1);
const files = (at) => readdirSync(at, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(join(at, e.name)) : e.isFile() ? [join(at, e.name)] : []));
const descriptors = readdirSync("/proc/" + pid + "/fd").map((fd) => "/proc/" + pid + "/fd/" + fd).filter((path) => { try { return statSync(path).isFile(); } catch { return false; } });
const places = [...files(folder), "/proc/" + pid + "/environ", "/proc/" + pid + "/cmdline", ...descriptors];
const forms = secrets.flatMap((s) => [s, Buffer.from(s).toString("hex"), Buffer.from(s).toString("base64").slice(0, -4)]);
const found = places.filter((path) => { let bytes; try { bytes = readFileSync(path); } catch { return false; } return forms.some((form) => bytes.includes(form)); });
console.log(JSON.stringify({ places, found }));
`;

describe("an agent of the gateway's account that reads whatever it can", () => {
  let scene: Scene;
  let up: Up;
  before(async () => {
    scene = await Scene.open();
    up = await scene.up();
    const client = await up.connect();
    await client.query("SELECT * FROM orders");
    await client.query("DELETE FROM orders").catch(() => undefined);
  });
  after(closeScenes);

  test("finds no secret in any file of the state folder, the environment, the arguments or the open files of the gateway", async () => {
    const { vault, person, server } = scene.secrets;
    const { places, found } = JSON.parse(await scene.agent(search, scene.folder, String(up.pid), vault, person, server)) as Record<
      string,
      string[]
    >;
    assert.deepEqual(found, []);
    for (const expected of [scene.vaultFile, scene.config, `/proc/${up.pid}/environ`]) assert.ok(places?.includes(expected), expected);
    assert.ok(!places?.some((path) => path.endsWith("audit.key")), "no plain signing key lies there");
  });

  test("the search would have found them", async () => {
    scene.write(`${scene.folder}/planted`, `x${Buffer.from(scene.secrets.server).toString("hex")}x`);
    const { found } = JSON.parse(await scene.agent(search, scene.folder, String(up.pid), scene.secrets.server)) as { found: string[] };
    assert.deepEqual(found, [`${scene.folder}/planted`]);
  });

  test("opens the vault neither without its passphrase nor with another, and nobody can be asked", async () => {
    for (const words of [
      ["vault", "list"],
      ["vault", "accept"],
      ["person", "add", "mallory", "--generate"],
      ["vault", "passwd"],
    ]) {
      const asked = await scene.run(words);
      assert.deepEqual([asked.code, /the vault is sealed, and nobody can be asked/.test(asked.err)], [1, true], asked.err);
      const guessed = await scene.run(words, { key: "a passphrase of the agent's own" });
      assert.deepEqual([guessed.code, /wrong passphrase, or the vault is damaged/.test(guessed.err)], [1, true], guessed.err);
    }
  });

  test("a secret never comes from an argument or a variable, and no command prints one", async () => {
    const key = scene.secrets.vault;
    const listed = await scene.run(["vault", "list", "--json"], { key });
    const persons = await scene.run(["person", "list", "--json"], { key });
    assert.equal(listed.code, 0, listed.err);
    for (const text of [listed.out, persons.out]) for (const secret of Object.values(scene.secrets)) assert.ok(!text.includes(secret));
    const argument = await scene.run(["vault", "add", "x", "value-on-the-command-line"], { key });
    assert.equal(argument.code, 2);
  });
});
