/** A grant under the strictest policy: what it names passes within its bounds, by every door of the protocol, and nothing else. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import type { HeldSession } from "../../src/control/client.ts";
import { testServer } from "../support/servers.ts";
import { openScene, type Scene, until } from "./scene.ts";

describe("a grant under read-only", () => {
  let scene: Scene;
  let held: HeldSession;
  let client: pg.Client;
  before(async () => {
    scene = await openScene(await testServer(18), { policy: "read-only" });
    await scene.shop.server.asSuperuser(
      `SET ROLE ${scene.shop.owner.user}; CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE);
       INSERT INTO items SELECT n, 10 FROM generate_series(1, 20) n;
       CREATE TABLE notes (id int PRIMARY KEY, note text); INSERT INTO notes SELECT n, 'note' FROM generate_series(101, 200) n`,
      scene.shop.database,
    );
    held = await scene.program();
    client = await scene.connect(held);
    // The catalogue that the analysis knows is read anew now and then.
    await until("the new table is known", () =>
      client.query("SELECT count(*) FROM items, notes").then(
        () => true,
        () => false,
      ),
    );
  });
  after(async () => {
    await client.end();
    held.letGo();
    await scene.stop();
  });
  const over = async (): Promise<void> => until("it has lapsed", async () => (await scene.acl()).length === 0);
  const refusedWith = (code: string) => (error: { detail?: string }) => {
    assert.match(error.detail ?? "", new RegExp(`^code: ${code}\\b`), JSON.stringify(error));
    return true;
  };

  test("the gate lets through what it names; other changes are refused as before, with their own reasons", async () => {
    await assert.rejects(client.query("DELETE FROM notes WHERE id = 101"), refusedWith("change_not_permitted"));
    await scene.grant(held.opened.session, { tables: ["public.notes"], rowsMax: 3 });
    assert.equal((await client.query("DELETE FROM notes WHERE id = 101")).rowCount, 1);
    assert.equal((await client.query("DELETE FROM notes WHERE id = $1", [102])).rowCount, 1);
    for (const [sql, code] of [
      ["UPDATE notes SET note = 'x' WHERE id = 103", "change_not_permitted"],
      ["DELETE FROM items WHERE id = 1", "change_not_permitted"],
      ["TRUNCATE notes CASCADE", "change_not_permitted"],
      ["DROP TABLE notes", "destructive"],
      ["GRANT ALL ON notes TO PUBLIC", "privilege_change"],
      ["BEGIN READ WRITE", "session_pinned"],
      ["DO $$ BEGIN EXECUTE 'DELETE FROM ' || 'notes'; END $$", "not_understood"],
    ] as const)
      await assert.rejects(client.query(sql), refusedWith(code), sql);
    await assert.rejects(client.query("DELETE FROM notes WHERE id > 150"), (error: { message?: string; detail?: string }) => {
      assert.match(error.message ?? "", /1 permitted/);
      assert.match(error.detail ?? "", /public\.notes: 50 deleted/);
      return true;
    });
    assert.equal((await client.query("DELETE FROM notes WHERE id = 103")).rowCount, 1);
    await over();
    await assert.rejects(client.query("DELETE FROM notes WHERE id = 104"), refusedWith("change_not_permitted"));
  });

  test("a cascade reaches a table that is not named, and is refused until it is", async () => {
    const only = await scene.grant(held.opened.session);
    await assert.rejects(client.query("DELETE FROM orders WHERE id = 10"), refusedWith("change_not_permitted"));
    await scene.signed("DELETE", `/v1/grants/${only.id}`, null);
    await scene.grant(held.opened.session, { tables: ["public.orders", "public.items"], rowsMax: 21 });
    assert.equal((await client.query("DELETE FROM orders WHERE id = 10")).rowCount, 1);
    await over();
    assert.equal(await scene.count("SELECT count(*) FROM items"), 0);
  });

  test("a statement that was prepared while it was open does not run when it is over", async () => {
    const prepared = { name: "later", text: "DELETE FROM notes WHERE id = $1" };
    const grant = await scene.grant(held.opened.session, { tables: ["public.notes"] });
    await client.query({ ...prepared, values: [105] });
    await scene.signed("DELETE", `/v1/grants/${grant.id}`, null);
    await assert.rejects(client.query({ ...prepared, values: [106] }), refusedWith("change_not_permitted"));
    await client.query("BEGIN");
    await assert.rejects(client.query("EXECUTE later (107)"));
    await client.query("ROLLBACK");
    assert.equal(await scene.count("SELECT count(*) FROM notes WHERE id IN (106, 107)"), 2);
  });

  test("many connections at once change no more rows together than it allows", async () => {
    await scene.grant(held.opened.session, { tables: ["public.notes"], rowsMax: 10 });
    const clients = await Promise.all(Array.from({ length: 6 }, () => scene.connect(held)));
    const before = await scene.count("SELECT count(*) FROM notes");
    const work = clients.map(async (each, index) => {
      let rows = 0;
      for (let n = 0; n < 5; n++) {
        const from = 110 + index * 10 + n * 2;
        const answer = await each.query(`DELETE FROM notes WHERE id BETWEEN ${from} AND ${from + 1}`).catch(() => ({ rowCount: 0 }));
        rows += answer.rowCount ?? 0;
      }
      return rows;
    });
    const done = (await Promise.all(work)).reduce((sum, rows) => sum + rows, 0);
    const gone = before - (await scene.count("SELECT count(*) FROM notes"));
    assert.equal(gone, done, "what was answered is what happened");
    assert(gone > 0 && gone <= 10, `${gone} rows`);
    await Promise.all(clients.map((each) => each.end()));
    for (const grant of (await scene.events("grant_given")).slice(-1))
      await scene.signed("DELETE", `/v1/grants/${grant.grant}`, null).catch(() => undefined);
    await over();
  });
});
