/**
 * What undo needs of the server beside the journal: room for its work table, and keeping triggers from firing while rows are put back.
 * Both are the owner executor's alone. It reads one state of its own, and changes nothing itself.
 */
import type { Draft } from "./draft.ts";
import { has } from "./plan-grants.ts";
import type { Groups } from "./plan.ts";
import type { ProvisionRequest } from "./request.ts";
import { type AdminClient, ident } from "./sql.ts";

/** Rights on settings can be granted since then. */
const PARAMETERS_SINCE = 150_000;

export function planUndoRights(draft: Draft, request: ProvisionRequest, { ownerExecutor }: Groups): void {
  if (request.undo === undefined) return;
  const { databaseAcl, databaseOwner, database, version, admin, silencers = [] } = draft.state;
  if (!has(databaseAcl, ownerExecutor, "TEMPORARY")) {
    const sql = `GRANT TEMPORARY ON DATABASE ${ident(database)} TO ${ident(ownerExecutor)}`;
    draft.asOwner(databaseOwner, { sql, why: "undo nets row images in a table of its own", undo: [] });
  }
  if (version < PARAMETERS_SINCE || silencers.includes(ownerExecutor)) return;
  if (admin.superuser) draft.own(`GRANT SET ON PARAMETER session_replication_role TO ${ident(ownerExecutor)}`, "undo fires no triggers");
  else
    draft.note(
      `undo switches triggers off one by one, and foreign keys hold while it runs: a superuser may run GRANT SET ON PARAMETER session_replication_role TO ${ident(ownerExecutor)}`,
    );
}

/** A role with rights on a setting cannot be dropped. */
export function planUndoRightsAway(draft: Draft, taking: ReadonlySet<string>): void {
  for (const role of draft.state.silencers ?? [])
    if (taking.has(role)) draft.own(`REVOKE ALL ON PARAMETER session_replication_role FROM ${ident(role)}`, "a grant of ours");
}

/** Roles that may set session_replication_role because somebody granted it. */
export async function readSilencers(client: AdminClient, version: number): Promise<readonly string[]> {
  if (version < PARAMETERS_SINCE) return [];
  const { rows } = await client.query(
    `SELECT pg_catalog.pg_get_userbyid(a.grantee)::pg_catalog.text AS role FROM pg_catalog.pg_parameter_acl p, pg_catalog.aclexplode(p.paracl) a
     WHERE p.parname OPERATOR(pg_catalog.=) 'session_replication_role'
       AND a.privilege_type OPERATOR(pg_catalog.=) 'SET' AND a.grantee <> 0`,
  );
  return (rows as readonly { role: string }[]).map(({ role }) => role);
}
