/**
 * A provisioned database full of random worlds, with the logins of an agent, an application and whoever undoes, and a judge that sees all.
 * It tests nothing itself.
 */
import { randomBytes } from "node:crypto";
import type pg from "pg";
import { sessionRolePrefix } from "../../src/model/session-role.ts";
import { imageSettings, undoTable } from "../../src/model/undo-journal.ts";
import { groupNames } from "../../src/provision/names.ts";
import { openShop, provisionShop, type Shop } from "../provision/shop.ts";
import { type Login, type ServerVersion, testServer } from "../support/servers.ts";
import type { World } from "./world.ts";

export interface UndoGround {
  readonly shop: Shop;
  readonly agent: pg.Client;
  readonly application: pg.Client;
  /** In the owner executor's group, whose place it takes. */
  readonly undoer: pg.Client;
  readonly owner: pg.Client;
  /** Superuser. */
  readonly judge: pg.Client;
  readonly actAs: string;
  /** Every table of the schema, row for row, as one text; partitions and heirs by name. */
  readonly picture: (schema: string) => Promise<string>;
  /** Transactions whose images are there beyond those before, the oldest first. */
  readonly transactions: (after: readonly string[]) => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

export interface GroundOptions {
  readonly version: ServerVersion;
  /** The executor may keep triggers from firing; else it switches them off one by one. */
  readonly replica: boolean;
  readonly setup: string;
  readonly schemas: readonly string[];
}

export async function openUndoGround({ version, replica, setup, schemas }: GroundOptions): Promise<UndoGround> {
  const shop = await openShop(await testServer(version));
  const { server, database, target } = shop;
  await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
  const owner = await server.connect(database, shop.owner);
  await owner.query(setup);
  await provisionShop(shop, { undo: { logins: [], exclude: [] } });
  const { reader, ownerExecutor: actAs } = groupNames(target);
  const login = (prefix: string): Login => ({
    user: `${prefix}${randomBytes(5).toString("hex")}`,
    password: randomBytes(12).toString("hex"),
  });
  const [agent, undoer, application] = [login(sessionRolePrefix), login(sessionRolePrefix), login("app_")];
  const made = [`CREATE ROLE ${agent.user} LOGIN PASSWORD '${agent.password}' IN ROLE ${reader}`];
  made.push(`CREATE ROLE ${undoer.user} LOGIN PASSWORD '${undoer.password}' IN ROLE ${actAs}`);
  made.push(`CREATE ROLE ${application.user} LOGIN PASSWORD '${application.password}'`);
  for (const schema of schemas)
    for (const { user } of [agent, application])
      made.push(
        `GRANT USAGE ON SCHEMA ${schema} TO ${user}; GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${user}; GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO ${user}`,
      );
  if (replica) made.push(`GRANT SET ON PARAMETER session_replication_role TO ${actAs}`);
  await server.asSuperuser(made.join(";\n"), database);
  const judge = await server.connect(database);
  for (const [name, value] of Object.entries(imageSettings)) await judge.query("SELECT set_config($1, $2, false)", [name, value]);
  const texts = new Map<string, string>();
  const clients = {
    agent: await server.connect(database, agent),
    application: await server.connect(database, application),
    undoer: await server.connect(database, undoer),
    owner,
    judge,
  };
  return {
    shop,
    ...clients,
    actAs,
    picture: async (schema) => {
      const sql = texts.get(schema) ?? (await pictureSql(judge, schema));
      texts.set(schema, sql);
      const { rows } = await judge.query(sql);
      return (rows as { picture: string }[])[0]?.picture ?? "";
    },
    transactions: async (after) => {
      const { rows } = await judge.query(
        `SELECT c.transaction::text AS id FROM ${undoTable} c WHERE NOT c.transaction = ANY (CAST($1 AS int8[])) GROUP BY 1 ORDER BY min(c.id)`,
        [after],
      );
      return (rows as { id: string }[]).map(({ id }) => id);
    },
    stop: async () => {
      for (const client of Object.values(clients)) await client.end();
    },
  };
}

async function pictureSql(judge: pg.Client, schema: string): Promise<string> {
  const { rows } = await judge.query(
    "SELECT c.oid::regclass::text AS name FROM pg_catalog.pg_class c WHERE c.relkind = 'r' AND c.relnamespace = CAST($1 AS pg_catalog.regnamespace) ORDER BY 1",
    [schema],
  );
  const each = (rows as { name: string }[]).map(
    ({ name }) =>
      `(SELECT '${name}' || chr(10) || coalesce(string_agg(x.t, chr(10) ORDER BY x.t COLLATE "C"), '') FROM (SELECT textin(record_out(r)) AS t FROM ONLY ${name} r) x)`,
  );
  return `SELECT concat_ws(chr(10), ${each.join(", ")}) AS picture`;
}

/** Rows that refer to none: names of foreign keys in force that do not hold. */
export async function brokenForeignKeys(judge: pg.Client, { schema }: World): Promise<readonly string[]> {
  const { rows } = await judge.query(
    `SELECT f.conname AS name, f.conrelid::regclass::text AS child, f.confrelid::regclass::text AS parent,
       (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = f.conrelid AND a.attnum = f.conkey[1]) AS ref
     FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid WHERE f.contype = 'f' AND c.relnamespace = CAST($1 AS regnamespace)`,
    [schema],
  );
  const broken: string[] = [];
  for (const { name, child, parent, ref } of rows as { name: string; child: string; parent: string; ref: string }[]) {
    const { rows: found } = await judge.query(
      `SELECT FROM ONLY ${child} c WHERE c.${ref} IS NOT NULL AND NOT EXISTS (SELECT FROM ONLY ${parent} p WHERE p.id = c.${ref}) LIMIT 1`,
    );
    if (found.length > 0) broken.push(name);
  }
  return broken;
}
