/**
 * What it costs to measure an act on a million rows before a person is asked: the trial against the same statement in a transaction
 * that is rolled back too, in turns. The analysis is done before; connections, readings and samples are part of the trial.
 */
import type { ExecutorAct } from "../../src/adapters/postgres/executor/port.ts";
import { type Ground, openGround } from "../../test/e2e/postgres-executor/ground.ts";
import { median } from "../statistics.ts";
import type { Row, Run } from "./section.ts";

const ROWS = 1_000_000;
const setup = `
CREATE TABLE owners (id int PRIMARY KEY, name text);
CREATE TABLE things (id int PRIMARY KEY, owner int REFERENCES owners ON DELETE CASCADE, note text);
CREATE INDEX ON things (owner);
INSERT INTO owners SELECT n, 'o' || n FROM generate_series(1, 1000) n;
INSERT INTO things SELECT n, 1 + n % 1000, repeat('note ', 5) FROM generate_series(1, ${ROWS}) n`;

const acts: readonly (readonly [name: string, sql: string, goal: boolean])[] = [
  ["DELETE of 1,000,000 rows", "DELETE FROM things", true],
  ["UPDATE of 1,000,000 rows", "UPDATE things SET note = 'other'", true],
  ["DELETE that cascades to 1,000,000", "DELETE FROM owners", true],
  ["DELETE of one row of 1,000,000", "DELETE FROM things WHERE id = 5", false],
];

export async function* plan({ stack, quick, note }: Run): AsyncGenerator<Row> {
  note("plan: filling");
  const ground = await openGround(stack.server, setup, { limits: { lockMs: 2_000, statementMs: 300_000 } });
  try {
    for (const [name, sql, goal] of acts) {
      note(`plan: ${name}`);
      yield await measured(ground, { name, sql, goal, rounds: quick ? 1 : 3 });
    }
  } finally {
    await ground.close();
  }
}

interface Measured {
  readonly name: string;
  readonly sql: string;
  readonly goal: boolean;
  readonly rounds: number;
}

async function measured(ground: Ground, { name, sql, goal, rounds }: Measured): Promise<Row> {
  const act = await ground.act(sql);
  const took: Record<"alone" | "trial", number[]> = { alone: [], trial: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const path of ["alone", "trial"] as const) {
      // Rows that a rollback left behind are cleared away, so that each begins with the same table.
      await ground.direct("VACUUM owners");
      await ground.direct("VACUUM things");
      const ms = await timed(ground, act, path === "trial" ? undefined : sql);
      // The first round only warms up.
      if (round > 0) took[path].push(ms);
    }
  }
  const [alone, trial] = [median(took.alone), median(took.trial)];
  const row = { section: "plan", name, figures: { "alone ms": alone, "trial ms": trial, "trial/alone": trial / alone } };
  return goal ? { ...row, goal: { text: "trial/alone <= 1.5", met: trial / alone <= 1.5 } } : row;
}

/** In milliseconds. */
async function timed(ground: Ground, act: ExecutorAct, alone: string | undefined): Promise<number> {
  const before = performance.now();
  if (alone === undefined) await ground.executor.measure(act);
  else await ground.direct(`BEGIN; ${alone}; ROLLBACK`);
  return performance.now() - before;
}
