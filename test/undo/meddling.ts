/**
 * An application that writes where an agent wrote, before an undo and while it runs; and what must be so of its rows afterwards.
 * Its rows carry a mark of each statement, by which they are found again.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Chance } from "./chance.ts";
import type { UndoGround } from "./ground.ts";
import type { World, WorldTable } from "./world.ts";

export interface Marks {
  /** Every marked row is there as it was written. */
  readonly assertKept: () => Promise<void>;
}

interface Marked {
  readonly table: WorldTable;
  readonly mark: string;
}

let marks = 0;

/** Never what it wrote itself before. */
function change(chance: Chance, table: WorldTable, mark: string): string {
  const n = chance.int(1, 14);
  const where = chance.of([`id BETWEEN ${n} AND ${n + 3}`, `ref = ${n}`, `id % 3 = ${n % 3}`]);
  if (chance.is(0.2)) return `INSERT INTO ${table.name} (id, word) OVERRIDING SYSTEM VALUE VALUES (${chance.int(1, 40)}, '${mark}')`;
  return `UPDATE ${table.name} SET word = '${mark}' || id WHERE ${where} AND coalesce(word, '') NOT LIKE 'APP%'`;
}

async function written({ application }: UndoGround, text: string): Promise<boolean> {
  return application.query(text).then(
    () => true,
    () => false,
  );
}

/** Each statement is a transaction of its own; what the server refuses is left. */
export async function meddle(ground: UndoGround, world: World, chance: Chance, log: (line: string) => void): Promise<Marks> {
  const made: Marked[] = [];
  for (let n = chance.int(1, 3); n > 0; n--) {
    const table = chance.of(world.tables.filter(({ columns }) => columns.length > 1));
    if (table.key.length === 1 && !table.family && chance.is(0.2)) {
      const text = `DELETE FROM ${table.name} WHERE id = ${chance.int(1, 20)}`;
      log(`others: ${text}`);
      await written(ground, text);
      continue;
    }
    const mark = `APP${++marks}.`;
    const text = change(chance, table, mark);
    log(`others: ${text}`);
    if (await written(ground, text)) made.push({ table, mark });
  }
  return keptOf(ground, made, await picturesOf(ground, made));
}

/** One statement that starts while `undo` runs. */
export async function withMeddler<T>(
  ground: UndoGround,
  world: World,
  chance: Chance,
  undo: () => Promise<T>,
): Promise<{ end: T; more: Marks }> {
  const table = chance.of(world.tables.filter(({ columns }) => columns.length > 1));
  const mark = `APP${++marks}.`;
  const running = undo();
  running.catch(() => undefined);
  await delay(chance.int(0, 25));
  const { rows } = await ground.application
    .query(`${change(chance, table, mark)} RETURNING id, word`)
    .catch(() => ({ rows: [] as unknown[] }));
  const end = await running;
  const words = (rows as { word: string | null }[]).map(({ word }) => word ?? "").sort();
  return {
    end,
    more: {
      assertKept: async () => {
        // A trigger may add to the word before it is stored, and row policies do not hide what was just written.
        const { rows: found } = await ground.judge.query(`SELECT word FROM ${table.name} WHERE word LIKE '${mark}%'`);
        assert.deepEqual((found as { word: string }[]).map(({ word }) => word).sort(), words, "what others wrote meanwhile is there");
      },
    },
  };
}

async function picturesOf({ judge }: UndoGround, made: readonly Marked[]): Promise<readonly string[]> {
  const pictures: string[] = [];
  for (const { table, mark } of made) {
    const { rows } = await judge.query(
      `SELECT coalesce(string_agg(textin(record_out(t)), chr(10) ORDER BY textin(record_out(t)) COLLATE "C"), '') AS rows FROM ${table.name} t WHERE word LIKE '${mark}%'`,
    );
    pictures.push((rows as { rows: string }[])[0]?.rows ?? "");
  }
  return pictures;
}

function keptOf(ground: UndoGround, made: readonly Marked[], before: readonly string[]): Marks {
  return {
    assertKept: async () => assert.deepEqual(await picturesOf(ground, made), before, "what others wrote is as they wrote it"),
  };
}
