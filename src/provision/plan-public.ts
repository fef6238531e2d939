/**
 * What PUBLIC may, and so every new role too: rights to change rows, to create, and to run functions that act with other rights than
 * the caller's. Whoever has them by PUBLIC now gets them by name, so that only roles made later go without.
 */
import type { Draft } from "./draft.ts";
import { markPrefix, ownSchema } from "./names.ts";
import { has } from "./plan-grants.ts";
import { makers } from "./plan-defaults.ts";
import type { ProvisionRequest } from "./request.ts";
import type { FunctionState, Grant } from "./state.ts";
import { ident, qualified } from "./sql.ts";

/**
 * Functions of the system that write and that PUBLIC may run: large objects, and messages into the WAL. Advisory locks, NOTIFY and
 * pg_sleep stay: applications and migration tools need them, and they change no data.
 */
export const writingFunctions: readonly string[] = [
  "lo_creat",
  "lo_create",
  "lo_from_bytea",
  "lo_import",
  "lo_export",
  "lo_put",
  "lo_truncate",
  "lo_truncate64",
  "lo_unlink",
  "lowrite",
  "pg_logical_emit_message",
];

/** Extensions whose functions reach other servers, programs or times, where no transaction of ours holds them. */
const reachingExtensions: ReadonlySet<string> = new Set([
  "dblink",
  "http",
  "pg_net",
  "pg_cron",
  "pg_background",
  "pg_task",
  "aws_s3",
  "aws_lambda",
  "azure_storage",
  "pg_surgery",
  "lo",
]);

const relationWrites = ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES", "MAINTAIN"];

interface Taken {
  readonly owner: string;
  readonly acl: readonly Grant[];
  readonly privileges: readonly string[];
  /** `TABLE`, `SCHEMA`: what stands after ON. */
  readonly type: string;
  /** Quoted and qualified. */
  readonly object: string;
  /** Quoted, where the rights are on one column. */
  readonly column?: string;
  readonly why: string;
}

export function planPublic(draft: Draft, request: ProvisionRequest): void {
  const { state } = draft;
  const keep = keepers(draft, request);
  const temporary = request.public.temporary === "revoke" ? ["TEMPORARY"] : [];
  const connect = request.public.connect === "revoke" ? ["CONNECT"] : [];
  const taken = new TakenRights(draft, keep);
  const take = (each: Taken) => taken.add(each);
  take({
    owner: state.databaseOwner,
    acl: state.databaseAcl,
    privileges: ["CREATE", ...temporary, ...connect],
    type: "DATABASE",
    object: ident(state.database),
    why: "new roles make no schemas and no temporary tables",
  });
  for (const { name, owner, acl } of state.schemas) {
    if (name === ownSchema) continue;
    take({ owner, acl, privileges: ["CREATE"], type: "SCHEMA", object: ident(name), why: "new roles make nothing in it" });
  }
  for (const relation of state.relations) {
    const { owner, acl, schema, name, kind, columnAcl } = relation;
    const privileges = kind === "sequence" ? ["UPDATE", "USAGE"] : relationWrites;
    const place = {
      owner,
      type: kind === "sequence" ? "SEQUENCE" : "TABLE",
      object: qualified(schema, name),
      why: "only who is named changes it",
    };
    take({ ...place, acl, privileges });
    for (const column of new Set(columnAcl.filter(({ grantee }) => grantee === "").map((each) => each.column))) {
      const own = columnAcl.filter((each) => each.column === column);
      for (const privilege of relationWrites) take({ ...place, acl: own, privileges: [privilege], column: ident(column) });
    }
  }
  for (const { what, name, owner, acl } of state.foreign) {
    const privileges = what === "LARGE OBJECT" ? ["UPDATE"] : ["USAGE"];
    const object = what === "LARGE OBJECT" ? name : ident(name);
    take({ owner, acl, privileges, type: what, object, why: "a way out of this database, or no row of a table" });
  }
  for (const each of state.functions) {
    const why = dangerOf(each);
    if (why !== undefined) take({ ...each, privileges: ["EXECUTE"], type: each.kind, object: each.signature, why });
  }
  taken.steps();
  laterObjects(draft, request, keep);
}

/** Every role that has a right through PUBLIC and could miss it. Members of a kept role need nothing of their own, but are kept too. */
function keepers(draft: Draft, request: ProvisionRequest): readonly string[] {
  const { roles, admin } = draft.state;
  const named = request.keep === null ? roles.map(({ name }) => name) : [...request.keep];
  if (request.migrationRole !== null) named.push(request.migrationRole);
  for (const name of request.keep ?? [])
    if (draft.role(name) === undefined) draft.refuse(`\`${name}\` of \`keep\` does not exist on this server`);
  const needs = (name: string): boolean => {
    const role = draft.role(name);
    if (role === undefined || role.superuser || name === admin.name) return false;
    return role.comment?.startsWith(markPrefix) !== true;
  };
  return [...new Set(named)].filter(needs).sort();
}

/** Gathers what is taken from PUBLIC, so that one statement serves all objects for which it reads the same. */
class TakenRights {
  readonly #draft: Draft;
  readonly #keep: readonly string[];
  readonly #gathered = new Map<string, { readonly taken: Taken; readonly keepers: readonly string[]; readonly objects: string[] }>();

  constructor(draft: Draft, keep: readonly string[]) {
    this.#draft = draft;
    this.#keep = keep;
  }

  add(taken: Taken): void {
    const { owner, acl, type, column = "", why } = taken;
    for (const privilege of taken.privileges) {
      if (!has(acl, "", privilege)) continue;
      const keepers = this.#keep.filter((role) => role !== owner && !has(acl, role, privilege));
      const key = JSON.stringify([owner, privilege, type, column, why, keepers]);
      const group = this.#gathered.get(key) ?? { taken: { ...taken, privileges: [privilege] }, keepers, objects: [] };
      group.objects.push(taken.object);
      this.#gathered.set(key, group);
    }
  }

  steps(): void {
    for (const { taken, keepers, objects } of this.#gathered.values()) this.#step(taken, keepers, objects);
  }

  #step({ owner, privileges, type, column, why }: Taken, keepers: readonly string[], objects: readonly string[]): void {
    const words = `${privileges.join(", ")}${column === undefined ? "" : ` (${column})`}`;
    const on = `${type} ${objects.join(", ")}`;
    const note = `PUBLIC keeps ${words} on ${on}: it belongs to \`${owner}\`, for whom \`${this.#draft.state.admin.name}\` cannot act`;
    // Undone object by object: one that has gone since must not keep the others from being restored.
    const each = (statement: (object: string) => string): readonly string[] => objects.map((object) => statement(`${type} ${object}`));
    if (keepers.length > 0) {
      // Names first: nobody is without the right for a moment.
      const undo = keepers.flatMap((role) => each((object) => `REVOKE ${words} ON ${object} FROM ${ident(role)}`));
      const sql = `GRANT ${words} ON ${on} TO ${keepers.map(ident).join(", ")}`;
      if (!this.#draft.asOwner(owner, { sql, why: "kept by name by those who had it by PUBLIC", undo }, note)) return;
    }
    const undo = each((object) => `GRANT ${words} ON ${object} TO PUBLIC`);
    this.#draft.asOwner(owner, { sql: `REVOKE ${words} ON ${on} FROM PUBLIC`, why, undo }, note);
  }
}

function dangerOf({ schema, definer, trigger, extension, untrusted }: FunctionState): string | undefined {
  if (schema === "pg_catalog") return "writes past what rights on tables hold";
  if (extension !== null) return reachingExtensions.has(extension) ? `extension ${extension} reaches past this transaction` : undefined;
  // A trigger function cannot be called; who may fire it is decided by rights on the table.
  if (trigger) return undefined;
  if (definer) return "runs with its owner's rights, whoever calls it";
  return untrusted ? "written in a language that the server does not contain" : undefined;
}

/** PostgreSQL lets everybody run every new function, SECURITY DEFINER ones too: from now on only who is named. */
function laterObjects(draft: Draft, request: ProvisionRequest, keep: readonly string[]): void {
  const { schemas, defaults } = draft.state;
  const owners = new Set(schemas.filter(({ name }) => name !== ownSchema).flatMap(({ name }) => makers(draft, request, name)));
  for (const owner of [...owners].sort()) {
    const found = defaults.find((each) => each.owner === owner && each.schema === null && each.objects === "FUNCTIONS");
    const acl = found?.acl ?? [{ grantee: "", privilege: "EXECUTE" }];
    if (has(acl, "", "EXECUTE")) later(draft, { owner, acl, keep, place: "", objects: "FUNCTIONS", privileges: ["EXECUTE"] });
  }
  for (const { owner, schema, objects, acl } of defaults) {
    const unwanted =
      objects === "TABLES" ? relationWrites : objects === "SEQUENCES" ? ["UPDATE", "USAGE"] : objects === "SCHEMAS" ? ["CREATE"] : [];
    const inSchema = schema !== null && objects === "FUNCTIONS" ? ["EXECUTE"] : [];
    const privileges = [...unwanted, ...inSchema].filter((privilege) => has(acl, "", privilege));
    if (privileges.length === 0) continue;
    later(draft, { owner, acl, keep, place: schema === null ? "" : ` IN SCHEMA ${ident(schema)}`, objects, privileges });
  }
}

interface Later {
  readonly owner: string;
  readonly acl: readonly Grant[];
  readonly keep: readonly string[];
  readonly place: string;
  readonly objects: string;
  readonly privileges: readonly string[];
}

function later(draft: Draft, { owner, acl, keep, place, objects, privileges }: Later): void {
  const begin = `ALTER DEFAULT PRIVILEGES FOR ROLE ${ident(owner)}${place}`;
  const words = privileges.join(", ");
  const note = `what \`${owner}\` makes later may be used by PUBLIC as before: its default privileges are its own to set`;
  const keepers = keep.filter((role) => role !== owner && privileges.some((privilege) => !has(acl, role, privilege)));
  if (keepers.length > 0) {
    const names = keepers.map(ident).join(", ");
    const undo = keepers.map((role) => `${begin} REVOKE ${words} ON ${objects} FROM ${ident(role)}`);
    const step = { sql: `${begin} GRANT ${words} ON ${objects} TO ${names}`, why: "kept by name by those who had it by PUBLIC", undo };
    if (!draft.asOwner(owner, step, note)) return;
  }
  const undo = [`${begin} GRANT ${words} ON ${objects} TO PUBLIC`];
  draft.asOwner(owner, { sql: `${begin} REVOKE ${words} ON ${objects} FROM PUBLIC`, why: "later ones: only who is named", undo }, note);
}
