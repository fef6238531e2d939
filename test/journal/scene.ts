/**
 * A provisioned shop with a login that stands in for a session role, and the judge of images: the server's own rows before and after.
 * It tests nothing itself.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type pg from "pg";
import { imageSettings, undoSchema } from "../../src/model/undo-journal.ts";
import { sessionRolePrefix } from "../../src/model/session-role.ts";
import { openShop, provisionShop, type Shop } from "../provision/shop.ts";
import type { Login, ServerVersion } from "../support/servers.ts";
import { testServer } from "../support/servers.ts";

export interface JournalScene {
  readonly shop: Shop;
  /** May change every table there is, and owns none. */
  readonly agent: Login;
  readonly owner: pg.Client;
  readonly acting: pg.Client;
  stop(): Promise<void>;
}

export const keepAll = { logins: [], exclude: [] };

/** `setup` is the owner's. */
export async function openJournalScene(version: ServerVersion, setup: string, change: object = { undo: keepAll }): Promise<JournalScene> {
  const shop = await openShop(await testServer(version));
  const { server, database } = shop;
  const owner = await server.connect(database, shop.owner);
  await owner.query(setup);
  await provisionShop(shop, change);
  const agent = { user: `${sessionRolePrefix}${randomBytes(6).toString("hex")}`, password: randomBytes(12).toString("hex") };
  await server.asSuperuser(
    `CREATE ROLE ${agent.user} LOGIN PASSWORD '${agent.password}' IN ROLE holdfast_${shop.target}_reader;
     GRANT ALL ON ALL TABLES IN SCHEMA public TO ${agent.user}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${agent.user};
     GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO ${agent.user}; GRANT ALL ON SCHEMA public TO ${agent.user};
     GRANT TEMPORARY ON DATABASE ${database} TO ${agent.user}`,
    database,
  );
  const acting = await server.connect(database, agent);
  // The server of the file goes with the process, and the roles with it.
  const stop = async (): Promise<void> => void (await Promise.all([owner.end(), acting.end()]));
  return { shop, agent, owner, acting, stop };
}

/** A root is a table that is no partition; its rows are all that are seen through it. */
const rootsSql = `SELECT c.oid::int8::float8 AS oid, c.oid::regclass::text AS name, c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AS plain
FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace ORDER BY 2`;

/**
 * Runs `act` as the agent and demands of every table: what is there now, without the rows that came and with those that went, is what
 * was there before, row for row. Returns how many rows the images hold.
 */
export async function assertComplete(scene: JournalScene, act: () => Promise<unknown>): Promise<{ gone: number; came: number }> {
  const judge = await scene.shop.server.connect(scene.shop.database);
  try {
    for (const [name, value] of Object.entries(imageSettings)) await judge.query("SELECT set_config($1, $2, false)", [name, value]);
    const roots = (await judge.query(rootsSql)).rows as { oid: number; name: string; plain: boolean }[];
    const before = new Map<string, string[]>();
    for (const { name } of roots) before.set(name, await rowsOf(judge, name));
    const [{ max }] = (await judge.query(`SELECT coalesce(max(id), 0)::int8 AS max FROM ${undoSchema}.change`)).rows as [{ max: string }];
    await act();
    const figures = { gone: 0, came: 0 };
    for (const { name } of roots) {
      const rows = counted(await rowsOf(judge, name));
      for (const row of await imagesOf(judge, name, "came", max)) {
        rows.set(row, (rows.get(row) ?? 0) - 1);
        figures.came += 1;
      }
      for (const row of await imagesOf(judge, name, "gone", max)) {
        rows.set(row, (rows.get(row) ?? 0) + 1);
        figures.gone += 1;
      }
      for (const row of before.get(name) ?? []) rows.set(row, (rows.get(row) ?? 0) - 1);
      const wrong = [...rows]
        .filter(([, n]) => n !== 0)
        .map(([row, n]) => `${n > 0 ? `${n} too many` : `${-n} missing`}: ${row.slice(0, 200)}`);
      assert.deepEqual(wrong.slice(0, 10), [], `the former rows of ${name}, as its images give them`);
    }
    return figures;
  } finally {
    await judge.end();
  }
}

function counted(rows: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
  return counts;
}

/** Rows of the table alone, as their text; of a partitioned table those of all partitions, by their columns' names. */
async function rowsOf(judge: pg.Client, table: string): Promise<string[]> {
  const [{ kind }] = (await judge.query("SELECT relkind AS kind FROM pg_class WHERE oid = $1::regclass", [table])).rows as [
    { kind: string },
  ];
  const from = kind === "p" ? table : `ONLY ${table}`;
  // A virtual generated column is no part of a stored row.
  const fields = await judge.query(
    `SELECT coalesce(string_agg(CASE a.attgenerated WHEN 'v' THEN 'NULL' ELSE 'r.' || quote_ident(a.attname) END, ', ' ORDER BY a.attnum), '') AS list
     FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped`,
    [table],
  );
  const text = kind === "p" ? "to_jsonb(r.*)::text" : `textin(record_out(ROW(${fields.rows[0].list})))`;
  return (await judge.query(`SELECT ${text} AS t FROM ${from} r`)).rows.map(({ t }) => t as string);
}

async function imagesOf(judge: pg.Client, root: string, which: "gone" | "came", after: string): Promise<string[]> {
  const { rows } = await judge.query(
    `SELECT c.relation::regclass::text AS name, t, k.relkind AS kind, c.columns = ARRAY(SELECT a.attnum FROM pg_attribute a
       WHERE a.attrelid = c.relation AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS same
     FROM ${undoSchema}.change c JOIN pg_class r ON r.oid = $1::regclass JOIN pg_class k ON k.oid = c.relation, unnest(c.${which}) t
     WHERE c.id > $2 AND (c.relation = r.oid OR k.relispartition AND c.relation IN (SELECT relid FROM pg_partition_tree(r.oid)))`,
    [root, after],
  );
  const [{ kind }] = (await judge.query("SELECT relkind AS kind FROM pg_class WHERE oid = $1::regclass", [root])).rows as [
    { kind: string },
  ];
  const texts: string[] = [];
  for (const { name, t, same } of rows as { name: string; t: string; same: boolean }[]) {
    assert(same, `the columns of ${name} are kept with its rows`);
    texts.push(kind === "p" ? (await judge.query(`SELECT to_jsonb($1::${name})::text AS t`, [t])).rows[0].t : t);
  }
  return texts;
}
