/**
 * Where foreign keys stay live, the order in which rows go, change and come back decides what the server does to those that refer to them.
 * Cases that the random histories found, each by itself.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { carryOutUndo } from "../../src/recovery/undo/undo.ts";
import { openUndoGround, type UndoGround } from "./ground.ts";

// Rows of `child` cannot be updated in place, since another unique index could collide on the way; rows of `parent` refer to each other.
const setup = `
CREATE SCHEMA o;
CREATE TABLE o.parent (id int PRIMARY KEY, ref int REFERENCES o.parent (id) ON DELETE SET NULL, word text);
CREATE TABLE o.child (id int, part int, ref int REFERENCES o.parent (id) ON DELETE SET NULL, word text, PRIMARY KEY (id, part), UNIQUE (word, id));
CREATE TABLE o.slot (id int PRIMARY KEY, ref int REFERENCES o.slot (id) ON DELETE SET NULL, place int UNIQUE);
INSERT INTO o.parent VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 1, 'c'), (4, 3, 'd');
INSERT INTO o.child VALUES (1, 1, 1, 'x'), (2, 1, 3, 'y'), (3, 1, 2, 'z');
INSERT INTO o.slot VALUES (1, NULL, 10), (2, 1, 20), (3, 1, 30);
CREATE FUNCTION o.marks() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.word := NEW.word || '!'; RETURN NEW; END $f$;
CREATE TRIGGER marks BEFORE INSERT OR UPDATE ON o.parent FOR EACH ROW EXECUTE FUNCTION o.marks();
ALTER TABLE o.parent ENABLE ALWAYS TRIGGER marks`;

const acts = {
  "rows whose referring rows change and whose children are replaced": "DELETE FROM o.parent WHERE id IN (1, 3)",
  "a row whose unique value another one has then": `DELETE FROM o.slot WHERE id = 1; INSERT INTO o.slot VALUES (4, NULL, 10);
    UPDATE o.slot SET ref = 4`,
} as const;

for (const version of [15, 18] as const)
  for (const replica of [true, false])
    test(`to and fro on PostgreSQL ${version}, ${replica ? "triggers kept from firing" : "foreign keys live"}`, async (t) => {
      const ground = await openUndoGround({ version, replica, setup, schemas: ["o"] });
      try {
        for (const [name, act] of Object.entries(acts)) await t.test(name, () => toAndFro(ground, act));
      } finally {
        await ground.stop();
      }
    });

/** Taken back, taken back again, and that again. */
async function toAndFro(ground: UndoGround, act: string): Promise<void> {
  const before = await ground.picture("o");
  const known = await ground.transactions([]);
  await ground.agent.query(`BEGIN; ${act}; COMMIT`);
  const after = await ground.picture("o");
  assert.notEqual(after, before);
  let last = await ground.transactions(known);
  for (const wanted of [before, after, before]) {
    const end = await carryOutUndo(
      ground.undoer,
      { transactions: last, actAs: ground.actAs, limits: { lockMs: 20_000, statementMs: 60_000 }, mayShow: () => false },
      { fits: () => true, skipConflicts: false, begin: () => Promise.resolve() },
    );
    assert.equal(end.kind, "done", JSON.stringify(end.found.conflicts));
    assert(end.kind === "done");
    assert.equal(await ground.picture("o"), wanted);
    last = [end.transaction];
  }
}
