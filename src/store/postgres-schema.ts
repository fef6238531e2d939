/**
 * Brings the PostgreSQL store's schema up to date, or refuses one that is not ours to use.
 * Several gateways may start at once: one of them does it, under a lock, and the others find it done.
 */
import { postgresMigrations } from "./migrations-postgres.ts";
import { StoreUnavailable } from "./port.ts";
import type { PostgresConnection } from "./postgres-connection.ts";

/** Drawn by chance: nobody else's advisory lock in this database has it. */
const LOCK = "7261093840531";

/** Rejects with {@link StoreUnavailable}. The connection is to be closed when it does. */
export async function openSchema(connection: PostgresConnection): Promise<void> {
  await connection.run("BEGIN");
  await connection.run(`SELECT pg_advisory_xact_lock(${LOCK})`);
  const [schema] = await connection.run(
    `SELECT pg_get_userbyid(nspowner) AS owner, pg_has_role(nspowner, 'USAGE') AS ours
     FROM pg_namespace WHERE nspname = 'holdfast_control'`,
  );
  // Who owns it could have put triggers and rules there that run with our rights.
  if (schema !== undefined && schema["ours"] !== true)
    throw new StoreUnavailable(
      `the control store cannot be used: schema \`holdfast_control\` belongs to \`${String(schema["owner"])}\`: give it to the role of \`store\``,
    );
  if (schema === undefined) {
    await connection.run("CREATE SCHEMA holdfast_control");
    await connection.run("CREATE TABLE holdfast_control.version (one boolean PRIMARY KEY CHECK (one), version integer NOT NULL)");
    await connection.run("INSERT INTO holdfast_control.version VALUES (true, 0)");
  }
  const [found] = await connection.run("SELECT version FROM holdfast_control.version");
  const at = Number(found?.["version"]);
  const known = postgresMigrations.length;
  if (!(at <= known))
    throw new StoreUnavailable(`the control store was written by a later version of Holdfast (${at}, known ${known}): start that version`);
  for (const migration of postgresMigrations.slice(at)) await connection.run(migration);
  await connection.run(`UPDATE holdfast_control.version SET version = ${known} WHERE version <> ${known}`);
  await connection.run("COMMIT");
}
