/**
 * Default privileges: what the groups may do with objects that are made later, for each role that makes them.
 * It cannot speak for roles that own nothing yet; the next run does.
 */
import type { Draft } from "./draft.ts";
import { markPrefix } from "./names.ts";
import { has, nameOf, readSchemas } from "./plan-grants.ts";
import type { Groups } from "./plan.ts";
import type { ProvisionRequest } from "./request.ts";
import type { DefaultAcl } from "./state.ts";
import { ident } from "./sql.ts";

export function planDefaults(draft: Draft, request: ProvisionRequest, groups: Groups): void {
  for (const schema of readSchemas(draft, request)) {
    for (const owner of makers(draft, request, schema.name)) {
      add(draft, { owner, schema: schema.name, privileges: ["SELECT"], objects: "TABLES", to: groups.reader });
      add(draft, { owner, schema: schema.name, privileges: ["SELECT"], objects: "SEQUENCES", to: groups.reader });
    }
  }
  for (const { role, schemas } of groups.writers) {
    for (const schema of schemas) {
      for (const owner of makers(draft, request, schema)) {
        add(draft, { owner, schema, privileges: ["INSERT", "UPDATE", "DELETE"], objects: "TABLES", to: role });
        add(draft, { owner, schema, privileges: ["USAGE"], objects: "SEQUENCES", to: role });
      }
    }
  }
}

/** Who makes tables in a schema: whoever owns one there, or the schema, and the migration runner. Superusers' are left to them. */
export function makers(draft: Draft, request: ProvisionRequest, schema: string): readonly string[] {
  const { relations, schemas, databaseOwner } = draft.state;
  const owners = new Set(relations.filter((each) => each.schema === schema && each.extension === null).map(({ owner }) => owner));
  const own = schemas.find(({ name }) => name === schema)?.owner;
  if (own !== undefined) owners.add(own === "pg_database_owner" ? databaseOwner : own);
  if (request.migrationRole !== null) owners.add(request.migrationRole);
  return [...owners].sort().filter((owner) => {
    const role = draft.role(owner);
    if (role === undefined || role.comment?.startsWith(markPrefix)) return false;
    if (!role.superuser || draft.state.admin.superuser) return true;
    draft.note(`tables that superuser \`${owner}\` makes later are not agents' to read, until this is run again`);
    return false;
  });
}

interface Wanted {
  readonly owner: string;
  readonly schema: string;
  readonly privileges: readonly string[];
  readonly objects: DefaultAcl["objects"];
  readonly to: string;
}

function add(draft: Draft, { owner, schema, privileges, objects, to }: Wanted): void {
  const found = draft.state.defaults.find((each) => each.owner === owner && each.schema === schema && each.objects === objects);
  const lacking = privileges.filter((privilege) => !has(found?.acl ?? [], to, privilege));
  if (lacking.length === 0) return;
  const sql =
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${ident(owner)} IN SCHEMA ${ident(schema)} ` +
    `GRANT ${lacking.join(", ")} ON ${objects} TO ${ident(to)}`;
  // A maker whose default privileges nobody but itself may set is no reason to do nothing.
  draft.asOwner(owner, { sql, why: `${nameOf({ schema, name: objects.toLowerCase() })} made later`, undo: [] }, laterNote(owner));
}

function laterNote(owner: string): string {
  return `what \`${owner}\` makes later is not agents' to read until this is run again: its default privileges are its own to set`;
}
