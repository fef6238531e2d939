import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { account, closeScenes, Scene } from "./scene.ts";

describe("where the vault's passphrase may come from", () => {
  let scene: Scene;
  let file = "";
  before(async () => {
    scene = await Scene.open();
    file = join(scene.folder, "key");
    scene.write(file, `${scene.secrets.vault}\n`);
  });
  after(closeScenes);

  const list = (...words: readonly string[]) => scene.run(["vault", "list", "--json", ...words]);

  test("not a file of the gateway's own account, which an agent of that account could read too", async () => {
    const { code, err } = await list("--vault-key-file", file);
    assert.deepEqual([code, /belongs to this account/.test(err)], [1, true], err);
  });

  test("a file that another account owns and lends by its group, but not one that is open to everybody", {
    skip: otherAccount(),
  }, async () => {
    chownSync(file, 0, account.gid ?? 0);
    chmodSync(file, 0o440);
    const lent = await list("--vault-key-file", file);
    assert.equal(lent.code, 0, lent.err);
    chmodSync(file, 0o444);
    assert.match((await list("--vault-key-file", file)).err, /open to everybody/);
    assert.match((await list("--vault-key-file", `${file}-none`)).err, /cannot be read: ENOENT/);
  });

  test("the service manager's credential `holdfast-vault`", async () => {
    const credentials = join(scene.folder, "credentials");
    mkdirSync(credentials, { mode: 0o700 });
    if (account.uid !== undefined) chownSync(credentials, account.uid, account.gid);
    scene.write(join(credentials, "holdfast-vault"), scene.secrets.vault);
    const { code, err } = await scene.run(["vault", "list"], { env: { CREDENTIALS_DIRECTORY: credentials } });
    assert.equal(code, 0, err);
  });

  test("a descriptor, but none that is not open", async () => {
    assert.equal((await scene.run(["vault", "list"], { key: scene.secrets.vault })).code, 0);
    assert.match((await list("--vault-key-fd", "900")).err, /file descriptor 900 cannot be read: EBADF/);
    assert.match((await list("--vault-key-fd", "x")).err, /takes the number of a file descriptor/);
  });

  test("never a process with a debugger: it would read all of it", async () => {
    const { code, err } = await scene.run(["vault", "list"], { key: scene.secrets.vault, env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" } });
    assert.deepEqual([code, /a debugger is open on this process/.test(err)], [1, true], err);
  });
});

/** Only root can give a file to another account. */
function otherAccount(): string | false {
  return account.uid === undefined ? "an ordinary account cannot give a file to another one" : false;
}
