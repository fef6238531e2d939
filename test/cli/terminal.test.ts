import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { openShop, type Shop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";
import { holdfast, scratchFolder } from "./holdfast.ts";
import { onTerminal } from "./pseudo-terminal.ts";

const width = 100;
/** Lines wider than the terminal that could have been broken: a path or a connection string alone in its line may be as long as it is. */
const tooWide = (text: string) => text.split("\n").filter((line) => line.length > width && /\S\s+\S/.test(line.trim()));

let shop: Shop;
let env: Record<string, string> = {};
const runner = /login of the migration runner/;
const vault = /Seal the server's URL in a vault/;

describe("a person at a terminal", () => {
  before(async () => {
    await tool("bwrap");
    shop = await openShop(await testServer(18));
    const app = await shop.server.ordinaryRole();
    env = { DATABASE_URL: shop.server.url(shop.database, app), ADMIN_URL: shop.server.url(shop.database, shop.admin) };
  });

  test("init asks for the migration runner's login, and writes what was answered", async () => {
    const folder = scratchFolder();
    const { code, text } = await onTerminal(
      ["init"],
      [
        { await: runner, type: `${shop.migrator.user}\r` },
        { await: vault, type: "n\r" },
      ],
      { cwd: folder, env },
    );
    assert.equal(code, 0, text);
    assert.match(readFileSync(join(folder, "holdfast.yaml"), "utf8"), new RegExp(`# {3}migration_role: "${shop.migrator.user}"`));
    assert.deepEqual(tooWide(text), []);
  });

  test("init refuses to share the migration runner's login, and writes nothing", async () => {
    const folder = scratchFolder();
    const url = shop.server.url(shop.database, shop.migrator);
    const { code, text } = await onTerminal(["init"], [{ await: runner, type: `${shop.migrator.user}\r` }], {
      cwd: folder,
      env: { ...env, DATABASE_URL: url },
    });
    assert.equal(code, 1);
    assert.match(text, /is the login of the migration runner: an agent behind it could do whatever migrations do/);
    assert.equal(existsSync(join(folder, "holdfast.yaml")), false);
    assert.ok(!text.includes(shop.migrator.password));
    const admin = { ...env, ADMIN_URL: url };
    const flags = ["--admin-url-env", "ADMIN_URL", "--migration-role", shop.migrator.user];
    const second = await holdfast(["init", ...flags], { cwd: folder, env: admin });
    assert.match(second.err, /session roles are made with a login of its own/);
  });

  test("init with an administrator shows every statement, and wrong input changes nothing", async () => {
    const folder = scratchFolder();
    const roles = () => shop.server.asSuperuser(`SELECT FROM pg_roles WHERE rolname LIKE 'holdfast\\_${shop.target}\\_%'`);
    const words = ["init", "--admin-url-env", "ADMIN_URL", "--target", shop.target, "--no-vault"];
    const first = await onTerminal(
      words,
      [
        { await: runner, type: `${shop.migrator.user}\r` },
        { await: /Type the target's name to run them:/, type: "yes\r" },
      ],
      { cwd: folder, env },
    );
    assert.match(first.text, /CREATE ROLE "holdfast_\w+_reader"/);
    assert.match(first.text, /nothing was changed/);
    assert.equal((await roles()).length, 0);
    const provision = ["provision", "--admin-url-env", "ADMIN_URL"];
    const interrupted = await onTerminal(provision, [{ await: /Type the target's name/, type: "\x03" }], { cwd: folder, env });
    assert.notEqual(interrupted.code, 0);
    assert.equal((await roles()).length, 0);
    const agreed = await onTerminal(provision, [{ await: /Type the target's name/, type: `${shop.target}\r` }], { cwd: folder, env });
    assert.equal(agreed.code, 0, agreed.text);
    assert.match(agreed.text, /\ndone\n/);
    assert.ok((await roles()).length > 1);
    const again = await onTerminal(provision, [], { cwd: folder, env });
    assert.match(again.text, /nothing is to be done/);
    for (const { text } of [first, interrupted, agreed, again])
      for (const { password } of [shop.admin, shop.owner, shop.migrator]) assert.ok(!text.includes(password));
    const undone = await onTerminal(
      [...provision, "--undo"],
      [{ await: /Type the target's name to take them back/, type: `${shop.target}\r` }],
      {
        cwd: folder,
        env,
      },
    );
    assert.equal(undone.code, 0, undone.text);
  });

  test("init that seals the URL goes on to the server's rights without asking for the passphrase again", async () => {
    const secret = "eight small words that nobody else would say";
    const made = await onTerminal(
      ["init", "--admin-url-env", "ADMIN_URL", "--target", shop.target, "--vault"],
      [
        { await: runner, type: `${shop.migrator.user}\r` },
        { await: /New passphrase for the vault: /, type: `${secret}\r` },
        { await: /The same again: /, type: `${secret}\r` },
        { await: /Type the target's name to run them:/, type: "no\r" },
      ],
      { cwd: scratchFolder(), env },
    );
    assert.match(made.text, /CREATE ROLE "holdfast_\w+_reader"[\s\S]*nothing was changed/);
    assert.equal(made.text.match(/passphrase.*: /g)?.length, 1, made.text);
  });

  test("a passphrase is not shown, neither typed nor in the files, and two that differ make nothing", async () => {
    const folder = scratchFolder();
    const secret = "nine quiet lamps over a river";
    const wrong = await onTerminal(
      ["init", "--vault", "--migration-role", "none"],
      [
        { await: /New passphrase for the vault: /, type: `${secret}\r` },
        { await: /The same again: /, type: "nine quiet lamps\r" },
      ],
      { cwd: folder, env },
    );
    assert.equal(wrong.code, 1, wrong.text);
    assert.match(wrong.text, /the two are not the same/);
    assert.equal(existsSync(join(folder, "holdfast.yaml")), false);
    const interrupted = await onTerminal(
      ["init", "--vault", "--migration-role", "none"],
      [{ await: /New passphrase for the vault: /, type: `${secret}\x03` }],
      { cwd: folder, env },
    );
    assert.notEqual(interrupted.code, 0);
    const right = await onTerminal(
      ["init", "--vault", "--migration-role", "none"],
      [
        { await: /New passphrase for the vault: /, type: `${secret}\r` },
        { await: /The same again: /, type: `${secret}\r` },
      ],
      { cwd: folder, env },
    );
    assert.equal(right.code, 0, right.text);
    for (const { text } of [wrong, interrupted, right]) assert.ok(!text.includes("quiet lamps"), text);
    assert.ok(!readFileSync(join(folder, "holdfast.yaml"), "utf8").includes("quiet lamps"));
  });

  test("Ctrl-C reaches the program of a run, which may take it, and its exit code comes back", async () => {
    const folder = scratchFolder();
    await holdfast(["init", "--no-vault"], { cwd: folder, env });
    const script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.1; done";
    for (const sandbox of [[], ["--sandbox"]]) {
      const { code, text } = await onTerminal(["run", ...sandbox, "--", "/bin/sh", "-c", script], [{ await: /^ready/m, type: "\x03" }], {
        cwd: folder,
        env: { ...env, HOME: folder },
      });
      assert.match(text, /caught/);
      assert.equal(code, 5, text);
      assert.match(text, /the run is over/);
    }
  });

  test("a program in a sandbox has the terminal, and cannot type into it", async () => {
    const folder = scratchFolder();
    await holdfast(["init", "--no-vault"], { cwd: folder, env });
    const script = `test -t 0 && test -t 1 && stty size; python3 -c 'import fcntl,sys; fcntl.ioctl(0, 0x5412, b"x")' 2>&1 | tail -1`;
    const { text } = await onTerminal(["run", "--sandbox", "--", "/bin/sh", "-c", script], [], {
      cwd: folder,
      env: { ...env, HOME: folder },
    });
    assert.match(text, /^0 100$|^\d+ 100$/m);
    assert.match(text, /Operation not permitted|python3: not found/);
  });
});
