/**
 * Tables that changed between an act and its undo, keys that others took, constraints that were added: each case by itself, with what has
 * to be there afterwards.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { carryOutUndo, planUndo, type UndoEnd, type UndoFound, type UndoWanted } from "../../src/recovery/undo/undo.ts";
import { openUndoGround, type UndoGround } from "./ground.ts";

const setup = `CREATE SCHEMA s;
CREATE TABLE s.people (id int PRIMARY KEY, name text UNIQUE, age int, note text);
INSERT INTO s.people SELECT n, 'name ' || n, 20 + n, 'note ' || n FROM generate_series(1, 6) n;
CREATE TABLE s.visits (id int PRIMARY KEY, person int REFERENCES s.people ON DELETE CASCADE, at date);
INSERT INTO s.visits SELECT n, n, DATE '2026-01-01' + n FROM generate_series(1, 6) n;
CREATE TABLE s.notes (word text, n int); INSERT INTO s.notes VALUES ('a', 1), ('a', 1), ('b', 2);
CREATE TABLE s.parts (id int PRIMARY KEY, place text) PARTITION BY RANGE (id);
CREATE TABLE s.parts_1 PARTITION OF s.parts FOR VALUES FROM (0) TO (10); INSERT INTO s.parts VALUES (1, 'x'), (2, 'y')`;

for (const [version, replica] of [
  [15, false],
  [18, true],
] as const)
  describe(`tables that changed since, PostgreSQL ${version}, ${replica ? "triggers kept from firing" : "foreign keys live"}`, () => {
    let ground: UndoGround;
    before(async () => {
      ground = await openUndoGround({ version, replica, setup, schemas: ["s"] });
    });
    after(() => ground.stop());

    /** Runs the agent's text as one transaction, then the owner's, and returns what takes the first back. */
    async function acted(text: string, since = ""): Promise<UndoWanted> {
      const known = await ground.transactions([]);
      await ground.agent.query(`BEGIN; ${text}; COMMIT`);
      const transactions = await ground.transactions(known);
      assert.equal(transactions.length, 1);
      if (since !== "") await ground.owner.query(since);
      return {
        transactions,
        actAs: ground.actAs,
        limits: { lockMs: 5_000, statementMs: 60_000 },
        mayShow: (_, column) => column === "name",
      };
    }
    const found = (wanted: UndoWanted): Promise<UndoFound> => planUndo(ground.undoer, wanted);
    const undo = (wanted: UndoWanted, skipConflicts = false): Promise<UndoEnd> =>
      carryOutUndo(ground.undoer, wanted, { fits: () => true, skipConflicts, begin: () => Promise.resolve() });
    const all = async (table: string): Promise<unknown[]> =>
      (await ground.judge.query(`SELECT * FROM ${table} t ORDER BY t::text COLLATE "C"`)).rows;
    const told = ({ conflicts }: UndoFound) => conflicts.map(({ table, kind, key }) => [table, kind, key]);

    test("a table and a column renamed, a column added and one dropped: rows come back by number, new values stay", async () => {
      const wanted = await acted(
        "DELETE FROM s.visits WHERE id = 1; UPDATE s.people SET name = 'x' || id, age = 0 WHERE id IN (2, 3); DELETE FROM s.people WHERE id = 6",
        `ALTER TABLE s.people RENAME COLUMN name TO called; ALTER TABLE s.people ADD COLUMN rank int DEFAULT 7; UPDATE s.people SET rank = 40 WHERE id = 2;
         ALTER TABLE s.people DROP COLUMN note; ALTER TABLE s.people RENAME TO persons`,
      );
      assert.deepEqual(told(await found(wanted)), []);
      assert.equal((await undo(wanted)).kind, "done");
      const rows = (await all("s.persons")) as { id: number; called: string; age: number; rank: number }[];
      assert.deepEqual(
        rows.map(({ id, called, age, rank }) => [id, called, age, rank]),
        [
          [1, "name 1", 21, 7],
          [2, "name 2", 22, 40],
          [3, "name 3", 23, 7],
          [4, "name 4", 24, 7],
          [5, "name 5", 25, 7],
          [6, "name 6", 26, 7],
        ],
      );
      assert.equal((await all("s.visits")).length, 6, "and what a cascade took");
      await ground.owner.query(
        "ALTER TABLE s.persons RENAME TO people; ALTER TABLE s.people RENAME COLUMN called TO name; ALTER TABLE s.people ADD COLUMN note text",
      );
    });

    test("a column of another type now: read as that type, or a conflict of the table", async () => {
      const first = await acted("UPDATE s.people SET age = age + 100 WHERE id < 3", "ALTER TABLE s.people ALTER age TYPE numeric(6, 2)");
      assert.equal((await undo(first)).kind, "done");
      const ages = (await all("s.people")) as { age: string }[];
      assert.deepEqual(ages.map(({ age }) => age).slice(0, 2), ["21.00", "22.00"]);
      await ground.owner.query("ALTER TABLE s.people ALTER age TYPE int");
      const second = await acted("UPDATE s.people SET name = 'old' WHERE id = 1", "ALTER TABLE s.people ALTER name TYPE int USING id");
      const plan = await found(second);
      assert.deepEqual(told(plan), [["s.people", "table_changed", undefined]]);
      assert.match(plan.conflicts[0]?.because ?? "", /type is another one/);
      assert.equal((await undo(second)).kind, "conflicts");
      await ground.owner.query("ALTER TABLE s.people ALTER name TYPE text USING 'name ' || name");
    });

    test("a unique value taken since, and a constraint added since: that row stays away, the others come back", async () => {
      const wanted = await acted(
        "DELETE FROM s.people WHERE id IN (3, 4, 5)",
        "INSERT INTO s.people (id, name, age) VALUES (50, 'name 3', 1); ALTER TABLE s.people ADD CONSTRAINT young CHECK (age <> 24)",
      );
      const plan = await found(wanted);
      const kinds = new Map(plan.conflicts.map(({ table, key, kind }) => [`${table} ${key}`, kind]));
      assert.deepEqual([kinds.get("s.people 3"), kinds.get("s.people 4")], ["taken", "not_allowed"], JSON.stringify(plan.conflicts));
      assert.equal(kinds.get("s.visits 4"), "parent_gone");
      assert.equal((await undo(wanted)).kind, "conflicts");
      const done = await undo(wanted, true);
      assert(done.kind === "done");
      const people = (await all("s.people")) as { id: number }[];
      assert.deepEqual(
        people.map(({ id }) => id).sort((a, b) => a - b),
        [1, 2, 5, 6, 50],
      );
      const visits = (await all("s.visits")) as { person: number }[];
      assert.deepEqual(visits.map(({ person }) => person).sort(), [1, 2, 5, 6], "what refers to a row that stays away, stays away");
      await ground.owner.query("DELETE FROM s.people WHERE id = 50; ALTER TABLE s.people DROP CONSTRAINT young");
      const rest = await undo(wanted, true);
      assert.equal(rest.kind, "done");
      await ground.owner.query(
        "INSERT INTO s.people (id, name, age) SELECT n, 'name ' || n, 20 + n FROM generate_series(3, 4) n ON CONFLICT DO NOTHING",
      );
    });

    test("others refer to a row that would go, or took away the one that a row refers to", async () => {
      const made = await acted("INSERT INTO s.people (id, name) VALUES (70, 'new')", "INSERT INTO s.visits VALUES (70, 70, NULL)");
      const plan = await found(made);
      assert.deepEqual(told(plan), [["s.people", "referenced", "70"]]);
      await ground.owner.query("DELETE FROM s.visits WHERE id = 70");
      assert.equal((await undo(made)).kind, "done");
      const gone = await acted("DELETE FROM s.visits WHERE id = 2", "DELETE FROM s.people WHERE id = 2");
      const [conflict] = (await found(gone)).conflicts;
      assert.equal(conflict?.key, "2");
      assert(conflict.kind === "parent_gone" || conflict.kind === "referenced", conflict.kind);
      assert.equal((await undo(gone)).kind, "conflicts");
      await ground.owner.query("INSERT INTO s.people (id, name, age) VALUES (2, 'name 2', 22)");
      assert.equal((await undo(gone)).kind, "done");
    });

    test("the earlier of two acts alone is a conflict that names the later; both together are none", async () => {
      const before = await all("s.people");
      const first = await acted("UPDATE s.people SET age = 1 WHERE id = 1");
      const second = await acted("UPDATE s.people SET age = 2 WHERE id = 1");
      const plan = await found(first);
      assert.deepEqual([told(plan), plan.later], [[["s.people", "changed", "1"]], second.transactions]);
      const both = { ...first, transactions: [...first.transactions, ...second.transactions] };
      assert.equal((await undo(both)).kind, "done");
      assert.deepEqual(await all("s.people"), before);
    });

    test("a table without a key: as many equal rows as there were, and nothing of it when one of them is another now", async () => {
      const before = await all("s.notes");
      const wanted = await acted("UPDATE s.notes SET n = n + 1; DELETE FROM s.notes WHERE word = 'b'; INSERT INTO s.notes VALUES ('a', 2)");
      assert.equal((await undo(wanted)).kind, "done");
      assert.deepEqual(await all("s.notes"), before);
      const again = await acted(
        "UPDATE s.notes SET n = 9 WHERE word = 'a'",
        "UPDATE s.notes SET n = 10 WHERE ctid = (SELECT min(ctid) FROM s.notes WHERE n = 9)",
      );
      const left = await all("s.notes");
      const done = await undo(again, true);
      assert(done.kind === "done");
      assert.deepEqual([await all("s.notes"), done.found.skipped], [left, 4]);
    });

    test("a partition that is gone, and a table that is", async () => {
      const parts = await acted("DELETE FROM s.parts WHERE id = 2", "ALTER TABLE s.parts DETACH PARTITION s.parts_1; DROP TABLE s.parts_1");
      const [conflict] = (await found(parts)).conflicts;
      assert.equal(conflict?.kind, "not_allowed");
      const dropped = await acted("DELETE FROM s.notes", "DROP TABLE s.notes");
      assert.deepEqual(
        (await found(dropped)).conflicts.map(({ kind }) => kind),
        ["table_changed"],
      );
    });

    test("what was never kept, and what Holdfast may not act for, is refused by name", async () => {
      const wanted = { transactions: ["1"], actAs: ground.actAs, limits: { lockMs: 1_000, statementMs: 1_000 }, mayShow: () => false };
      await assert.rejects(found(wanted), /no row images of that are kept/);
      const taken = await acted("UPDATE s.people SET age = 5 WHERE id = 5");
      const other = `other_${randomBytes(4).toString("hex")}`;
      await ground.judge.query(`CREATE ROLE ${other}; ALTER TABLE s.people OWNER TO ${other}`);
      await assert.rejects(found(taken), /belongs to `other_\w+`, for whom Holdfast's role may not act/);
      await ground.judge.query(`ALTER TABLE s.people OWNER TO ${ground.shop.owner.user}; DROP ROLE ${other}`);
      assert.equal((await undo(taken)).kind, "done");
    });
  });
