/**
 * Random statements of an agent on the tables of a world, in all the ways in which rows change. It is text; it runs nothing.
 */
import type { Chance } from "./chance.ts";
import { literalOf, type World, type WorldTable } from "./world.ts";

export type Act =
  | { readonly kind: "sql"; readonly text: string }
  | { readonly kind: "copy"; readonly text: string; readonly lines: readonly string[] };

export function randomAct(chance: Chance, world: World): Act {
  const table = chance.of(world.tables.filter(({ columns }) => columns.length > 1));
  if (chance.is(0.06) && !table.identity) return copy(chance, table);
  return { kind: "sql", text: chance.is(0.12) ? wrapped(chance, world) : statement(chance, world, table) };
}

function statement(chance: Chance, world: World, table: WorldTable): string {
  switch (chance.int(0, 10)) {
    case 0:
    case 1:
    case 2:
      return `UPDATE ${from(chance, table)} SET ${assignments(chance, world, table)} WHERE ${condition(chance, table)}`;
    case 3:
    case 4:
      return `DELETE FROM ${from(chance, table)} WHERE ${condition(chance, table)}`;
    case 5:
    case 6:
      return insert(chance, world, table);
    case 7:
      return table.key.length === 0
        ? insert(chance, world, table)
        : `${insert(chance, world, table)} ON CONFLICT (${table.key.join(", ")}) ${conflict(chance)}`;
    case 8:
      return table.identity || table.key.length === 0
        ? `DELETE FROM ${table.name} WHERE ${condition(chance, table)}`
        : `UPDATE ${table.name} SET id = id + ${chance.of([1, 5, 20])} WHERE ${condition(chance, table)}`;
    case 9:
      return merge(chance, world, table);
    default:
      return withs(chance, world, table);
  }
}

/** Rows of the table alone, or of those that inherit from it too. */
function from(chance: Chance, { name, family }: WorldTable): string {
  return family && chance.is(0.4) ? `ONLY ${name}` : name;
}

function condition(chance: Chance, { key }: WorldTable): string {
  const n = chance.int(1, 14);
  const by = key.length > 0 ? [`id = ${n}`, `id BETWEEN ${n} AND ${n + 5}`] : [`id = ${n}`, `id > ${n + 8}`];
  return chance.of([...by, `ref = ${n}`, `length(word) % 3 = ${n % 3}`, `id % 4 = ${n % 4}`]);
}

function assignments(chance: Chance, { schema }: World, { columns }: WorldTable): string {
  const open = columns.filter(({ name, computed }) => !computed && name !== "id");
  const chosen = chance.some(open, 0.35);
  const set = chosen.length > 0 ? chosen : open.slice(0, 1);
  return set
    .map(({ name, kind }) => `${name} = ${chance.is(0.2) && name === "word" ? "word || 'x'" : literalOf(chance, kind, schema)}`)
    .join(", ");
}

function insert(chance: Chance, world: World, { name, columns, identity }: WorldTable): string {
  const given = columns.filter((column) => !column.computed && (column.name === "id" ? !identity || chance.is(0.3) : chance.is(0.7)));
  const list = given.map((column) => column.name);
  const row = () =>
    `(${given.map(({ kind, name: column }) => (column === "id" ? `${chance.int(1, 60)}` : literalOf(chance, kind, world.schema))).join(", ")})`;
  if (list.length === 0) return `INSERT INTO ${name} DEFAULT VALUES`;
  const overriding = list.includes("id") && identity ? " OVERRIDING SYSTEM VALUE" : "";
  return `INSERT INTO ${name} (${list.join(", ")})${overriding} VALUES ${Array.from({ length: chance.int(1, 3) }, row).join(", ")}`;
}

function conflict(chance: Chance): string {
  return chance.of(["DO NOTHING", "DO UPDATE SET word = excluded.word || 'again'", "DO UPDATE SET ref = NULL WHERE excluded.id > 5"]);
}

function merge(chance: Chance, world: World, table: WorldTable): string {
  if (table.identity || table.key.length !== 1)
    return `UPDATE ${table.name} SET ${assignments(chance, world, table)} WHERE ${condition(chance, table)}`;
  const n = chance.int(1, 20);
  return `MERGE INTO ${table.name} AS t USING generate_series(${n}, ${n + 4}) AS s(id) ON t.id = s.id
    WHEN MATCHED AND s.id % 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET word = 'merged' WHEN NOT MATCHED THEN INSERT (id, word) VALUES (s.id, 'new')`;
}

function withs(chance: Chance, { schema, tables }: World, table: WorldTable): string {
  const other = chance.of(tables.filter(({ columns, identity }) => columns.length > 1 && !identity));
  return `WITH gone AS (DELETE FROM ${table.name} WHERE ${condition(chance, table)} RETURNING word),
    put AS (INSERT INTO ${schema}.heard (what) SELECT word FROM gone RETURNING what)
    UPDATE ${other.name} SET word = 'with ' || (SELECT count(*) FROM put) WHERE ${condition(chance, other)}`;
}

/** In a DO block, errors caught inside; or through a function. */
function wrapped(chance: Chance, world: World): string {
  const inner = () => statement(chance, world, chance.of(world.tables.filter(({ columns }) => columns.length > 1)));
  const tried = () => `BEGIN ${inner()}; ${inner()}; EXCEPTION WHEN OTHERS THEN NULL; END;`;
  return `DO $do$ BEGIN ${tried()} ${tried()} END $do$`;
}

function copy(chance: Chance, { name }: WorldTable): Act {
  const lines = Array.from({ length: chance.int(1, 80) }, () => `${chance.int(100, 100_000)}\tcopied ${chance.int(1, 9)}\n`);
  return { kind: "copy", text: `COPY ${name} (id, word) FROM STDIN`, lines };
}
