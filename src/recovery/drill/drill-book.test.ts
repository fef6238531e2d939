import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { DrillId } from "../../base/ids.ts";
import type { Drill } from "../../model/recovery.ts";
import { DrillBook, drillAlarms, withDrill } from "./drill-book.ts";

const DAY_MS = 86_400_000;

function drill(atMs: number, passed: boolean, tables: readonly string[] = ["public.orders"]): Drill {
  const figures = tables.map((table) => ({
    name: `rows ${table}`,
    passed: true,
    because: "",
    figures: { database: "shop", table, rows: atMs },
  }));
  const wrong = passed ? [] : [{ name: "WAL", passed: false, because: "missing" }];
  const id = "d_0000000000" as DrillId;
  return { id, target: "shop", backup: null, atMs, passed, checks: [...figures, ...wrong], recoveryMs: 1, lostMs: 1, tables };
}

test("what a drill looked at counts only when it passed, and stays known beside later ones", () => {
  const first = withDrill(undefined, drill(1, true));
  const second = withDrill(first, drill(2, false, ["public.items"]));
  assert.deepEqual(second.newest, { atMs: 2, passed: false, because: "WAL: missing" });
  assert.deepEqual([second.passedAtMs, second.tables], [1, { "public.orders": 1 }]);
  const third = withDrill(second, drill(3, true, ["public.items"]));
  assert.deepEqual(third.tables, { "public.orders": 1, "public.items": 3 });
  assert.deepEqual(
    third.rows.map(({ table, rows }) => [table, rows]),
    [
      ["public.items", 3],
      ["public.orders", 1],
    ],
  );
});

test("alarms: a drill that failed, and none that passed for too long", () => {
  const at = { nowMs: 20 * DAY_MS, sinceMs: 19 * DAY_MS, oldMs: 10 * DAY_MS };
  assert.equal(drillAlarms(undefined, at).size, 0);
  assert.deepEqual([...drillAlarms(undefined, { ...at, sinceMs: 0 })], [["no_drill", "no backup of it was ever restored"]]);
  const failed = withDrill(withDrill(undefined, drill(DAY_MS, true)), drill(19 * DAY_MS, false));
  assert.deepEqual(
    [...drillAlarms(failed, at)],
    [
      ["drill_failed", "WAL: missing"],
      ["no_drill", "the newest drill that passed is 19 days old"],
    ],
  );
});

test("the book stays over a restart, and one that cannot be read is empty", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-drills-"));
  try {
    const file = join(folder, "recovery", "drills.json");
    const book = await DrillBook.open(file);
    await book.note(drill(7, true));
    assert.deepEqual((await DrillBook.open(file)).of("shop"), book.of("shop"));
    writeFileSync(file, '{"shop": 3, "other"');
    assert.equal((await DrillBook.open(file)).of("shop"), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
