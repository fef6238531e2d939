/**
 * From what a server's rights are and what is wanted of them to the statements in between. Pure: the same state gives the same plan,
 * and a state that is already as wanted gives an empty one.
 */
import { Draft, type Plan } from "./draft.ts";
import { groupNames, markPrefix, ownSchema } from "./names.ts";
import { planBin } from "./plan-bin.ts";
import { planDefaults } from "./plan-defaults.ts";
import { planGrants } from "./plan-grants.ts";
import { planPublic } from "./plan-public.ts";
import { planRoles } from "./plan-roles.ts";
import { planRows } from "./plan-rows.ts";
import { planUndoJournal } from "./plan-undo-journal.ts";
import { planUndoRights } from "./plan-undo-rights.ts";
import type { ProvisionRequest } from "./request.ts";
import { recordTable } from "./read-state.ts";
import type { ServerState } from "./state.ts";
import { ident, literal } from "./sql.ts";

/** The group roles of a request, as grants and policies name them. */
export interface Groups {
  readonly reader: string;
  readonly ownerExecutor: string;
  readonly writers: readonly { readonly role: string; readonly schemas: readonly string[]; readonly tables: readonly string[] }[];
}

export function groupsOf(request: ProvisionRequest): Groups {
  const names = groupNames(request.target);
  const writers = request.writers.map(({ name, schemas, tables }) => ({ role: names.writer(name), schemas, tables }));
  return { reader: names.reader, ownerExecutor: names.ownerExecutor, writers };
}

export function planProvision(state: ServerState, request: ProvisionRequest): Plan {
  const draft = new Draft(state);
  const groups = groupsOf(request);
  examine(draft, request);
  planSchema(draft);
  planRoles(draft, request, groups);
  planGrants(draft, request, groups);
  planDefaults(draft, request, groups);
  planRows(draft, request, groups);
  planPublic(draft, request);
  planUndoJournal(draft, request, groups);
  planUndoRights(draft, request, groups);
  planBin(draft, request, groups);
  return draft.plan();
}

/** What would make the whole worthless, or wrong. */
function examine(draft: Draft, request: ProvisionRequest): void {
  const { admin, version, relations, schemas } = draft.state;
  const { migrationRole } = request;
  if (version < 140_000) draft.refuse(`PostgreSQL ${Math.floor(version / 10_000)} is too old: 14 or newer is needed`);
  if (!admin.createRole) {
    draft.refuse(
      `\`${admin.name}\` may not create roles: provision as a role with CREATEROLE, or run the printed statements as one that has it, ` +
        "or set `roles: { mode: fixed }` and give a read-only role of your own, which is weaker",
    );
  }
  if (migrationRole !== null) {
    if (draft.role(migrationRole) === undefined) draft.refuse(`the migration role \`${migrationRole}\` does not exist on this server`);
    if (migrationRole === admin.name)
      draft.refuse(`\`${migrationRole}\` is the login of the migration runner: provision as another one, so that the two are never shared`);
    if (request.sharedRoles.includes(migrationRole))
      draft.refuse(
        `\`${migrationRole}\` is the login of the migration runner, and the configuration uses it for sessions: give those another`,
      );
    if (request.brokerRole === migrationRole)
      draft.refuse(`\`${migrationRole}\` is the login of the migration runner: \`roles.admin\` needs a login of its own`);
  }
  const known = new Set(relations.map(({ schema, name }) => `${schema}.${name}`));
  const named = [
    ...request.hide,
    ...request.writers.flatMap(({ tables }) => tables),
    ...request.rows.map(({ table }) => table),
    ...(request.undo?.exclude ?? []),
  ];
  for (const name of named) if (!known.has(name)) draft.refuse(`\`${name}\` is no table of database \`${draft.state.database}\``);
  const places = new Set(schemas.map(({ name }) => name));
  for (const name of [...(request.schemas ?? []), ...request.writers.flatMap((writer) => writer.schemas)])
    if (!places.has(name)) draft.refuse(`\`${name}\` is no schema of database \`${draft.state.database}\``);
}

/** A schema of ours with the record of what is changed. Nobody but its owner has any right in it. */
function planSchema(draft: Draft): void {
  const { schemas, admin, record } = draft.state;
  const found = schemas.find(({ name }) => name === ownSchema);
  if (found !== undefined && found.comment?.startsWith(markPrefix) !== true)
    draft.refuse(`a schema \`${ownSchema}\` is there already and is not ours: rename it, or provision another database`);
  if (found !== undefined || record.length > 0) return;
  if (!admin.createsSchemas) draft.refuse(`\`${admin.name}\` may not create a schema in database \`${draft.state.database}\``);
  const why = "the record that makes an exact undo possible, out of agents' sight";
  draft.own(`CREATE SCHEMA ${ident(ownSchema)}`, why);
  draft.own(`REVOKE ALL ON SCHEMA ${ident(ownSchema)} FROM PUBLIC`, why);
  draft.own(`COMMENT ON SCHEMA ${ident(ownSchema)} IS ${literal(`${markPrefix}its own record`)}`, why);
  draft.own(
    `CREATE TABLE ${recordTable} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, target text NOT NULL, as_role text, ` +
      "undo text NOT NULL, done timestamptz NOT NULL DEFAULT pg_catalog.now())",
    why,
  );
}
