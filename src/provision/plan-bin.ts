/**
 * The bin: its schema and functions, made, brought up to date and taken away. They belong to the owner executor's group, which is nobody's
 * login; sessions may call the one procedure that takes a ticket. What rests there is never touched here.
 */
import type { Draft } from "./draft.ts";
import { markPrefix } from "./names.ts";
import { has } from "./plan-grants.ts";
import { Acting } from "./plan-undo-journal.ts";
import type { Groups } from "./plan.ts";
import type { ProvisionRequest } from "./request.ts";
import { type AdminClient, ident, literal } from "./sql.ts";

const binSchema = "holdfast_bin";
/** Publications have lists of columns, and tables lists of schemas, since then: what is put back says them. */
const BIN_SINCE = 150_000;

export interface BinState {
  /** `null`: there is none. */
  readonly schema: { readonly owner: string; readonly comment: string | null } | null;
  /** Schemas in which something rests. */
  readonly resting: number;
}

/** The bin's SQL, and what tells it from another version's. */
export interface BinRequest {
  readonly statements: readonly string[];
  readonly version: string;
}

export function planBin(draft: Draft, request: ProvisionRequest, { ownerExecutor }: Groups): void {
  const { schema } = draft.state.bin;
  const wanted = request.bin;
  if (wanted === undefined) return;
  const { version, admin, database, databaseAcl, databaseOwner } = draft.state;
  if (version < BIN_SINCE) return draft.note("there is no bin: it needs PostgreSQL 15 or newer");
  if (schema !== null && schema.comment?.startsWith(markPrefix) !== true)
    return draft.refuse(`a schema \`${binSchema}\` is there already and is not ours: rename it, or set \`bin: { enabled: false }\``);
  const owner = schema?.owner ?? ownerExecutor;
  const why = "what agents drop rests out of their reach until it comes back";
  if (!has(databaseAcl, owner, "CREATE")) {
    const step = {
      sql: `GRANT CREATE ON DATABASE ${ident(database)} TO ${ident(owner)}`,
      why: "the bin makes a schema for each act",
      undo: [],
    };
    const note = `there is no bin: only \`${databaseOwner}\` may let \`${owner}\` make schemas in \`${database}\``;
    if (!draft.asOwner(databaseOwner, step, note)) return;
  }
  const acting = new Acting(draft, owner);
  if (schema === null) {
    if (!admin.createsSchemas) draft.refuse(`\`${admin.name}\` may not create a schema in database \`${database}\``);
    acting.own(`CREATE SCHEMA ${ident(binSchema)} AUTHORIZATION ${ident(owner)}`, why);
  }
  const comment = `${markPrefix}the bin, ${wanted.version}`;
  if (schema?.comment !== comment) {
    for (const sql of wanted.statements) acting.as(sql, why);
    acting.as(`COMMENT ON SCHEMA ${ident(binSchema)} IS ${literal(comment)}`, "marks it as ours");
  }
  second(draft, acting, owner, ownerExecutor);
  acting.end();
}

/** A second target of the same database uses what the first one's group owns. */
function second(draft: Draft, acting: Acting, owner: string, executor: string): void {
  if (owner === executor || draft.state.memberships.some(({ role, member }) => role === owner && member === executor)) return;
  const options = draft.state.version >= 160_000 ? " WITH INHERIT TRUE, SET TRUE" : "";
  acting.own(`GRANT ${ident(owner)} TO ${ident(executor)}${options}`, `the bin belongs to \`${owner}\``);
}

/** Refuses while anything rests there. */
export function planBinAway(draft: Draft, taking: ReadonlySet<string>): void {
  const { schema, resting } = draft.state.bin;
  if (schema === null || !taking.has(schema.owner) || schema.comment?.startsWith(markPrefix) !== true) return;
  if (resting > 0)
    return draft.refuse(
      "something rests in the bin of this database: restore or empty it first (`holdfast bin list`, `holdfast bin empty`)",
    );
  const acting = new Acting(draft, schema.owner);
  acting.as(`DROP SCHEMA ${ident(binSchema)} CASCADE`, "the bin, which is empty");
}

/** Names are the system's: the caller's search_path holds no schema in front of pg_catalog. */
export async function readBin(client: AdminClient): Promise<BinState> {
  const { rows } = await client.query(
    `SELECT pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text AS owner, pg_catalog.obj_description(n.oid, 'pg_namespace') AS comment
     FROM pg_catalog.pg_namespace n WHERE n.nspname = ${literal(binSchema)}`,
  );
  const resting = await client.query(
    `SELECT pg_catalog.count(*)::int AS number FROM pg_catalog.pg_namespace n WHERE n.nspname ~ '^holdfast_bin_[0-9]'
     AND pg_catalog.obj_description(n.oid, 'pg_namespace') = '${markPrefix}bin'`,
  );
  return { schema: (rows[0] as BinState["schema"] | undefined) ?? null, resting: (resting.rows[0] as { number: number }).number };
}
