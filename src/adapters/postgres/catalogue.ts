/**
 * Reads the catalogue of one database in one repeatable-read, read-only transaction and returns it as plain data.
 * It does not keep a connection or decide when to read: `catalogue-source.ts` does.
 */
import type { ClientBase } from "pg";
import type { CatalogueData, Relation } from "../../catalogue/types.ts";
import { sha256Hex } from "../../base/canonical.ts";
import { triggerCondition } from "../../catalogue/ddl/trigger-condition.ts";
import * as q from "./catalogue-queries.ts";
import * as d from "./catalogue-decode.ts";

/** A snapshot without its version, and what tells whether its content differs from another's. */
export interface LoadedCatalogue {
  readonly data: CatalogueData;
  /** Digest of everything but the version and the row estimates, which every VACUUM changes. */
  readonly digest: string;
}

/** What `pg` offers and this file uses: a connected client that nothing else uses meanwhile. */
export type CatalogueClient = Pick<ClientBase, "query">;

/** Oldest server whose catalogue these queries fit. */
const OLDEST_SERVER_VERSION = 120000;

/**
 * Loads the whole catalogue with `version` 0. Rejects when the server cannot be read, is older than PostgreSQL 12, or when
 * any one query fails: half a catalogue would make unknown names look harmless.
 */
export async function loadCatalogue(client: CatalogueClient): Promise<LoadedCatalogue> {
  return insideSnapshot(client, async (rows) => {
    const [serverVersion, database] = (await rows<readonly [number, string]>(q.sessionQuery))[0] ?? [0, ""];
    if (serverVersion < OLDEST_SERVER_VERSION) {
      throw new Error(`server version ${serverVersion} is too old to be understood: PostgreSQL 12 or newer is needed`);
    }
    const { relations, attributeName } = await loadRelations(rows, serverVersion);
    const data: CatalogueData = {
      version: 0,
      serverVersion,
      database,
      schemas: (await rows<q.SchemaRow>(q.schemasQuery)).map(([name, owner]) => ({ name, owner })),
      relations,
      foreignKeys: (await rows<q.ForeignKeyRow>(q.foreignKeysQuery)).map((row) => d.foreignKey(row, attributeName)),
      functions: d.functions(await rows<q.FunctionRow>(q.functionsQuery(serverVersion)), await rows<q.AggregateRow>(q.aggregatesQuery)),
      operators: (await rows<q.OperatorRow>(q.operatorsQuery)).map(d.operator),
      casts: (await rows<q.CastRow>(q.castsQuery)).map(d.cast),
      types: d.types(await rows<q.TypeRow>(q.typesQuery), await rows<q.DomainCheckRow>(q.domainChecksQuery)),
      extensions: (await rows<q.ExtensionRow>(q.extensionsQuery)).map(([name, schema]) => ({ name, schema })),
      roles: (await rows<q.RoleRow>(q.rolesQuery)).map(([name, superuser, bypassRls, memberOf]) => ({
        name,
        superuser,
        bypassRls,
        memberOf,
      })),
      eventTriggers: (await rows<q.EventTriggerRow>(q.eventTriggersQuery)).map(([name, functionOid, enabled]) => ({
        name,
        functionOid,
        enabled,
      })),
    };
    return { data, digest: contentDigest(data) };
  });
}

/** What tells two states of the catalogue apart, for a fraction of the price of reading it. See {@link q.probeQuery}. */
export async function probeCatalogue(client: CatalogueClient): Promise<string> {
  return insideSnapshot(client, async (rows) => JSON.stringify(await rows(q.probeQuery)));
}

type Rows = <R extends readonly unknown[]>(sql: string) => Promise<readonly R[]>;

/** Runs `read` in one snapshot. The empty search_path leaves only pg_catalog, so nobody's operator or function can step in. */
async function insideSnapshot<T>(client: CatalogueClient, read: (rows: Rows) => Promise<T>): Promise<T> {
  await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  try {
    await client.query("SET LOCAL search_path = ''");
    const result = await read(async <R extends readonly unknown[]>(sql: string) => {
      const answer = await client.query<R[]>({ text: sql, rowMode: "array" });
      return answer.rows as unknown as readonly R[];
    });
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // The first error is the one that matters; a connection that cannot even roll back is thrown away by its owner.
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

async function loadRelations(rows: Rows, serverVersion: number) {
  const parts: d.RelationParts = {
    columns: d.groupByFirst(await rows<q.ColumnRow>(q.columnsQuery)),
    keys: d.groupByFirst(await rows<q.KeyRow>(q.keysQuery)),
    triggers: d.groupByFirst(await rows<q.TriggerRow>(q.triggersQuery)),
    rules: d.groupByFirst(await rows<q.RuleRow>(q.rulesQuery)),
    policies: d.groupByFirst(await rows<q.PolicyRow>(q.policiesQuery)),
    expressions: d.groupByFirst(await rows<q.ExpressionRow>(q.expressionsQuery(serverVersion))),
    parents: d.groupByFirst(await rows<q.ParentRow>(q.parentsQuery)),
    triggerCondition,
  };
  const relations: Relation[] = [];
  for (const row of await rows<q.RelationRow>(q.relationsQuery)) relations.push(d.relation(row, parts));
  const attributeName = (relation: number, attnum: number): string => d.attributeName(parts, relation, attnum);
  return { relations, attributeName };
}

function contentDigest(data: CatalogueData): string {
  return sha256Hex(JSON.stringify(data, (key, value: unknown) => (key === "rowsEstimate" || key === "version" ? undefined : value)));
}
