/**
 * Looks at a PostgreSQL store from outside: whether it answers, keeps what it acknowledges, and who else can write it.
 * It makes and changes nothing.
 */
import { PostgresConnection, type PostgresPlace } from "./postgres-connection.ts";

export interface PostgresLook {
  /** Whether a gateway was started with it before. */
  readonly made: boolean;
  /** Settings of the server without which a crash of its machine loses what it acknowledged: those that are off. */
  readonly volatile: readonly string[];
  readonly superuser: boolean;
  /** Roles beside the store's own that may change what stands in it; superusers always may. */
  readonly writers: readonly string[];
  readonly gateways: readonly { readonly name: string; readonly state: string; readonly silentMs: number }[];
}

/** Rejects with `StoreUnavailable`. */
export async function lookAtPostgresStore(place: PostgresPlace): Promise<PostgresLook> {
  const connection = new PostgresConnection(place, "holdfast doctor");
  try {
    const [facts] = await connection.run(
      `SELECT to_regclass('holdfast_control.gateways') IS NOT NULL AS made,
         (SELECT array_agg(name) FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off') AS volatile,
         (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
         (SELECT array_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
          WHERE n.nspname = 'holdfast_control' AND a.grantee <> c.relowner AND a.privilege_type <> 'SELECT') AS writers`,
    );
    const made = facts?.["made"] === true;
    const rows = made
      ? await connection.run(
          `SELECT name, state, greatest(0, extract(epoch FROM clock_timestamp() - beat_at)) * 1000 AS silent
           FROM holdfast_control.gateways ORDER BY started_at`,
        )
      : [];
    return {
      made,
      volatile: texts(facts?.["volatile"]),
      superuser: facts?.["superuser"] === true,
      writers: texts(facts?.["writers"]),
      gateways: rows.map(({ name, state, silent }) => ({ name: String(name), state: String(state), silentMs: Math.round(Number(silent)) })),
    };
  } finally {
    await connection.close();
  }
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
