/**
 * Makes the ground for an undo inside its transaction: values written as they were kept, nobody else writing, nothing firing.
 * It changes no row, and leaves triggers, rules and row policies as it found them.
 */
import { type AdminClient, ident, literal } from "../../provision/sql.ts";
import { readFirings, readForced, readLocked } from "./read-shapes.ts";
import { textSettings } from "./row-text.ts";
import type { Firing, ForeignKey, Shape } from "./shape.ts";

export interface Ground {
  /** Foreign keys are not held by the server while rows are put back, and are to be held by us. */
  readonly replica: boolean;
  /** Puts back what was switched off. */
  readonly leave: () => Promise<void>;
}

export interface GroundLimits {
  readonly lockMs: number;
  readonly statementMs: number;
}

/** The role's own or the group's right to keep triggers from firing is tried, in this order. */
export async function takeGround(client: AdminClient, limits: GroundLimits, actAs: string | undefined): Promise<boolean> {
  const local = { ...textSettings, search_path: "pg_catalog, pg_temp", lock_timeout: `${limits.lockMs}`, row_security: "off" };
  const settings = { ...local, statement_timeout: `${limits.statementMs}`, standard_conforming_strings: "on" };
  const set = Object.entries(settings).map(([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, true)`);
  await client.query(`SELECT ${set.join(", ")}`);
  const before = await replicaMode(client);
  if (actAs !== undefined) await client.query(`SET LOCAL ROLE ${ident(actAs)}`);
  return before || (await replicaMode(client));
}

/** A right that since 15 can be granted: without it triggers are switched off one by one. */
async function replicaMode(client: AdminClient): Promise<boolean> {
  try {
    await client.query("SAVEPOINT holdfast_replica; SET LOCAL session_replication_role = replica; RELEASE SAVEPOINT holdfast_replica");
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "42501") throw error;
    await client.query("ROLLBACK TO SAVEPOINT holdfast_replica; RELEASE SAVEPOINT holdfast_replica");
    return false;
  }
}

/** Nobody else writes the tables until the transaction ends. */
export async function lockTables(client: AdminClient, transactions: readonly string[]): Promise<void> {
  const names = await readLocked(client, transactions);
  if (names.length > 0) await client.query(names.map((name) => `LOCK TABLE ${name} IN SHARE ROW EXCLUSIVE MODE`).join("; "));
}

/** To be called with the tables locked. `keys`: tables at their other ends are looked into, too. */
export async function silence(
  client: AdminClient,
  shapes: readonly Shape[],
  keys: readonly ForeignKey[],
  replica: boolean,
): Promise<Ground> {
  const firings = await readFirings(client, shapes, replica);
  const ends = keys.flatMap(({ child, parent }) => [child.oid, parent.oid]);
  const forced = await readForced(client, [...shapes.map(({ oid }) => oid), ...ends]);
  for (const firing of firings) await client.query(switched(firing, "DISABLE"));
  for (const name of forced) await client.query(`ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`);
  return {
    replica,
    leave: async () => {
      // Triggers are switched while no event of one is pending.
      await client.query("SET CONSTRAINTS ALL IMMEDIATE");
      for (const name of forced) await client.query(`ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`);
      for (const firing of firings) await client.query(switched(firing, enabling[firing.enabled]));
    },
  };
}

const enabling = { O: "ENABLE", A: "ENABLE ALWAYS", R: "ENABLE REPLICA" } as const;

function switched({ kind, relationName, name }: Firing, how: string): string {
  const only = kind === "TRIGGER" ? "ONLY " : "";
  return `ALTER TABLE ${only}${relationName} ${how} ${kind} ${ident(name)}`;
}
