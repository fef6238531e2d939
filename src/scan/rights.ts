/**
 * What a PostgreSQL login's rights come to, in sentences: what its holder could destroy, and what else is in reach.
 * The server's answers come from elsewhere; nothing here connects.
 */
import { counted, figure } from "../base/counted.ts";

/** What a server said about the role that the login is, all of it as that role may see it. */
export interface Rights {
  readonly version: string;
  readonly role: string;
  readonly database: string;
  /** A standby takes no writes, whatever the rights are. */
  readonly standby: boolean;
  readonly superuser: boolean;
  /** May become a superuser by SET ROLE. */
  readonly superuserByMembership: boolean;
  /** Of CREATEDB, CREATEROLE, BYPASSRLS, REPLICATION: its own, or of a role it may become. */
  readonly attributes: readonly string[];
  /** Predefined roles it is a member of that reach past single objects: `pg_execute_server_program`. */
  readonly predefined: readonly string[];
  readonly databasesOwned: readonly string[];
  readonly databases: number;
  readonly schemasOwned: readonly string[];
  readonly tables: number;
  /** Tables it owns (could drop), and those it may truncate, delete from, update or insert into; `rows` is the server's estimate. */
  readonly owned: Reach;
  readonly truncatable: Reach;
  readonly deletable: Reach;
  readonly updatable: Reach;
  readonly insertable: Reach;
  readonly readsPasswords: boolean;
  /** Installed extensions and languages that open doors: dblink, file_fdw, plpython3u. */
  readonly doors: readonly string[];
}

export interface Reach {
  readonly tables: number;
  readonly rows: number;
  /** A few of them, as `schema.table`. */
  readonly names: readonly string[];
}

export interface Reaches {
  /** Empty when nothing can be destroyed with it. */
  readonly destroys: readonly string[];
  readonly also: readonly string[];
}

export function reachesOf(rights: Rights): Reaches {
  if (rights.standby) return { destroys: [], also: ["a standby: nothing can be changed through it", ...readings(rights)] };
  const destroys: string[] = [];
  if (rights.superuser || rights.superuserByMembership) {
    const how = rights.superuser ? "a superuser" : "may become a superuser";
    destroys.push(`everything on the server: ${counted(rights.databases, "database")}, ${tablesOf(rights)} here, every role (${how})`);
    return {
      destroys,
      also: ["read every role's password verifier", "run programs and write files on the server's machine", ...extras(rights)],
    };
  }
  if (rights.databasesOwned.length > 0)
    destroys.push(`drop ${counted(rights.databasesOwned.length, "database")}: ${few(rights.databasesOwned)}`);
  if (rights.schemasOwned.length > 0)
    destroys.push(`drop ${counted(rights.schemasOwned.length, "schema")} with what is in them: ${few(rights.schemasOwned)}`);
  if (rights.predefined.includes("pg_execute_server_program"))
    destroys.push("run programs on the server's machine, as the server's account");
  if (rights.predefined.includes("pg_write_server_files")) destroys.push("overwrite files of the server, its data among them");
  for (const [verb, reach] of [
    ["drop", rights.owned],
    ["truncate", beyond(rights.truncatable, rights.owned)],
    ["delete rows of", beyond(rights.deletable, rights.owned)],
    ["overwrite rows of", beyond(rights.updatable, rights.owned)],
  ] as const)
    if (reach.tables > 0) destroys.push(`${verb} ${counted(reach.tables, "table")}${rowsOf(reach)}: ${few(reach.names, reach.tables)}`);
  if (rights.attributes.includes("CREATEROLE")) destroys.push("change and drop roles it administers, or make new ones (CREATEROLE)");
  if (rights.predefined.includes("pg_create_subscription")) destroys.push("let another server's changes in (pg_create_subscription)");
  return { destroys, also: [...readings(rights), ...extras(rights)] };
}

function readings(rights: Rights): readonly string[] {
  return [
    ...(rights.readsPasswords ? ["read every role's password verifier"] : []),
    ...(rights.predefined.includes("pg_read_all_data") ? ["read every table"] : []),
    ...(rights.predefined.includes("pg_read_server_files") ? ["read files of the server's machine"] : []),
  ];
}

function extras(rights: Rights): readonly string[] {
  const attributes = rights.attributes.filter((name) => name !== "CREATEROLE");
  const rest = rights.predefined.filter((name) => /^pg_(?:signal_backend|maintain|checkpoint|signal_autovacuum_worker)$/.test(name));
  return [
    ...(attributes.length > 0 ? [`has ${attributes.join(", ")}`] : []),
    ...(rest.length > 0 ? [`is in ${rest.join(", ")}`] : []),
    ...(rights.insertable.tables > 0 ? [`add rows to ${counted(rights.insertable.tables, "table")}`] : []),
    ...(rights.doors.length > 0 ? [`ways out of the database are installed: ${few(rights.doors)}`] : []),
  ];
}

/** Those of the first that the second does not cover already: who owns a table may truncate it too. */
function beyond(reach: Reach, owned: Reach): Reach {
  if (owned.tables === 0) return reach;
  const tables = Math.max(0, reach.tables - owned.tables);
  return { tables, rows: Math.max(0, reach.rows - owned.rows), names: reach.names.filter((name) => !owned.names.includes(name)) };
}

function tablesOf({ tables }: Rights): string {
  return tables === 0 ? "no tables" : `all ${counted(tables, "table")}`;
}

function rowsOf({ rows }: Reach): string {
  return rows > 0 ? ` (some ${figure(rows)} rows)` : "";
}

function few(names: readonly string[], total = names.length): string {
  const shown = names.slice(0, 4);
  const left = total - shown.length;
  return `${shown.join(", ")}${left > 0 ? `${shown.length > 0 ? " and " : ""}${figure(left)} more` : ""}`;
}
