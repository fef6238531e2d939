/**
 * The group roles and who is a member of what.
 * It grants them nothing on objects.
 */
import type { Draft } from "./draft.ts";
import { markPrefix, ownSchema } from "./names.ts";
import type { Groups } from "./plan.ts";
import type { ProvisionRequest } from "./request.ts";
import { ident, literal } from "./sql.ts";

/** Since 16 each membership says for itself what it gives. */
const OPTIONS_SINCE = 160_000;

export function planRoles(draft: Draft, request: ProvisionRequest, groups: Groups): void {
  const { reader, ownerExecutor, writers } = groups;
  const what = `of target ${request.target}, database ${draft.state.database}`;
  group(draft, reader, `readers ${what}`);
  for (const { role } of writers) {
    group(draft, role, `writers ${what}`);
    // Writers read too. They do not take the reader's place: SET is of no use to them.
    member(draft, { role: reader, of: role, options: "INHERIT TRUE, SET FALSE", why: "writers read too" });
  }
  group(draft, ownerExecutor, `owner executor ${what}: never an agent's`);
  ownership(draft, ownerExecutor);
  broker(draft, request.brokerRole, [reader, ...writers.map(({ role }) => role)], ownerExecutor);
}

function group(draft: Draft, name: string, mark: string): void {
  const found = draft.role(name);
  const comment = `${markPrefix}${mark}`;
  if (found !== undefined) {
    if (found.comment === comment && !found.login) return;
    return draft.refuse(
      `role \`${name}\` is there already and is not what this target needs: it ${found.login ? "may log in" : "was made for something else"}`,
    );
  }
  const why = `group role: ${mark}`;
  // Only what may be said without being superuser; a new role has none of SUPERUSER, CREATEDB, CREATEROLE, REPLICATION, BYPASSRLS.
  draft.own(`CREATE ROLE ${ident(name)} NOLOGIN`, why);
  draft.own(`COMMENT ON ROLE ${ident(name)} IS ${literal(comment)}`, why);
}

function member(draft: Draft, wanted: { role: string; of: string; options: string; why: string }): void {
  const { role, of, options, why } = wanted;
  const gives = options.includes("ADMIN TRUE") && draft.state.version >= OPTIONS_SINCE;
  if (draft.state.memberships.some((each) => each.role === role && each.member === of && (each.admin || !gives))) return;
  const suffix = draft.state.version >= OPTIONS_SINCE ? ` WITH ${options}` : options.includes("ADMIN TRUE") ? " WITH ADMIN OPTION" : "";
  draft.own(`GRANT ${ident(role)} TO ${ident(of)}${suffix}`, why);
}

/** Later parts act as owner on a person's behalf. Superusers' objects stay out of its reach. */
function ownership(draft: Draft, executor: string): void {
  const { relations, schemas, admin } = draft.state;
  const others = schemas.filter(({ name }) => name !== ownSchema);
  const owners = new Set([...relations, ...others].map(({ owner }) => owner));
  for (const owner of [...owners].sort()) {
    const role = draft.role(owner);
    if (owner === admin.name && !admin.superuser) {
      draft.note(`\`${executor}\` does not get ownership of what \`${owner}\` owns: with it would come the right to make roles`);
      continue;
    }
    if (role === undefined || role.superuser || role.comment?.startsWith(markPrefix)) continue;
    if (draft.state.memberships.some((each) => each.role === owner && each.member === executor)) continue;
    if (role.grantable)
      member(draft, { role: owner, of: executor, options: "INHERIT TRUE, SET TRUE", why: "acts for owners, for a person" });
    else draft.note(`\`${executor}\` does not get ownership of what \`${owner}\` owns: \`${admin.name}\` has no ADMIN OPTION on that role`);
  }
}

/** Whoever makes session roles must be able to put them into the groups, and to give them what a person grants, as the executor. */
function broker(draft: Draft, name: string | null, groups: readonly string[], executor: string): void {
  if (name === null || name === draft.state.admin.name) return;
  const role = draft.role(name);
  if (role === undefined) return draft.refuse(`\`roles.admin\` logs in as \`${name}\`, which does not exist on this server`);
  // Before 16 CREATEROLE suffices, and a membership would only make it a reader.
  if (role.superuser || draft.state.version < OPTIONS_SINCE) return;
  for (const group of groups)
    member(draft, { role: group, of: name, options: "ADMIN TRUE, INHERIT FALSE, SET FALSE", why: "makes session roles members" });
  // Without INHERIT: it acts for owners only where it says so. With ADMIN: what a person approved is carried out as a role of its own.
  const why = "gives session roles what a person grants, and makes the role that carries out what a person approves";
  member(draft, { role: executor, of: name, options: "ADMIN TRUE, INHERIT FALSE, SET TRUE", why });
}
