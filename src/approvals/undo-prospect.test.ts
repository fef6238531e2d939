import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deletion, measurement } from "../../test/plans/held.ts";
import type { Effect } from "../model/effect.ts";
import { undoProspect } from "./undo-prospect.ts";

const read: Effect = { ...deletion, operation: "read", detail: "select", reversibility: "reversible" };

function check(effects: readonly Effect[], measured: Parameters<typeof undoProspect>[1], reversibility: string, ...sentences: string[]) {
  assert.deepEqual(undoProspect(effects, measured), { reversibility, sentences });
}

describe("what can be taken back", () => {
  test("counts what a trial showed, cascades with it, and what a drop takes along", () => {
    check(
      [deletion],
      measurement(),
      "irreversible",
      "view public.late_orders would be dropped: Holdfast keeps no copy of data or definition",
      "41,293 rows of public.items, public.orders would be deleted: Holdfast keeps no copy of them",
      "no verified backup is known to Holdfast",
    );
  });

  test("names what the act names before what goes along, and counts the rest", () => {
    const gone = ["a", "b", "c", "d", "e"].map((name) => ({ type: "view", name, change: "dropped" as const, through: "t" }));
    const objects = [...gone, { type: "table", name: "t", change: "dropped" as const }];
    const { sentences } = undoProspect([read], { ...measurement(), tables: [], objects });
    const [first] = sentences;
    assert.equal(first, "table t, view a, view b and 3 more objects would be dropped: Holdfast keeps no copy of data or definition");
  });

  test("says of what was not measured that nobody knows how much", () => {
    check(
      [deletion],
      null,
      "restorable",
      "how much is deleted of table public.orders, and whether it is kept, nobody has measured",
      "no verified backup is known to Holdfast",
    );
  });

  test("says what undo brings back, and for how long, of what the trial saw kept", () => {
    const kept = { tables: ["public.orders"], keepMs: 7 * 86_400_000 };
    const { sentences } = undoProspect([deletion], { ...measurement(), objects: [] }, kept);
    assert.deepEqual(sentences, [
      "41,203 rows of public.orders would be deleted: they are kept for up to 7 days, and `holdfast undo` brings them back",
      "90 rows of public.items would be deleted: Holdfast keeps no copy of them",
      "no verified backup is known to Holdfast",
    ]);
    const both = { ...kept, tables: ["public.orders", "public.items"] };
    assert.equal(undoProspect([deletion], { ...measurement(), objects: [] }, both).sentences.length, 1, "nothing is lost");
  });

  test("what the bin takes is not lost, its rows with it; what it does not take is", () => {
    const drop: Effect = { ...deletion, detail: "drop", reversibility: "irreversible" };
    const objects = [{ type: "table", name: "public.orders", change: "dropped" as const }];
    const orders = measurement().tables.find(({ table }) => table === "public.orders");
    assert(orders !== undefined);
    const measured = { ...measurement(), tables: [orders], objects };
    check(
      [drop],
      { ...measured, bin: { takes: "all", keepMs: 86_400_000 } },
      "restorable",
      "table public.orders would be dropped: it goes into the bin for up to 1 day, and `holdfast bin restore` brings it back",
    );
    const refused = undoProspect([drop], { ...measured, bin: { takes: "nothing", because: "an extension needs it" } });
    assert.equal(refused.reversibility, "irreversible");
    assert(refused.sentences.includes("the bin does not take it: an extension needs it"));
  });

  test("a trial that changed rows is more than what its text told", () => {
    const { tables } = measurement();
    const { reversibility } = undoProspect([read], { ...measurement(), objects: [], tables });
    assert.equal(reversibility, "restorable");
  });

  test("names what leaves the tables behind", () => {
    const notify: Effect = {
      ...deletion,
      operation: "execute",
      resource: { type: "channel", name: "mail" },
      detail: "notify",
      reversibility: "irreversible",
    };
    check([notify], null, "irreversible", "notify on channel mail cannot be taken back", "no verified backup is known to Holdfast");
    const unknown: Effect = { ...notify, operation: "unknown", reversibility: "unknown" };
    assert.equal(undoProspect([unknown], null).reversibility, "unknown");
    assert.equal(undoProspect([unknown, notify], null).reversibility, "irreversible");
  });

  test("tells how old backup and drill are, and calls a backup that nobody restored no verified one", () => {
    const last = (backupAgeDays: number | null, drillAgeDays: number | null) =>
      undoProspect([deletion], null, undefined, { backupAgeDays, drillAgeDays, drilledDays: {} }).sentences.at(-1);
    assert.equal(last(null, 3), "no verified backup is known to Holdfast");
    assert.equal(
      last(0, null),
      "the newest backup is less than a day old, and none was ever restored on trial: no verified backup is known to Holdfast",
    );
    assert.equal(last(1, 12), "the newest backup is 1 day old, and one was restored on trial 12 days ago: see holdfast restore");
    assert.equal(last(2, 0), "the newest backup is 2 days old, and one was restored on trial today: see holdfast restore");
  });

  test("claims no backup and no loss for what loses nothing", () => {
    check([read], { ...measurement(), tables: [], objects: [] }, "reversible", "nothing would be lost by it");
  });
});
