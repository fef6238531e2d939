/**
 * Who the server says it is: another server behind the same address is another target.
 * It trusts nothing but the server's own files; where it may not ask for those, the address stands in, and says so.
 */
import type { UpstreamOptions } from "../options.ts";
import { ServerRefused } from "./frame-client.ts";
import type { Connection } from "./open-connection.ts";

const DATABASE = "(SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())";

/**
 * `system:IDENTIFIER/DATABASE OID`: made by initdb and kept by backups and standbys. Where a server's operator lets no ordinary role
 * read it, `address:HOST:PORT/DATABASE OID`, which a server that replaces another at its address may share.
 */
export async function identityOf({ client }: Connection, upstream: UpstreamOptions): Promise<string> {
  try {
    const [row] = await client.rows(`SELECT c.system_identifier, ${DATABASE} FROM pg_catalog.pg_control_system() c`);
    return `system:${row?.[0]}/${row?.[1]}`;
  } catch (error) {
    if (!(error instanceof ServerRefused)) throw error;
    const [row] = await client.rows(`SELECT ${DATABASE}`);
    return `address:${upstream.host}:${upstream.port}/${row?.[0]}`;
  }
}
