/**
 * What the groups may do with the objects that are there now: readers read, writers change the rows of their tables.
 * Nobody is granted TRUNCATE, TRIGGER, REFERENCES, MAINTAIN or anything with grant option.
 */
import type { Draft } from "./draft.ts";
import { ownSchema } from "./names.ts";
import type { Groups } from "./plan.ts";
import type { ProvisionRequest } from "./request.ts";
import type { Grant, RelationState, SchemaState } from "./state.ts";
import { ident, qualified } from "./sql.ts";

const CHANGES = ["INSERT", "UPDATE", "DELETE"] as const;

export function planGrants(draft: Draft, request: ProvisionRequest, groups: Groups): void {
  const { state } = draft;
  database(draft, groups);
  for (const schema of readSchemas(draft, request)) {
    usage(draft, schema, groups.reader);
    const inside = state.relations.filter((relation) => relation.schema === schema.name);
    const read = readable(draft, request, inside);
    grant(draft, { relations: read, privileges: ["SELECT"], to: groups.reader, why: "readers read" });
    const others = inside.filter((relation) => !read.includes(relation));
    withhold(draft, groups, others);
  }
  for (const { role, schemas, tables } of groups.writers) {
    const mine = state.relations.filter(
      (relation) => isWritable(relation, request) && (schemas.includes(relation.schema) || tables.includes(nameOf(relation))),
    );
    const fed = new Set(mine.map(nameOf));
    const sequences = state.relations.filter(({ feeds }) => feeds !== null && fed.has(feeds));
    for (const schema of state.schemas) if (mine.some((relation) => relation.schema === schema.name)) usage(draft, schema, role);
    grant(draft, { relations: mine, privileges: CHANGES, to: role, why: "writers change rows of their tables" });
    grant(draft, { relations: sequences, privileges: ["USAGE"], to: role, why: "keys for new rows" });
  }
  functions(draft, request, groups);
}

export function nameOf(relation: { readonly schema: string; readonly name: string }): string {
  return `${relation.schema}.${relation.name}`;
}

export function has(acl: readonly Grant[], grantee: string, privilege: string): boolean {
  return acl.some((grant) => grant.grantee === grantee && grant.privilege === privilege);
}

/** The schemas that agents read, ours never. */
export function readSchemas(draft: Draft, request: ProvisionRequest): readonly SchemaState[] {
  return draft.state.schemas.filter(({ name }) => name !== ownSchema && (request.schemas === null || request.schemas.includes(name)));
}

function database(draft: Draft, { reader }: Groups): void {
  const { database: name, databaseAcl, databaseOwner } = draft.state;
  if (has(databaseAcl, reader, "CONNECT")) return;
  const step = { sql: `GRANT CONNECT ON DATABASE ${ident(name)} TO ${ident(reader)}`, why: "sessions log in to this database", undo: [] };
  draft.asOwner(databaseOwner, step, has(databaseAcl, "", "CONNECT") ? `readers connect to \`${name}\` by what PUBLIC may` : undefined);
}

function usage(draft: Draft, schema: SchemaState, role: string): void {
  if (has(schema.acl, role, "USAGE")) return;
  const step = { sql: `GRANT USAGE ON SCHEMA ${ident(schema.name)} TO ${ident(role)}`, why: "names in the schema can be used", undo: [] };
  draft.asOwner(schema.owner, step, has(schema.acl, "", "USAGE") ? `schema \`${schema.name}\` is used by what PUBLIC may` : undefined);
}

/** What is left out is said once. Members of extensions have their own rules, which extensions set. */
function readable(draft: Draft, request: ProvisionRequest, relations: readonly RelationState[]): readonly RelationState[] {
  const past = pastRowPolicies(draft, request);
  return relations.filter((relation) => {
    const name = nameOf(relation);
    if (request.hide.includes(name) || relation.extension !== null) return false;
    const why = relation.revealing ? "shows what only superusers read in the system catalogues" : past.get(name);
    if (why !== undefined) draft.note(`\`${name}\` ${why}: readers do not get it`);
    return why === undefined;
  });
}

/** Relations through which rows of a limited table are read past its policy: its partitions, and views that read as their owner. */
function pastRowPolicies(draft: Draft, request: ProvisionRequest): ReadonlyMap<string, string> {
  const past = new Map<string, string>();
  const limited = new Set(request.rows.map(({ table }) => table));
  const reached = new Set(limited);
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const relation of draft.state.relations) {
      const name = nameOf(relation);
      if (limited.has(name) || reached.has(name) || !relation.shows.some((shown) => reached.has(shown))) continue;
      // A view that asks as the caller shows no more than the caller sees.
      if (relation.invoker && relation.shows.every((shown) => !reached.has(shown) || limited.has(shown))) continue;
      reached.add(name);
      past.set(name, "shows rows of a table past its row policy");
    }
  }
  return past;
}

/** What readers were granted once, or by default, and are not to read now. */
function withhold(draft: Draft, { reader }: Groups, relations: readonly RelationState[]): void {
  for (const { schema, name, owner, kind, acl } of relations) {
    if (!has(acl, reader, "SELECT")) continue;
    const sql = `REVOKE SELECT ON ${kind === "sequence" ? "SEQUENCE" : "TABLE"} ${qualified(schema, name)} FROM ${ident(reader)}`;
    draft.asOwner(owner, { sql, why: "not for readers", undo: [] });
  }
}

function isWritable(relation: RelationState, request: ProvisionRequest): boolean {
  return relation.kind === "table" && relation.extension === null && !request.hide.includes(nameOf(relation));
}

interface Wanted {
  readonly relations: readonly RelationState[];
  readonly privileges: readonly string[];
  readonly to: string;
  readonly why: string;
}

/** One statement for all objects of one kind and owner that lack the same privileges. */
function grant(draft: Draft, { relations, privileges, to, why }: Wanted): void {
  const lacking = new Map<string, { owner: string; words: string; kind: string; names: string[] }>();
  for (const { schema, name, owner, kind, acl } of relations) {
    const words = privileges.filter((privilege) => !has(acl, to, privilege)).join(", ");
    if (words === "") continue;
    const type = kind === "sequence" ? "SEQUENCE" : "TABLE";
    const key = JSON.stringify([owner, words, type]);
    const group = lacking.get(key) ?? { owner, words, kind: type, names: [] };
    group.names.push(qualified(schema, name));
    lacking.set(key, group);
  }
  for (const { owner, words, kind, names } of lacking.values()) {
    const sql = `GRANT ${words} ON ${kind} ${names.join(", ")} TO ${ident(to)}`;
    const superuser = draft.role(owner)?.superuser === true;
    draft.asOwner(
      owner,
      { sql, why, undo: [] },
      superuser ? `what superuser \`${owner}\` owns is left out: ${names.join(", ")}` : undefined,
    );
  }
}

/** Functions that the operator names although they run with their owner's rights. */
function functions(draft: Draft, request: ProvisionRequest, { reader }: Groups): void {
  for (const wanted of request.functions) {
    const found = draft.state.functions.filter(({ schema, name }) => `${schema}.${name}` === wanted);
    if (found.length === 0) draft.refuse(`\`${wanted}\` is no function of database \`${draft.state.database}\``);
    for (const { signature, kind, owner, acl, definer } of found) {
      if (definer) draft.note(`agents may run \`${signature}\` with the rights of \`${owner}\`, because \`functions\` names it`);
      if (has(acl, reader, "EXECUTE")) continue;
      const sql = `GRANT EXECUTE ON ${kind} ${signature} TO ${ident(reader)}`;
      draft.asOwner(owner, { sql, why: "named by the operator", undo: [] });
    }
  }
}
