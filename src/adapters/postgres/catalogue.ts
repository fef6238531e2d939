/**
 * Reads the catalogue of one database in one repeatable-read, read-only transaction and returns it as plain data.
 * It does not keep a connection or decide when to read: `catalogue-source.ts` does.
 */
import type { ClientBase } from "pg";
import type { CatalogueData, Relation } from "../../catalogue/types.ts";
import { sha256Hex } from "../../base/canonical.ts";
import { dataOf, partsOf } from "../../catalogue/parts.ts";
import { triggerCondition } from "../../catalogue/ddl/trigger-condition.ts";
import * as q from "./catalogue-queries.ts";
import * as d from "./catalogue-decode.ts";

/** A snapshot without its version, and what tells whether its content differs from another's. */
export interface LoadedCatalogue {
  /** All of it. */
  readonly data: CatalogueData;
  /** What is not of the ground; its lists are whole but for operators and casts. */
  readonly own: CatalogueData;
  /** What came with the server; the object of before, where that has not changed. */
  readonly ground: CatalogueData;
  /** Digest of everything but the version and the row estimates, which every VACUUM changes. */
  readonly digest: string;
  /** The state of the server that this was read in. */
  readonly state: CatalogueState;
}

/** What tells two states of a server's catalogue apart, for a fraction of the price of reading it. */
export interface CatalogueState {
  /** See {@link q.snapshotQuery}. */
  readonly snapshot: string;
  /** See {@link q.probeQuery}. */
  readonly own: string;
  readonly ground: string;
}

/** What `pg` offers and this file uses: a connected client that nothing else uses meanwhile. */
export type CatalogueClient = Pick<ClientBase, "query">;

/** Oldest server whose catalogue these queries fit. */
const OLDEST_SERVER_VERSION = 120000;

/**
 * Loads the whole catalogue with `version` 0, but for the ground when that is what `before` has. Rejects when the server cannot be
 * read, is older than PostgreSQL 12, or when any one query fails: half a catalogue would make unknown names look harmless.
 */
export async function loadCatalogue(client: CatalogueClient, before?: LoadedCatalogue): Promise<LoadedCatalogue> {
  return (await insideSnapshot(client, (rows) => loadIfChanged(rows, before, true))) as LoadedCatalogue;
}

/** The same where something has changed since `before` was read; otherwise the state it is in now. */
export async function loadChanges(client: CatalogueClient, before: LoadedCatalogue): Promise<LoadedCatalogue | CatalogueState> {
  const answer = await client.query<string[]>({ text: q.snapshotQuery, rowMode: "array" });
  if ((answer.rows as unknown as readonly string[][])[0]?.[0] === before.state.snapshot) return before.state;
  return insideSnapshot(client, (rows) => loadIfChanged(rows, before, false));
}

async function loadIfChanged(rows: Rows, before: LoadedCatalogue | undefined, always: boolean): Promise<LoadedCatalogue | CatalogueState> {
  const state = await readState(rows);
  const sameGround = before?.state.ground === state.ground;
  if (!always && sameGround && before.state.own === state.own) return state;
  const [serverVersion, database] = (await rows<readonly [number, string]>(q.sessionQuery))[0] ?? [0, ""];
  if (serverVersion < OLDEST_SERVER_VERSION) {
    throw new Error(`server version ${serverVersion} is too old to be understood: PostgreSQL 12 or newer is needed`);
  }
  const server = { version: 0, serverVersion, database };
  const ground = sameGround ? before.ground : { ...server, ...noLists, ...(await loadObjects("ground", rows, serverVersion)) };
  const own = { ...server, ...(await loadLists(rows)), ...(await loadObjects("own", rows, serverVersion)) };
  const digest = `${digestOf(ground)} ${contentDigest(own)}`;
  return {
    own,
    ground,
    state,
    digest,
    get data() {
      return dataOf(partsOf(own, partsOf(ground)));
    },
  };
}

const noLists = { schemas: [], extensions: [], roles: [], eventTriggers: [] };

async function loadLists(
  rows: Rows,
): Promise<Pick<CatalogueData, "schemas" | "extensions" | "roles" | "eventTriggers" | "operatorClasses">> {
  return {
    schemas: (await rows<q.SchemaRow>(q.schemasQuery)).map(([name, owner]) => ({ name, owner })),
    extensions: (await rows<q.ExtensionRow>(q.extensionsQuery)).map(([name, schema]) => ({ name, schema })),
    roles: (await rows<q.RoleRow>(q.rolesQuery)).map(([name, superuser, bypassRls, memberOf]) => ({
      name,
      superuser,
      bypassRls,
      memberOf,
    })),
    operatorClasses: (await rows<q.OperatorClassRow>(q.operatorClassesQuery)).map(([name, type, functions]) => ({
      name,
      type,
      functions: functions.map(Number),
    })),
    eventTriggers: (await rows<q.EventTriggerRow>(q.eventTriggersQuery)).map(([name, functionOid, enabled]) => ({
      name,
      functionOid,
      enabled,
    })),
  };
}

type Objects = Pick<CatalogueData, "relations" | "foreignKeys" | "functions" | "operators" | "casts" | "types">;

async function loadObjects(side: q.Side, rows: Rows, serverVersion: number): Promise<Objects> {
  const { relations, attributeName } = await loadRelations(side, rows, serverVersion);
  const functions = await rows<q.FunctionRow>(q.functionsQuery(side, serverVersion));
  return {
    relations,
    foreignKeys: (await rows<q.ForeignKeyRow>(q.foreignKeysQuery(side))).map((row) => d.foreignKey(row, attributeName)),
    functions: d.functions(functions, await rows<q.AggregateRow>(q.aggregatesQuery(side))),
    operators: (await rows<q.OperatorRow>(q.operatorsQuery(side))).map(d.operator),
    casts: (await rows<q.CastRow>(q.castsQuery(side))).map(d.cast),
    types: d.types(await rows<q.TypeRow>(q.typesQuery(side)), await rows<q.DomainCheckRow>(q.domainChecksQuery(side))),
  };
}

/** See {@link CatalogueState}. */
export async function probeCatalogue(client: CatalogueClient): Promise<CatalogueState> {
  return insideSnapshot(client, readState);
}

async function readState(rows: Rows): Promise<CatalogueState> {
  const snapshot = (await rows<readonly [string]>(q.snapshotQuery))[0]?.[0] ?? "";
  const sums = await rows<readonly [string, string, string | null, string | null]>(q.probeQuery);
  return {
    snapshot,
    own: JSON.stringify(sums.map(([table, count, own]) => [table, count, own])),
    ground: JSON.stringify(sums.map(([table, , , ground]) => [table, ground])),
  };
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

async function loadRelations(side: q.Side, rows: Rows, serverVersion: number) {
  const parts: d.RelationParts = {
    columns: d.groupByFirst(await rows<q.ColumnRow>(q.columnsQuery(side))),
    keys: d.groupByFirst(await rows<q.KeyRow>(q.keysQuery(side))),
    triggers: d.groupByFirst(await rows<q.TriggerRow>(q.triggersQuery(side))),
    rules: d.groupByFirst(await rows<q.RuleRow>(q.rulesQuery(side))),
    policies: d.groupByFirst(await rows<q.PolicyRow>(q.policiesQuery(side))),
    expressions: d.groupByFirst(await rows<q.ExpressionRow>(q.expressionsQuery(side, serverVersion))),
    parents: d.groupByFirst(await rows<q.ParentRow>(q.parentsQuery(side))),
    triggerCondition,
  };
  const relations: Relation[] = [];
  for (const row of await rows<q.RelationRow>(q.relationsQuery(side))) relations.push(d.relation(row, parts));
  const attributeName = (relation: number, attnum: number): string => d.attributeName(parts, relation, attnum);
  return { relations, attributeName };
}

const groundDigests = new WeakMap<CatalogueData, string>();

function digestOf(ground: CatalogueData): string {
  const known = groundDigests.get(ground);
  if (known !== undefined) return known;
  const digest = contentDigest(ground);
  groundDigests.set(ground, digest);
  return digest;
}

function contentDigest(data: CatalogueData): string {
  return sha256Hex(JSON.stringify(data, (key, value: unknown) => (key === "rowsEstimate" || key === "version" ? undefined : value)));
}
