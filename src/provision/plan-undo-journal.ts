/**
 * The journal of row images: made, brought up to date and taken away. Its schema, functions and triggers belong to the owner executor's
 * group, which is nobody's login; agents have no right in any of them.
 * It keeps no image itself; the server does, in the transaction of each change.
 */
import { undoSchema } from "../model/undo-journal.ts";
import type { Draft } from "./draft.ts";
import { markPrefix } from "./names.ts";
import type { Groups } from "./plan.ts";
import type { ProvisionRequest } from "./request.ts";
import { ident, literal, qualified } from "./sql.ts";
import { journalComment, journalStatements } from "./undo-journal-sql.ts";
import { isOurs, type JournalTable } from "./undo-journal-state.ts";
import { type KeepChanges, triggerChanges } from "./undo-journal-triggers.ts";

export function planUndoJournal(draft: Draft, request: ProvisionRequest, { ownerExecutor }: Groups): void {
  const { journal } = draft.state;
  const wanted = request.undo ?? null;
  if (wanted === null && journal.schema === null) return;
  if (journal.schema !== null && !isOurs(journal)) {
    if (wanted !== null)
      draft.refuse(`a schema \`${undoSchema}\` is there already and is not ours: rename it, or set \`undo: { enabled: false }\``);
    return;
  }
  const owner = journal.schema?.owner ?? ownerExecutor;
  const acting = new Acting(draft, owner);
  const comment = journalComment(journal.lz4);
  if (wanted !== null && journal.schema?.comment !== comment) schema(draft, acting, comment);
  // A second target of the same database reads what the first one's group owns.
  if (owner !== ownerExecutor && wanted !== null) second(draft, acting, owner, ownerExecutor);
  for (const table of journal.tables) {
    const changes = triggerChanges(table, wanted);
    if (changes !== null) triggers(draft, acting, table, changes);
  }
  acting.end();
}

function schema(draft: Draft, acting: Acting, comment: string): void {
  const { journal, admin, database } = draft.state;
  const why = "images of the rows that agents change, out of their reach";
  if (journal.schema === null) {
    if (!admin.createsSchemas) draft.refuse(`\`${admin.name}\` may not create a schema in database \`${database}\``);
    acting.own(`CREATE SCHEMA ${ident(undoSchema)} AUTHORIZATION ${ident(acting.role)}`, why);
  }
  for (const sql of journalStatements(journal.lz4)) acting.as(sql, why);
  acting.as(`COMMENT ON SCHEMA ${ident(undoSchema)} IS ${literal(comment)}`, "marks it as ours");
}

function second(draft: Draft, acting: Acting, owner: string, executor: string): void {
  if (draft.state.memberships.some(({ role, member }) => role === owner && member === executor)) return;
  const options = draft.state.version >= 160_000 ? " WITH INHERIT TRUE, SET TRUE" : "";
  acting.own(`GRANT ${ident(owner)} TO ${ident(executor)}${options}`, `undo reads the journal, which \`${owner}\` owns`);
}

function triggers(draft: Draft, acting: Acting, table: JournalTable, { drop, create, always }: KeepChanges): void {
  const at = qualified(table.schema, table.name);
  const why = drop.length > 0 && create.length === 0 && always.length === 0 ? "its changes are not kept" : "its changes are kept for undo";
  const statements = [
    ...drop.map((name) => `DROP TRIGGER ${ident(name)} ON ${at}`),
    ...create.map((trigger) => trigger.sql(at)),
    // Whoever switches triggers off by session_replication_role does not switch these off.
    ...(always.length === 0 ? [] : [`ALTER TABLE ${at} ${always.map((name) => `ENABLE ALWAYS TRIGGER ${ident(name)}`).join(", ")}`]),
  ];
  if (acting.onTable(table.owner, statements, why)) return;
  draft.note(
    `changes of \`${table.schema}.${table.name}\` cannot be undone: neither \`${acting.role}\` nor \`${draft.state.admin.name}\` ` +
      `can act for \`${table.owner}\`, who owns it`,
  );
}

/** All of it goes with the schema: the functions take their triggers along. Another target of the database gets it all instead. */
export function planUndoJournalAway(draft: Draft, taking: ReadonlySet<string>): void {
  const { journal, roles, database } = draft.state;
  const owner = journal.schema?.owner;
  if (owner === undefined || !isOurs(journal) || !taking.has(owner)) return;
  const acting = new Acting(draft, owner);
  const mark = `${markPrefix}owner executor of target `;
  const other = roles.find(
    ({ name, comment }) => !taking.has(name) && comment?.startsWith(mark) && `${comment}`.includes(`, database ${database}:`),
  );
  if (other === undefined) return acting.as(`DROP SCHEMA ${ident(undoSchema)} CASCADE`, "the journal of row images, with its triggers");
  const why = "another target of this database goes on with the journal";
  const options = draft.state.version >= 160_000 ? " WITH INHERIT TRUE, SET TRUE" : "";
  const joins = draft.state.admin.superuser ? [] : [owner, other.name];
  for (const role of joins) draft.own(`GRANT ${ident(role)} TO CURRENT_USER${options}`, why);
  draft.own(`REASSIGN OWNED BY ${ident(owner)} TO ${ident(other.name)}`, why);
  for (const role of joins) draft.own(`REVOKE ${ident(role)} FROM CURRENT_USER`, why);
}

/** Steps as the journal's owner. An administrator who is no superuser is a member of it for as long as that takes. */
export class Acting {
  readonly role: string;
  readonly #draft: Draft;
  #joined = false;
  readonly #lent = new Set<string>();

  constructor(draft: Draft, role: string) {
    this.#draft = draft;
    this.role = role;
  }

  as(sql: string, why: string): void {
    this.#join();
    this.#draft.acting(this.role, sql, why);
  }

  /** As the administrator. */
  own(sql: string, why: string): void {
    this.#join();
    this.#draft.own(sql, why);
  }

  /** Statements on a table of `owner`'s. False, and nothing planned, where nobody at hand may act for it. */
  onTable(owner: string, statements: readonly string[], why: string): boolean {
    const { admin } = this.#draft.state;
    const actor = this.#draft.actor(owner);
    if (this.#actsFor(owner)) {
      for (const sql of statements) this.as(sql, why);
    } else if (actor !== undefined) {
      if (!admin.superuser) this.#lend(actor.as ?? admin.name);
      for (const sql of statements) this.#draft.asOwner(owner, { sql, why, undo: [] });
    } else return false;
    return true;
  }

  end(): void {
    for (const name of this.#lent) for (const right of lent) this.as(`REVOKE ${right} FROM ${ident(name)}`, "no longer needed");
    if (this.#joined) this.#draft.own(`REVOKE ${ident(this.role)} FROM CURRENT_USER`, "no longer needed");
  }

  /** The journal's owner is a member of the table's, or is made one in the same plan. */
  #actsFor(owner: string): boolean {
    const { admin, memberships } = this.#draft.state;
    if (memberships.some(({ role, member }) => role === owner && member === this.role)) return true;
    const role = this.#draft.role(owner);
    if (role === undefined || role.superuser || (owner === admin.name && !admin.superuser)) return false;
    return role.grantable && role.comment?.startsWith(markPrefix) !== true;
  }

  /** Whoever makes a trigger must be allowed to call its function. */
  #lend(name: string): void {
    if (this.#lent.has(name)) return;
    this.#lent.add(name);
    for (const right of lent) this.as(`GRANT ${right} TO ${ident(name)}`, `\`${name}\` makes triggers that call it`);
  }

  #join(): void {
    const { admin, version } = this.#draft.state;
    const reach = this.#draft.role(this.role)?.reach ?? "none";
    if (this.#joined || admin.superuser || reach !== "none") return;
    this.#joined = true;
    const options = version >= 160_000 ? " WITH INHERIT FALSE, SET TRUE" : "";
    this.#draft.own(`GRANT ${ident(this.role)} TO CURRENT_USER${options}`, "the journal belongs to nobody's login");
  }
}

const lent = [`USAGE ON SCHEMA ${ident(undoSchema)}`, `EXECUTE ON ALL FUNCTIONS IN SCHEMA ${ident(undoSchema)}`];
