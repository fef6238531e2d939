/**
 * Makes the demo's databases on a server and measures what is in them.
 * It touches only databases whose names it made up itself.
 */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { causeText, failed } from "../errors.ts";
import { shopSql, shopTables } from "./shop.sql.ts";

/** What a database holds: rows a table, everything by name and kind, and a digest over every row. */
export interface Holdings {
  readonly rows: Readonly<Record<string, number>>;
  readonly objects: number;
  readonly digest: string;
}

export interface Shop {
  /** The database that stands for the real one. */
  readonly database: string;
  /** Connection string straight to the server, round Holdfast. */
  readonly url: (database: string) => string;
  /** A throw-away copy of the shop as it was loaded. */
  copy(): Promise<{ readonly database: string; drop(): Promise<void> }>;
  /** Removes every database made here. */
  drop(): Promise<void>;
}

/** Loads the shop once and copies it, so that the copies that are destroyed for show are exactly alike. */
export async function openShop(url: (database: string) => string, adminDatabase: string): Promise<Shop> {
  const base = `holdfast_demo_${randomBytes(4).toString("hex")}`;
  const pristine = `${base}_copy`;
  const made: string[] = [];
  const admin = new pg.Client({ connectionString: url(adminDatabase) });
  admin.on("error", () => {});
  try {
    await admin.connect();
  } catch (error) {
    throw failed(`the server for the demo cannot be reached: ${causeText(error)}`);
  }
  const create = async (name: string, from?: string): Promise<void> => {
    await admin.query(`CREATE DATABASE ${name}${from === undefined ? "" : ` TEMPLATE ${from}`}`);
    made.push(name);
  };
  const remove = async (name: string): Promise<void> => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  try {
    await create(pristine);
    await once(url(pristine), (client) => client.query(shopSql));
    await create(base, pristine);
  } catch (error) {
    for (const name of made) await remove(name).catch(() => {});
    await admin.end();
    throw failed(`the demo's database cannot be made: ${causeText(error)}`, "the account needs the right to create databases");
  }
  let copies = 0;
  return {
    database: base,
    url,
    async copy() {
      const name = `${base}_copy_${++copies}`;
      await create(name, pristine);
      return { database: name, drop: () => remove(name) };
    },
    async drop() {
      for (const name of made) await remove(name);
      await admin.end();
    },
  };
}

/** Connects, runs `work`, and disconnects whatever becomes of it. */
export async function once<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Schemas that are neither the server's own nor Holdfast's. */
const ours = "n.nspname !~ '^(pg_|holdfast_)' AND n.nspname <> 'information_schema'";

/** Counts and digests, read straight from the server. Tables that are gone count as no rows. */
export async function holdingsOf(url: string): Promise<Holdings> {
  return once(url, async (client) => {
    const rows: Record<string, number> = {};
    const digests: string[] = [];
    for (const table of shopTables) {
      const there = await client.query<{ there: boolean }>(`SELECT to_regclass('public.${table}') IS NOT NULL AS there`);
      if (there.rows[0]?.there !== true) {
        rows[table] = 0;
        digests.push("gone");
        continue;
      }
      const found = await client.query<{ count: number; digest: string }>(
        `SELECT count(*)::int AS count, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS digest FROM public.${table} t`,
      );
      rows[table] = found.rows[0]?.count ?? 0;
      digests.push(found.rows[0]?.digest ?? "");
    }
    const objects = await client.query<{ count: number }>(
      `SELECT ((SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${ours})
        + (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${ours})
        + (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal) + (SELECT count(*) FROM pg_namespace n WHERE ${ours}))::int AS count`,
    );
    return { rows, objects: objects.rows[0]?.count ?? 0, digest: digests.join(" ") };
  });
}
