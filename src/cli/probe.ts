/**
 * Looks at a PostgreSQL server without changing anything: what it is, and what the role that Holdfast would use may do there.
 * The connection is read-only from its first statement on.
 */
import { readFile } from "node:fs/promises";
import pg from "pg";

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly role: string;
  readonly password: string | undefined;
  readonly tls: "disable" | "require" | "verify-full";
  /** Path of a PEM file. */
  readonly ca?: string;
  readonly serverName?: string;
}

export interface Probed {
  /** As the server says it: `18.4`. */
  readonly version: string;
  readonly database: string;
  readonly databases: readonly string[];
  readonly tables: number;
  readonly encrypted: boolean;
  readonly role: RoleRights;
}

export interface RoleRights {
  readonly name: string;
  readonly superuser: boolean;
  /** Attributes and memberships that reach past the rights on tables, in PostgreSQL's words. */
  readonly powers: readonly string[];
}

const connectMsMax = 10_000;

/** Rejects with the server's or the system's own error. */
export async function probeServer(target: ProbeTarget): Promise<Probed> {
  const client = new pg.Client({
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.role,
    ...(target.password === undefined ? {} : { password: target.password }),
    ssl: target.tls === "disable" ? false : await tlsOptions(target),
    connectionTimeoutMillis: connectMsMax,
    query_timeout: connectMsMax,
    application_name: "holdfast",
    options: "-c default_transaction_read_only=on",
  });
  client.on("error", () => {});
  await client.connect();
  try {
    return await look(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Whether the server takes this login without its password: it is asked once, and nothing else. */
export async function opensWithoutPassword(target: ProbeTarget): Promise<boolean> {
  const client = new pg.Client({
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.role,
    // A function, because an empty text would be filled from the environment.
    password: () => "",
    ssl: target.tls === "disable" ? false : await tlsOptions(target),
    connectionTimeoutMillis: connectMsMax,
    application_name: "holdfast",
  });
  client.on("error", () => {});
  return client
    .connect()
    .then(
      () => true,
      () => false,
    )
    .finally(() => client.end().catch(() => {}));
}

async function tlsOptions(target: ProbeTarget): Promise<pg.ClientConfig["ssl"]> {
  if (target.tls === "require") return { rejectUnauthorized: false };
  const ca = target.ca === undefined ? {} : { ca: await readFile(target.ca, "utf8") };
  return { rejectUnauthorized: true, servername: target.serverName ?? target.host, ...ca };
}

const databasesQuery = "SELECT datname::text AS name FROM pg_database WHERE NOT datistemplate AND datallowconn ORDER BY 1";
const mighty = [
  "pg_read_server_files",
  "pg_write_server_files",
  "pg_execute_server_program",
  "pg_write_all_data",
  "pg_maintain",
  "pg_signal_backend",
  "pg_create_subscription",
];

async function look(client: pg.Client): Promise<Probed> {
  const {
    rows: [about],
  } = await client.query<{ version: string; database: string; encrypted: boolean; tables: number }>(
    `SELECT current_setting('server_version') AS version, current_database()::text AS database,
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
       (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')::int AS tables`,
  );
  const { rows: databases } = await client.query<{ name: string }>(databasesQuery);
  const {
    rows: [role],
  } = await client.query<{ name: string; superuser: boolean; powers: string[] }>(
    `SELECT rolname::text AS name, rolsuper AS superuser,
       array_remove(ARRAY[CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
         CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END], NULL)
       || ARRAY(SELECT r.rolname::text FROM pg_roles r
                WHERE r.rolname = ANY($1) AND pg_has_role(current_user, r.oid, 'MEMBER') ORDER BY 1) AS powers
     FROM pg_roles WHERE rolname = current_user`,
    [mighty],
  );
  if (about === undefined || role === undefined) throw new Error("the server said nothing about itself");
  return { ...about, databases: databases.map(({ name }) => name), role };
}
