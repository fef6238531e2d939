/**
 * One connection on which kept transactions are looked at and taken back: as the executor that acts for persons, so that what an undo
 * changes is kept, too.
 */
import { Client } from "pg";
import { catalogueConnection } from "../adapters/postgres/catalogue-connection.ts";
import type { ExecutorLogin } from "../adapters/postgres/executor/open-connection.ts";

const CONNECT_MS_MAX = 10_000;

export interface UndoConnection {
  readonly client: Client;
  readonly actAs: string | undefined;
  /** What is weaker than it should be, a sentence each. */
  readonly said: readonly string[];
}

/** `use` has the connection for itself; it is closed, and the login given back, when that is over. */
export async function withUndoConnection<T>(
  login: ExecutorLogin,
  database: string,
  use: (connection: UndoConnection) => Promise<T>,
): Promise<T> {
  const client = new Client({
    ...catalogueConnection(login.upstream, database),
    application_name: "holdfast undo",
    connectionTimeoutMillis: CONNECT_MS_MAX,
  });
  // Without a listener a connection that breaks while idle would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    // A role's or a database's own settings must not decide what a name or a literal of ours means.
    await client.query("SET search_path = pg_catalog, pg_temp; SET standard_conforming_strings = on");
    await endWithUs(client);
    return await use({ client, actAs: login.actAs, said: login.said });
  } finally {
    await client.end().catch(() => undefined);
    login.end();
  }
}

/** A server that can tells that nobody hears it any more, and lets go of its locks: Holdfast may be killed. Not every system can. */
async function endWithUs(client: Client): Promise<void> {
  await client.query("SET client_connection_check_interval = '1s'").catch(() => undefined);
}
