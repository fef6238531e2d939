/** `holdfast bin` by the command line: what a person reads, what a program reads, and what neither gets without the person. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { BinView } from "../../src/control/contract.ts";
import { type BinScene, openBinScene } from "../bin-wire/scene.ts";
import { holdfast } from "../cli/holdfast.ts";

describe("holdfast bin", () => {
  let scene: BinScene;
  const drop = async (text: string) => {
    const client = await scene.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  const list = (...words: readonly string[]) => holdfast(["bin", "list", "--socket", scene.socket, ...words]);
  const listed = async () => (JSON.parse((await list("--json")).out) as BinView).entries;

  before(async () => {
    const schema = "CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1), (2); CREATE TABLE logs (id int)";
    scene = await openBinScene(18, schema, { person: true });
  });
  after(() => scene?.stop());

  test("lists, restores by session and since, and says what it did", async () => {
    assert.match((await list()).out, /^nothing rests in the bin/);
    await drop("DROP TABLE users");
    const { out } = await list();
    assert.match(out, /^ENTRY +WHEN +TARGET +ACT +SIZE +WHAT\nn_[0-9a-z]{10} .* DROP TABLE .* public\.users\n$/);
    const [entry] = await listed();
    assert(entry?.action !== undefined);
    const session = entry.action.slice(0, entry.action.lastIndexOf("."));
    const none = await scene.command("bin", "restore", "s_nobodys");
    assert.equal(none.code, 1);
    assert.match(none.err, /nothing in the bin is of `s_nobodys`/);
    const done = await scene.command("bin", "restore", session);
    assert.equal(done.code, 0, done.err);
    assert.match(done.err, /Out of the bin and back where it was:\n {2}n_.*DROP TABLE at .*\n {4}table public\.users\n/);
    assert.equal(done.out, `restored: ${entry.id}, public.users\n`);
    assert.deepEqual(await listed(), []);
  });

  test("two generations of one name: --since --replace ends with the oldest, and the others rest", async () => {
    await drop("DROP TABLE users");
    const owner = await scene.direct();
    try {
      await owner.query("CREATE TABLE public.users (second int)");
      await drop("DROP TABLE users");
      await owner.query("CREATE TABLE public.users (third int)");
      const taken = await scene.command("bin", "restore", "--since", "1h");
      assert.equal(taken.code, 1);
      assert.match(taken.err, /table public\.users is there again/);
      const done = await scene.command("bin", "restore", "--since", "1h", "--replace", "--json");
      assert.equal(done.code, 0, done.err);
      assert.equal((JSON.parse(done.out) as { replaced: string[] }).replaced.length, 2);
      assert.equal((await owner.query("SELECT id FROM public.users")).rowCount, 2);
      assert.equal((await listed()).length, 2);
    } finally {
      await owner.end();
    }
  });

  test("emptying takes the name of what goes, and a person", async () => {
    await drop("DROP TABLE logs");
    const [entry] = await listed();
    assert(entry !== undefined);
    const asked = await scene.command("bin", "empty", entry.id);
    assert.equal(asked.code, 1);
    assert.match(asked.err, /cannot be taken back/);
    const wrong = await scene.command("bin", "empty", entry.id, "--confirm", "public.users");
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /what goes is called `public\.logs`/);
    assert.equal((await listed()).length, 3);
    const gone = await scene.command("bin", "empty", entry.id, "--confirm", "public.logs");
    assert.equal(gone.code, 0, gone.err);
    assert.equal(gone.out, "emptied: public.logs\n");
    const all = await scene.command("bin", "empty", "--since", "1h", "--confirm", "2 entries");
    assert.equal(all.code, 0, all.err);
    assert.deepEqual(await listed(), []);
    const usage = await scene.command("bin", "restore");
    assert.equal(usage.code, 2);
  });
});
