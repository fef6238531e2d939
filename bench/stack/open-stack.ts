/**
 * Everything a measurement runs against: a PostgreSQL 18 of its own, PgBouncer in session mode and Holdfast, each a process.
 * It measures nothing. All three speak TCP on loopback without TLS and SCRAM on both sides, so that a path differs in nothing else.
 */
import { startServer, type TestServer } from "../../test/support/servers.ts";
import { findTool } from "../../test/support/tools.ts";
import { startHoldfast } from "./holdfast-process.ts";
import { startPgBouncer } from "./pgbouncer.ts";

export type PathName = "direct" | "pgbouncer" | "holdfast";

/** One way to the same database. */
export interface Path {
  readonly name: PathName;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The process in between; undefined for the direct path. */
  readonly pid?: number;
}

export interface Stack {
  readonly server: TestServer;
  readonly database: string;
  readonly paths: readonly Path[];
  close(): Promise<void>;
}

/** As an operator would run it: what is committed is on disk, and the data fits into memory. */
const settings = {
  fsync: true,
  synchronous_commit: true,
  shared_buffers: "768MB",
  max_connections: 1200,
  max_wal_size: "4GB",
  checkpoint_timeout: "30min",
  autovacuum: false,
  wal_level: "replica",
};

/** `prepare` fills the database before Holdfast reads its catalogue. */
export async function openStack(prepare: (direct: Path, server: TestServer, database: string) => Promise<void>): Promise<Stack> {
  const server = await startServer({ version: 18, settings });
  const role = await server.ordinaryRole();
  const database = "bench";
  await server.asSuperuser(`CREATE DATABASE ${database} OWNER ${role.user}`);
  const direct: Path = { name: "direct", port: server.port, ...role };
  await prepare(direct, server, database);
  const holdfast = await startHoldfast(server.url(database, role));
  const bouncer = findTool("pgbouncer");
  const pooler = bouncer === undefined ? undefined : await startPgBouncer(bouncer, server, role);
  const paths: Path[] = [direct];
  if (pooler !== undefined) paths.push({ name: "pgbouncer", port: pooler.port, pid: pooler.pid, ...role });
  paths.push({ name: "holdfast", port: holdfast.port, pid: holdfast.pid, user: holdfast.user, password: holdfast.password });
  return {
    server,
    database,
    paths,
    async close() {
      await holdfast.stop();
      await pooler?.stop();
      await server.stop();
    },
  };
}
