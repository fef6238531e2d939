/**
 * What a trial has dropped, emptied, changed and made, with what goes along and through what: read from the catalogue inside and outside
 * of it. It shows what people know by a name; what is only a part of a table that goes with it is not told again.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import type { Effect } from "../../../model/effect.ts";
import type { ObjectChange } from "../../../model/plan.ts";
import { plainName } from "./counts.ts";
import type { Connection } from "./open-connection.ts";
import { type Address, grantsSql, hangingSql, identitiesSql, markedSql, OBJECTS_MAX, thereSql } from "./objects-sql.ts";

export interface ObjectsTrial {
  readonly trial: Connection;
  /** Sees the catalogue as it is without the trial. */
  readonly observer: Connection;
  /** The trial's transaction, as rows carry it. */
  readonly xid: string;
}

/** There are too many to be shown. */
export class TooManyObjects extends Error {
  override readonly name = "TooManyObjects";
}

interface Found {
  readonly address: Address;
  readonly key: string;
  readonly type: string;
  readonly name: string;
  readonly relation: string | null;
  readonly part: boolean;
}

/** Rejects with {@link TooManyObjects}, `ServerRefused` or `ConnectionLost`. */
export async function objectsOf(of: ObjectsTrial, statements: readonly StatementSummary[]): Promise<readonly ObjectChange[]> {
  const named = namedBy(statements);
  const outside = found(await of.observer.client.rows(markedSql("xmax", of.xid)));
  const inside = found(await of.trial.client.rows(markedSql("xmin", of.xid)));
  if (outside.size > OBJECTS_MAX || inside.size > OBJECTS_MAX) throw new TooManyObjects(`more than ${OBJECTS_MAX} objects`);
  // What another transaction has marked meanwhile is there on both sides.
  const gone = await without(
    of.trial,
    [...outside.values()].filter(({ key }) => !inside.has(key)),
  );
  const made = await without(
    of.observer,
    [...inside.values()].filter(({ key }) => !outside.has(key)),
  );
  const changes: ObjectChange[] = [
    ...(await dropped(of.observer, gone, named)),
    ...whole(made).map(({ type, name }) => ({ type, name, change: "created" as const })),
    ...altered(outside, inside, named),
    ...(await truncated(of.observer, statements)),
  ];
  return changes.sort(inOrder);
}

interface Named {
  readonly drops: ReadonlySet<string>;
  readonly changes: ReadonlySet<string>;
}

/** Objects that the act itself names, by the names of its effects. */
function namedBy(statements: readonly StatementSummary[]): Named {
  const effects = statements.flatMap((statement) => statement.effects).filter(({ cause }) => cause === "direct");
  const names = (wanted: (effect: Effect) => boolean) => new Set(effects.filter(wanted).map(({ resource }) => resource.name));
  return {
    drops: names(({ detail }) => detail.startsWith("drop")),
    changes: names(({ operation, detail }) => operation === "define" || operation === "grant" || detail.startsWith("alter")),
  };
}

function found(rows: readonly (readonly (string | null)[])[]): ReadonlyMap<string, Found> {
  const objects = new Map<string, Found>();
  for (const [classid, objid, sub, type, name, relation, part] of rows) {
    const address: Address = [classid ?? "", objid ?? "", sub ?? ""];
    const key = address.join(" ");
    objects.set(key, { address, key, type: type ?? "", name: name ?? "", relation: relation ?? null, part: part === "t" });
  }
  return objects;
}

/** Those that the connection does not see. */
async function without({ client }: Connection, objects: readonly Found[]): Promise<readonly Found[]> {
  if (objects.length === 0) return [];
  const there = new Set((await client.rows(thereSql(objects.map(({ address }) => address)))).map((row) => row.join(" ")));
  return objects.filter(({ key }) => !there.has(key));
}

/** Without the parts of tables that are among them themselves. */
function whole(objects: readonly Found[]): readonly Found[] {
  const tables = new Set(objects.filter(({ address: [, , sub] }) => sub === "0").map(({ address: [, objid] }) => objid));
  return objects.filter(({ part, relation }) => !(part && relation !== null && tables.has(relation)));
}

async function dropped(observer: Connection, gone: readonly Found[], named: Named): Promise<readonly ObjectChange[]> {
  if (gone.length === 0) return [];
  const addresses = gone.map(({ address }) => address);
  const through = throughOf(gone, await observer.client.rows(hangingSql(addresses)), named);
  const objects = whole(gone).map((each): ObjectChange => {
    const { type, name, key } = each;
    const change = { type, name, change: "dropped" as const };
    const other = isNamed(each, named) ? undefined : through.get(key);
    return other === undefined ? change : { ...change, through: other };
  });
  const grants = (await observer.client.rows(grantsSql(addresses))).map(([object, grantee, privileges]): ObjectChange => {
    return { type: "grant", name: `${privileges} on ${object} to ${grantee}`, change: "dropped", through: object ?? "" };
  });
  return [...objects, ...grants];
}

/** Effects name an object of a table as `schema.table.object`, a function without its types. */
function isNamed({ name }: Found, { drops }: Named): boolean {
  const plain = plainName(name);
  const [, object, table] = /^(.+) on (.+)$/.exec(plain) ?? [];
  return drops.has(plain) || drops.has(plain.replace(/\(.*$/s, "")) || (object !== undefined && drops.has(`${table}.${object}`));
}

/** Of each object the name of another that is gone and that it hangs on: what the act names before a table, and that before the rest. */
function throughOf(gone: readonly Found[], rows: readonly (readonly (string | null)[])[], named: Named): ReadonlyMap<string, string> {
  const objects = new Map(gone.map((each) => [each.key, each]));
  const rank = (of: Found) => `${isNamed(of, named) ? 0 : of.type === "table" ? 1 : 2} ${of.name}`;
  const through = new Map<string, Found>();
  for (const [classid, objid, sub, refclass, refobj, refsub] of rows) {
    const object = objects.get(`${classid} ${objid} ${sub}`) ?? objects.get(`${classid} ${objid} 0`);
    const other = objects.get(`${refclass} ${refobj} 0`) ?? objects.get(`${refclass} ${refobj} ${refsub}`);
    if (object === undefined || other === undefined || object === other) continue;
    const known = through.get(object.key);
    if (known === undefined || rank(other) < rank(known)) through.set(object.key, other);
  }
  return new Map([...through].map(([key, { name }]) => [key, name]));
}

/** By its name of before. A change of a table's own row in the catalogue says little: it is told where the act names the table. */
function altered(outside: ReadonlyMap<string, Found>, inside: ReadonlyMap<string, Found>, named: Named): readonly ObjectChange[] {
  return [...outside.values()]
    .filter(({ key, type, name, part }) => {
      if (!inside.has(key) || type === "index" || (part && type !== "table column")) return false;
      return !RELATIONS.has(type) || named.changes.has(plainName(name));
    })
    .map(({ type, name }) => ({ type, name, change: "altered" as const }));
}

const RELATIONS: ReadonlySet<string> = new Set(["table", "view", "materialized view", "foreign table", "sequence", "composite type"]);

async function truncated({ client }: Connection, statements: readonly StatementSummary[]): Promise<readonly ObjectChange[]> {
  const through = new Map<string, string | undefined>();
  for (const { effects } of statements) {
    const direct = effects.find(({ detail, cause }) => detail === "truncate" && cause === "direct")?.resource.name;
    for (const { detail, cause, resource } of effects)
      if (detail === "truncate" && resource.type === "table" && !through.has(resource.name))
        through.set(resource.name, cause === "direct" ? undefined : direct);
  }
  if (through.size === 0) return [];
  // One that the act made itself was empty before it.
  const known = await client.rows(identitiesSql([...through.keys()]));
  const identities = new Map(known.map(([plain, identity]) => [plain ?? "", identity ?? ""]));
  return [...identities].map(([plain, name]) => {
    const other = through.get(plain);
    const change = { type: "table", name, change: "truncated" as const };
    return other === undefined ? change : { ...change, through: identities.get(other) ?? other };
  });
}

function inOrder(one: ObjectChange, other: ObjectChange): number {
  const keyOf = ({ change, through, type, name }: ObjectChange) =>
    `${ORDER.indexOf(change)} ${through === undefined ? 0 : 1} ${type} ${name}`;
  return keyOf(one) < keyOf(other) ? -1 : 1;
}

const ORDER: readonly ObjectChange["change"][] = ["dropped", "truncated", "altered", "created"];
