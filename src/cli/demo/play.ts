/**
 * Plays scenes through a client and says what came of each: passed, or refused with what the agent was told.
 * It does not print, and does not know how Holdfast decides.
 */
import pg from "pg";
import { type Holdings, type Shop, holdingsOf, once } from "./shop.ts";
import type { Scene } from "./scenes.ts";

export interface Refusal {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** The statement of the scene that was refused. */
  readonly statement: string;
}

export interface Played {
  readonly refusal: Refusal | undefined;
  /** Rows that the last statement gave back or changed, by the server's own count. */
  readonly rows: number;
  /** The session answered an ordinary query afterwards. */
  readonly alive: boolean;
}

/** Sends the scene's statements one after the other; the first refusal ends it. */
export async function play(scene: Scene, client: pg.Client): Promise<Played> {
  let rows = 0;
  let refusal: Refusal | undefined;
  for (const statement of scene.statements) {
    try {
      const result = (await client.query(statement)) as pg.QueryResult | pg.QueryResult[];
      rows = (Array.isArray(result) ? result.at(-1) : result)?.rowCount ?? 0;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      refusal = { sqlstate: error.code ?? "", message: error.message, detail: error.detail, hint: error.hint, statement };
      break;
    }
  }
  return { refusal, rows, alive: await answers(client) };
}

async function answers(client: pg.Client): Promise<boolean> {
  try {
    // A refusal inside a transaction leaves it failed, as the server's own errors do.
    await client.query("ROLLBACK");
    return (await client.query<{ one: number }>("SELECT 1 AS one")).rows[0]?.one === 1;
  } catch {
    return false;
  }
}

/** What the same statements do to a copy when nothing stands in their way. */
export async function playUnguarded(scene: Scene, shop: Shop): Promise<{ readonly before: Holdings; readonly after: Holdings }> {
  const copy = await shop.copy();
  try {
    const url = shop.url(copy.database);
    const before = await holdingsOf(url);
    await once(url, async (client) => {
      for (const statement of scene.statements) await client.query(statement);
    });
    return { before, after: await holdingsOf(url) };
  } finally {
    await copy.drop();
  }
}

export function rowsIn(holdings: Holdings): number {
  return Object.values(holdings.rows).reduce((sum, rows) => sum + rows, 0);
}
