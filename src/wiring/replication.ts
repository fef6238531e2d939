/**
 * Opens connections for base backups and WAL, with the same login code and the same strictness as sessions at the server.
 * It keeps no secret: who calls has read it for this one connection.
 */
import { readFile } from "node:fs/promises";
import { openReplication } from "../adapters/postgres/replication-connection.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { ServerLogin } from "../recovery/backup/programs.ts";
import type { ReplicationWire } from "../recovery/backup/replication-port.ts";

const NONCE_BYTES = 18;

/** Rejects with what the server, or the way to it, says. */
export async function replicationTo(login: ServerLogin, random: RandomBytes): Promise<ReplicationWire> {
  const { host, port, role, database, password, tls, ca, serverName, md5Allowed = false } = login;
  const upstream = {
    host,
    port,
    role,
    password: () => password,
    tls,
    ...(ca === undefined ? {} : { tlsCa: await readFile(ca, "utf8") }),
    ...(serverName === undefined ? {} : { tlsServerName: serverName }),
    md5Allowed,
    cleartextAllowed: false,
  };
  return openReplication(upstream, database, Buffer.from(random(NONCE_BYTES)).toString("base64"));
}
