/** `holdfast undo` through a real gateway: acts of an agent are found by the log, shown, and taken back for a person who signs. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { callControl, Refused } from "../../src/control/client.ts";
import type { PlannedView, UndoneView, UndoPlanView } from "../../src/control/contract.ts";
import type { KeptTransaction } from "../../src/model/recovery.ts";
import { holdfast } from "../cli/holdfast.ts";
import { login, openScene, personPassphrase, type Scene, until } from "../grants/scene.ts";
import { openShop, provisionShop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";

describe("holdfast undo", () => {
  let scene: Scene;
  let clerk: pg.Client;
  before(async () => {
    const shop = await openShop(await testServer(18));
    await shop.server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
    await provisionShop(shop, { undo: { logins: [], exclude: [] } });
    scene = await openScene(shop.server, { shop, policy: "guarded-writes", environment: "staging", approves: ["staging"] });
    clerk = await login(scene);
  });
  after(async () => {
    await clerk.end();
    await scene.stop();
  });

  const command = (words: readonly string[], input = "") => holdfast([...words, "--socket", scene.socket], { input });
  const signing = ["--yes", "--json", "--as", "ada", "--passphrase-fd", "0"];
  const rows = () => scene.shop.server.asSuperuser("SELECT * FROM orders ORDER BY id", scene.shop.database);
  const plan = async (words: readonly string[], conflicts = 0): Promise<UndoPlanView> => {
    const { code, out, err } = await command(["undo", ...words, "--json"]);
    assert.equal(code, conflicts === 0 ? 0 : 1, `${out}${err}`);
    return JSON.parse(out) as UndoPlanView;
  };
  const undone = async (words: readonly string[]): Promise<UndoneView> => {
    const { code, out, err } = await command(["undo", ...words, ...signing], personPassphrase().toString());
    assert.equal(code, 0, `${out}${err}`);
    return JSON.parse(out) as UndoneView;
  };

  let known = "0";
  /** The last transaction that changed rows, once so many have since it was asked before, as the log tells it. */
  async function lastAct(more = 1): Promise<{ act: string; transaction: string; acts: readonly string[] }> {
    let found: { act: string; transaction: string; acts: readonly string[] } | undefined;
    await until("the transaction is in the log", async () => {
      const ended = (await scene.events("transaction_ended")).filter(
        ({ end, transaction }) => end === "committed" && transaction !== undefined,
      );
      const outcomes = (await scene.events("outcome")).flatMap(({ action, outcome }) =>
        outcome.status === "succeeded" && outcome.measured.transaction !== undefined
          ? [{ act: action as string, transaction: outcome.measured.transaction, acts: [action as string] }]
          : [],
      );
      const all = [
        ...ended.map(({ actions, transaction = "" }) => ({
          act: actions.at(-1) as string,
          transaction,
          acts: actions as readonly string[],
        })),
        ...outcomes,
      ].sort((a, b) => Number(a.transaction) - Number(b.transaction));
      found = all.at(-1);
      return all.filter((each) => BigInt(each.transaction) > BigInt(known)).length >= more;
    });
    assert(found !== undefined);
    known = found.transaction;
    return found;
  }

  test("an act goes back with the transaction that it was part of, by its id; and comes again by the undo's id", async () => {
    const before = await rows();
    await clerk.query("BEGIN");
    await clerk.query("DELETE FROM orders WHERE id < 4");
    await clerk.query("UPDATE orders SET note = note || '!' WHERE id > 8");
    await clerk.query("COMMIT");
    const left = await rows();
    assert.notDeepEqual(left, before);
    const { act, transaction, acts } = await lastAct();
    const shown = await plan([act]);
    assert.deepEqual(shown.plan.transactions, [transaction]);
    assert.deepEqual(shown.plan.tables, [{ table: "public.orders", inserted: 3, updated: 2, deleted: 0 }]);
    assert.deepEqual(shown.plan.conflicts, []);
    if (acts.length > 1) assert.match(shown.notes.join("\n"), /goes back as a whole/);
    assert.match(shown.plan.notUndone.join("\n"), /sequences keep their values/);
    assert.deepEqual(await rows(), left, "a plan changes nothing");
    const done = await undone([act]);
    assert.equal(done.outcome, "done", done.because);
    assert.deepEqual(await rows(), before);
    const [started] = await scene.events("undo_started");
    const [ended] = await scene.events("undo_done");
    assert.deepEqual([started?.undo, started?.person, started?.transactions, ended?.how], [done.undo, "ada", [transaction], "done"]);
    assert.equal((await undone([done.undo])).outcome, "done");
    assert.deepEqual(await rows(), left, "the undo was undone");
    const { kept } = (await callControl(scene.socket, { method: "GET", path: "/v1/kept/-" })) as { kept: KeptTransaction[] };
    assert(kept.length >= 3, "undos are kept, too");
    assert.deepEqual(kept.find((each) => each.transaction === transaction)?.actions, acts);
    const { code, out } = await command(["undo", "list"]);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`${transaction}\\b.*\\n?`));
  });

  test("a conflict stops it, and is told with its key; --skip-conflicts leaves that row to who wrote it", async () => {
    await clerk.query("UPDATE orders SET note = 'overwritten' WHERE id IN (4, 5)");
    const { act } = await lastAct();
    await scene.shop.server.asSuperuser("UPDATE orders SET note = 'by hand' WHERE id = 5", scene.shop.database);
    const stuck = await command(["undo", act, ...signing], personPassphrase().toString());
    assert.equal(stuck.code, 1, stuck.out);
    const { plan: shown } = JSON.parse(stuck.out) as UndoPlanView;
    assert.deepEqual(
      shown.conflicts.map(({ table, kind, key }) => [table, kind, key]),
      [["public.orders", "changed", "5"]],
    );
    const done = await undone([act, "--skip-conflicts"]);
    assert.deepEqual([done.outcome, done.skipped], ["done", 1]);
    const now = (await rows()) as unknown as { id: number; note: string }[];
    assert.equal(now.find(({ id }) => id === 4)?.note, "note 4");
    assert.equal(now.find(({ id }) => id === 5)?.note, "by hand");
  });

  test("a whole session goes back, and everything since a time", async () => {
    const before = await rows();
    const other = await login(scene);
    await other.query("INSERT INTO orders (note) VALUES ('one'), ('two')");
    await other.query("UPDATE orders SET note = note || '?' WHERE note IN ('one', 'two') OR id = 6");
    await other.query("DELETE FROM orders WHERE id = 7");
    const { act } = await lastAct(3);
    const session = act.slice(0, act.lastIndexOf("."));
    const shown = await plan([session]);
    assert.deepEqual(shown.plan.tables, [{ table: "public.orders", inserted: 1, updated: 1, deleted: 2 }]);
    await undone([session]);
    assert.deepEqual(await rows(), before);
    await other.end();
    const since = await plan(["--since", "1h"], 1);
    assert(since.plan.transactions.length >= 7);
    assert.deepEqual(since.plan.conflicts.length, 1, "what was written by hand stays in the way");
  });

  test("a plan of an act says beforehand what undo brings back, and for how long", async () => {
    const text = "DELETE FROM orders WHERE id = 9";
    const { plan: planned } = (await scene.signed("POST", "/v1/plans/signed", { target: scene.shop.target, text })) as PlannedView;
    assert.deepEqual(planned.undo, [
      "1 row of public.orders would be deleted: they are kept for up to 7 days, and `holdfast undo` brings them back",
    ]);
  });

  test("nobody undoes without a signature, with another's, or what was not shown", async () => {
    await clerk.query("UPDATE orders SET note = 'again' WHERE id = 6");
    const { act, transaction } = await lastAct();
    const { plan: shown } = await plan([act]);
    const { target, database, digest, id } = shown;
    const body = { undo: id, target, database, digest, transactions: [transaction], skipConflicts: false };
    const refused = (code: string) => (error: unknown) => error instanceof Refused && error.code === code;
    await assert.rejects(callControl(scene.socket, { method: "POST", path: "/v1/undos", body }), refused("person_needed"));
    await scene.shop.server.asSuperuser("UPDATE orders SET tenant = 9 WHERE id = 6", scene.shop.database);
    const stale = (await scene.signed("POST", "/v1/undos", body)) as UndoneView;
    assert.equal(stale.outcome, "stale");
    await assert.rejects(scene.signed("POST", "/v1/undos", body), refused("conflict"), "each plan is used once");
    const unknown = await command(["undo", "s_nobody00000000.1"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /names no committed transaction|knows nothing/);
    const [note] = (await rows()).filter(({ id: key }) => key === 6);
    assert.equal(note?.["note"], "again");
  });
});
