/**
 * The way back: what others had is restored as recorded, and everything of ours is taken away, roles last.
 * Objects that have gone since are passed over.
 */
import { Draft, type Plan, type Step } from "./draft.ts";
import { markPrefix, ownSchema } from "./names.ts";
import { groupsOf } from "./plan.ts";
import { planBinAway } from "./plan-bin.ts";
import { planUndoJournalAway } from "./plan-undo-journal.ts";
import { planUndoRightsAway } from "./plan-undo-rights.ts";
import { recordTable } from "./read-state.ts";
import type { ProvisionRequest } from "./request.ts";
import type { Grant, ServerState } from "./state.ts";
import { ident, literal, qualified } from "./sql.ts";

/** Empty when nothing of the target is left. */
export function planUndo(state: ServerState, request: ProvisionRequest): Plan {
  const draft = new Draft(state);
  const mine = ourRoles(state, request);
  const taking = new Set(mine);
  policies(draft, request);
  const restored: Step[] = [...state.record]
    .reverse()
    .map(({ as, sql }) => ({ sql, as, why: "as it was before", undo: [], mayBeGone: true }));
  privileges(draft, taking);
  if (state.record.length > 0)
    draft.own(`DELETE FROM ${recordTable} WHERE target = ${literal(request.target)}`, "nothing is left to take back");
  for (const role of mine) ownDefaults(draft, role);
  planBinAway(draft, taking);
  planUndoJournalAway(draft, taking);
  planUndoRightsAway(draft, taking);
  for (const role of [...mine].reverse()) draft.own(`DROP ROLE ${ident(role)}`, "a role of ours");
  const here = `, database ${state.database}:`;
  const others = state.roles.some(
    ({ name, comment }) => comment?.startsWith(markPrefix) === true && !taking.has(name) && `${comment}:`.includes(here),
  );
  const schema = state.schemas.find(({ name }) => name === ownSchema);
  if (!others && schema?.comment?.startsWith(markPrefix) === true) {
    draft.own(`DROP TABLE ${recordTable}`, "the record is empty");
    draft.own(`DROP SCHEMA ${ident(ownSchema)}`, "our own schema");
  }
  const plan = draft.plan();
  // Policies first: rows are hidden from nobody who is restored. Roles last: they must own and be granted nothing.
  const policySteps = plan.steps.filter(({ sql }) => sql.startsWith("DROP POLICY"));
  const rest = plan.steps.filter(({ sql }) => !sql.startsWith("DROP POLICY"));
  return { ...plan, steps: [...policySteps, ...restored, ...rest] };
}

/** Group roles by name and mark, so that writers which the configuration no longer names go too. */
function ourRoles(state: ServerState, request: ProvisionRequest): readonly string[] {
  const { reader, ownerExecutor } = groupsOf(request);
  const mark = ` of target ${request.target}, database ${state.database}`;
  const marked = state.roles.filter(({ comment }) => comment?.startsWith(markPrefix) === true && `${comment}:`.includes(`${mark}:`));
  const names = marked.map(({ name }) => name);
  return [
    ...[reader, ownerExecutor].filter((name) => names.includes(name)),
    ...names.filter((name) => name !== reader && name !== ownerExecutor),
  ];
}

function policies(draft: Draft, request: ProvisionRequest): void {
  const ours = new Set([`holdfast_${request.target}_rows`, `holdfast_${request.target}_others`].map((name) => name.slice(0, 63)));
  for (const { schema, table, name, comment } of draft.state.policies) {
    if (!ours.has(name) || comment?.startsWith(markPrefix) !== true) continue;
    const owner = draft.state.relations.find((each) => each.schema === schema && each.name === table)?.owner ?? draft.state.admin.name;
    draft.asOwner(owner, { sql: `DROP POLICY ${ident(name)} ON ${qualified(schema, table)}`, why: "a row policy of ours", undo: [] });
  }
}

/** A member may have set default privileges of the group itself. They mean nothing, and would keep the role from being dropped. */
function ownDefaults(draft: Draft, role: string): void {
  const { state } = draft;
  if (!state.defaults.some(({ owner }) => owner === role)) return;
  const why = "a member left default privileges of the group behind";
  if (!state.admin.superuser)
    draft.own(`GRANT ${ident(role)} TO CURRENT_USER${state.version >= 160_000 ? " WITH INHERIT TRUE, SET TRUE" : ""}`, why);
  draft.own(`SET LOCAL ROLE ${ident(role)}`, why);
  draft.own(`DROP OWNED BY ${ident(role)}`, why);
  draft.own("RESET ROLE", why);
}

/** Everything that the state shows granted to our roles. */
function privileges(draft: Draft, mine: ReadonlySet<string>): void {
  const { state } = draft;
  const revoke = (owner: string, acl: readonly Grant[], on: string): void => {
    for (const role of new Set(acl.map(({ grantee }) => grantee)))
      if (mine.has(role)) draft.asOwner(owner, { sql: `REVOKE ALL ON ${on} FROM ${ident(role)}`, why: "a grant of ours", undo: [] });
  };
  for (const { owner, acl, schema, objects } of state.defaults) {
    if (mine.has(owner)) continue;
    const place = schema === null ? "" : ` IN SCHEMA ${ident(schema)}`;
    for (const role of new Set(acl.map(({ grantee }) => grantee))) {
      if (!mine.has(role)) continue;
      const sql = `ALTER DEFAULT PRIVILEGES FOR ROLE ${ident(owner)}${place} REVOKE ALL ON ${objects} FROM ${ident(role)}`;
      draft.asOwner(owner, { sql, why: "a default of ours", undo: [] });
    }
  }
  for (const { schema, name, kind, owner, acl } of state.relations)
    revoke(owner, acl, `${kind === "sequence" ? "SEQUENCE" : "TABLE"} ${qualified(schema, name)}`);
  for (const { kind, signature, owner, acl } of state.functions) revoke(owner, acl, `${kind} ${signature}`);
  for (const { name, owner, acl } of state.schemas) revoke(owner, acl, `SCHEMA ${ident(name)}`);
  revoke(state.databaseOwner, state.databaseAcl, `DATABASE ${ident(state.database)}`);
}
