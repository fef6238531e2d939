/**
 * What a backup has to know of the server before it begins, read over one connection; and the lock that keeps gateways from doing it twice.
 * It changes nothing.
 */
import type { AdminClient } from "../../provision/sql.ts";

export interface ServerFacts {
  /** 150018. */
  readonly version: number;
  readonly major: number;
  /** `undefined` where the login may not read it. */
  readonly systemIdentifier: string | undefined;
  readonly walSegmentBytes: number;
  /** Of all databases that the login may look at. */
  readonly bytes: number;
  readonly databases: readonly string[];
  /** Databases that the login may not connect to. */
  readonly closed: readonly string[];
  readonly tablespaces: readonly { readonly oid: string; readonly location: string }[];
  readonly superuser: boolean;
  readonly replication: boolean;
  /** Tables of users in the database of this connection. */
  readonly tables: number;
  /** The data directory, where the login may know it. */
  readonly dataDirectory: string | undefined;
}

export async function readServerFacts(client: AdminClient): Promise<ServerFacts> {
  const [row] = (await client.query(factsText)).rows as [Record<string, unknown>];
  const { rows: databases } = (await client.query(databasesText)) as { readonly rows: readonly { name: string; open: boolean }[] };
  const { rows: tablespaces } = (await client.query(tablespacesText)) as { readonly rows: readonly { oid: string; location: string }[] };
  // Not every server lets an ordinary role ask.
  const identifier = await client.query("SELECT system_identifier::text AS id FROM pg_catalog.pg_control_system()").then(
    ({ rows }) => (rows as { id: string }[])[0]?.id,
    () => undefined,
  );
  const version = Number(row["version"]);
  return {
    version,
    major: Math.floor(version / 10_000),
    systemIdentifier: identifier,
    walSegmentBytes: Number(row["segment"]),
    bytes: Number(row["bytes"] ?? 0),
    databases: databases.filter(({ open }) => open).map(({ name }) => name),
    closed: databases.filter(({ open }) => !open).map(({ name }) => name),
    tablespaces,
    superuser: row["superuser"] === true,
    replication: row["replication"] === true,
    tables: Number(row["tables"]),
    dataDirectory: typeof row["directory"] === "string" ? row["directory"] : undefined,
  };
}

/** Of the session: the connection is kept as long as the work goes on, and the server lets go of it with the connection. */
export async function takeBackupLock(client: AdminClient, what: BackupLock): Promise<boolean> {
  const { rows } = await client.query("SELECT pg_catalog.pg_try_advisory_lock($1, $2) AS taken", [lockSpace, lockNumbers[what]]);
  return (rows as { taken: boolean }[])[0]?.taken === true;
}

export type BackupLock = "backup" | "wal";

/** `HFBK`: a space of numbers that is nobody else's by accident. */
const lockSpace = 0x4846_424b;
const lockNumbers = { backup: 1, wal: 2 } as const;

const factsText = `
SELECT pg_catalog.current_setting('server_version_num') AS version,
  pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')) AS segment,
  (SELECT pg_catalog.sum(CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT') THEN pg_catalog.pg_database_size(oid) END)
   FROM pg_catalog.pg_database) AS bytes,
  r.rolsuper AS superuser, r.rolreplication OR r.rolsuper AS replication,
  (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') AS tables,
  (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory') AS directory
FROM pg_catalog.pg_roles r WHERE r.rolname = session_user`;

const databasesText = `
SELECT datname AS name, pg_catalog.has_database_privilege(oid, 'CONNECT') AS open
FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname`;

const tablespacesText = `
SELECT oid::text AS oid, pg_catalog.pg_tablespace_location(oid) AS location
FROM pg_catalog.pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY oid`;
