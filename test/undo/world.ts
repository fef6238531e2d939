/**
 * Random tables in a schema of their own: keys of every kind and none, types whose text is not their value, generated and identity columns,
 * partitions, inheritance, foreign keys with every action, constraints, row policies and triggers. It is text; it runs nothing.
 */
import type { Chance } from "./chance.ts";

export interface WorldColumn {
  readonly name: string;
  readonly kind: "key" | "reference" | "word" | Kind;
  /** Cannot be written. */
  readonly computed: boolean;
}

export interface WorldTable {
  /** With its schema. */
  readonly name: string;
  readonly columns: readonly WorldColumn[];
  readonly key: readonly string[];
  readonly identity: boolean;
  /** Others inherit from it, or it is one that inherits. */
  readonly family: boolean;
}

export interface World {
  readonly schema: string;
  /** The owner's; ends with rows. */
  readonly setup: string;
  readonly tables: readonly WorldTable[];
}

export type Kind = keyof typeof types;

const types = {
  number: "int",
  exact: "numeric(12,3)",
  real: "float8",
  json: "json",
  binary: "jsonb",
  list: "int[]",
  names: "text[]",
  domain: "SCHEMA.positive",
  mood: "SCHEMA.mood",
  pair: "SCHEMA.pair",
  moment: "timestamptz",
  bytes: "bytea",
  span: "int4range",
  long: "text",
  lasting: "interval",
} as const;

const texts = ["", "a", "NULL", 'say "no"', "a,b", "(x)", "back\\slash", "two\nlines", "ümlaut", " padded ", "{}", "''"];

/** A literal of the kind, as SQL. */
export function literalOf(chance: Chance, kind: WorldColumn["kind"], schema: string): string {
  if (kind !== "key" && kind !== "word" && chance.is(0.12)) return "NULL";
  const text = (value: string) => `E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
  const n = chance.int(0, 40);
  switch (kind) {
    case "key":
      return `${chance.int(1, 30)}`;
    case "reference":
      return `${chance.int(1, 12)}`;
    case "word":
      return text(`${chance.of(texts)}${n}`);
    case "number":
      return `${n}`;
    case "exact":
      return `${n}.${chance.of(["0", "00", "5", "125"])}`;
    case "real":
      return chance.of([`${n}.1`, "'NaN'", "'-0'", "1e-300", "'Infinity'"]);
    case "json":
      return `'${chance.of([`{"a": ${n}}`, `{"a":${n},"a":  2}`, "[1, 2]", "null", '"x"'])}'`;
    case "binary":
      return `'${chance.of([`{"a": ${n}}`, "[1, 2.0]", "null"])}'`;
    case "list":
      return chance.of([`'{${n},NULL}'`, "'{}'", `'[0:1]={${n},2}'`, `'{{1,2},{3,${n}}}'`]);
    case "names":
      return chance.of([`ARRAY['a"b', 'NULL', NULL, '${n}']`, "'{}'", "ARRAY['', ' ']"]);
    case "domain":
      return `${n}`;
    case "mood":
      return `'${chance.of(["good", "so so", "bad"])}'`;
    case "pair":
      return `ROW(${n}, ${text(chance.of(texts))})::${schema}.pair`;
    case "moment":
      return chance.of([`'2026-01-01 00:00:0${n % 10}+02'`, "'infinity'", "'0001-01-01 BC'"]);
    case "bytes":
      return `'\\x00ff${n.toString(16).padStart(2, "0")}'`;
    case "span":
      return chance.of(["'empty'", `'[${n},${n + 3})'`, "'(,5)'"]);
    case "long":
      return chance.of([`repeat('x', ${n * 300})`, `(SELECT string_agg(md5((${n} + k)::text), '') FROM generate_series(1, 120) k)`]);
    case "lasting":
      return `'${n} days -${n % 7} hours'`;
  }
}

export function makeWorld(chance: Chance, schema: string, version: number): World {
  const parent = table(chance, `${schema}.parent`, "keyed", version);
  const child = table(chance, `${schema}.child`, chance.of(["keyed", "identity", "keyless", "composite"] as const), version);
  const other = chance.of(["partitioned", "family", "keyless", "identity", "composite", "keyed"] as const);
  const third = table(chance, `${schema}.other`, other, version);
  const actions = ["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"];
  const deferred = chance.of(["", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"]);
  const reference = `ALTER TABLE ${schema}.child ADD CONSTRAINT child_parent FOREIGN KEY (ref) REFERENCES ${schema}.parent (id)
    ON DELETE ${chance.of(actions)} ON UPDATE ${chance.of(actions)} ${deferred}`;
  const self = chance.is(0.3)
    ? `ALTER TABLE ${schema}.parent ADD CONSTRAINT parent_self FOREIGN KEY (ref) REFERENCES ${schema}.parent (id) ON DELETE ${chance.of(["CASCADE", "SET NULL"])} DEFERRABLE`
    : "";
  const all = [parent, child, third];
  const extras = all.flatMap((each) => extrasOf(chance, each, schema));
  const rows = all.map((each) => rowsOf(chance, each, schema));
  const heirs = other === "family" ? [heir(chance, third, schema, version)] : [];
  const setup = [
    `CREATE SCHEMA ${schema}; CREATE DOMAIN ${schema}.positive AS int CHECK (VALUE >= 0)`,
    `CREATE TYPE ${schema}.mood AS ENUM ('bad', 'so so', 'good'); CREATE TYPE ${schema}.pair AS (n int, word text)`,
    `CREATE TABLE ${schema}.heard (what text, n bigint GENERATED ALWAYS AS IDENTITY)`,
    ...all.map(({ sql }) => sql),
    ...heirs.map(({ sql }) => sql),
    ...rows,
    ...heirs.map((each) => rowsOf(chance, each, schema)),
    `UPDATE ${schema}.child SET ref = NULL WHERE NOT EXISTS (SELECT FROM ${schema}.parent p WHERE p.id = ref)`,
    `UPDATE ${schema}.parent SET ref = NULL WHERE NOT EXISTS (SELECT FROM ${schema}.parent p WHERE p.id = parent.ref)`,
    reference,
    self,
    ...extras,
  ];
  const heard = {
    name: `${schema}.heard`,
    key: [],
    identity: true,
    family: false,
    columns: [{ name: "what", kind: "word" as const, computed: false }],
  };
  const tables = [...all, ...heirs].map(({ sql: _, ...known }) => known);
  return { schema, setup: setup.filter((text) => text !== "").join(";\n"), tables: [...tables, heard] };
}

type MadeTable = WorldTable & { readonly sql: string };

function table(
  chance: Chance,
  name: string,
  how: "keyed" | "identity" | "keyless" | "composite" | "partitioned" | "family",
  version: number,
): MadeTable {
  const schema = name.slice(0, name.indexOf("."));
  const kinds = chance.some(Object.keys(types) as Kind[], 0.3);
  const typed = kinds.map((kind) => ({ name: `c_${kind}`, kind, computed: false }));
  const generated = chance.is(0.35) ? [{ name: "made", kind: "number" as const, computed: true }] : [];
  const plain = (column: string, kind: WorldColumn["kind"]) => ({ name: column, kind, computed: false });
  const columns: WorldColumn[] = [plain("id", "key"), plain("ref", "reference"), plain("word", "word"), ...typed, ...generated];
  if (how === "composite") columns.splice(1, 0, plain("part", "key"));
  const virtual = version >= 18 && chance.is(0.5) ? "VIRTUAL" : "STORED";
  const definition = columns.map((column) => {
    if (column.computed)
      return `made text GENERATED ALWAYS AS (upper(word)) ${how === "partitioned" || how === "family" ? "STORED" : virtual}`;
    if (column.name === "id")
      return how === "identity" ? "id int GENERATED ALWAYS AS IDENTITY" : how === "keyless" ? "id int" : "id int NOT NULL";
    if (column.name === "part") return "part int NOT NULL DEFAULT 1";
    if (column.name === "ref") return "ref int DEFAULT NULL";
    if (column.name === "word") return "word text DEFAULT 'none'";
    return `${column.name} ${types[column.kind as Kind].replace("SCHEMA", schema)}`;
  });
  const key = how === "keyless" ? [] : how === "composite" ? ["id", "part"] : ["id"];
  const primary = key.length === 0 ? "" : `, PRIMARY KEY (${key.join(", ")})`;
  const order = definition.join(", ");
  const parts = `
    CREATE TABLE ${name}_1 PARTITION OF ${name} FOR VALUES FROM (0) TO (10);
    CREATE TABLE ${name}_2 (junk int, ${[...definition].reverse().join(", ")});
    ALTER TABLE ${name}_2 DROP COLUMN junk; ALTER TABLE ${name} ATTACH PARTITION ${name}_2 FOR VALUES FROM (10) TO (20);
    CREATE TABLE ${name}_3 PARTITION OF ${name} DEFAULT`;
  const by = how === "partitioned" ? " PARTITION BY RANGE (id)" : "";
  const sql = `CREATE TABLE ${name} (gap int, ${order}${primary})${by}; ALTER TABLE ${name} DROP COLUMN gap${how === "partitioned" ? `;${parts}` : ""}`;
  return { name, columns, key, identity: how === "identity", family: how === "family", sql };
}

function heir(chance: Chance, parent: MadeTable, schema: string, version: number): MadeTable {
  const name = `${schema}.heir`;
  const own = chance.is(0.5) ? [{ name: "c_extra", kind: "names" as const, computed: false }] : [];
  const unkeyed = version > 0 && chance.is(0.5);
  const columns = own.map(({ name: column }) => `${column} text[]`).join(", ");
  const sql = `CREATE TABLE ${name} (${columns}${columns === "" || unkeyed ? "" : ", "}${unkeyed ? "" : "PRIMARY KEY (id)"}) INHERITS (${parent.name})`;
  return { name, columns: [...parent.columns, ...own], key: unkeyed ? [] : ["id"], identity: false, family: true, sql };
}

function extrasOf(chance: Chance, { name, columns, key }: MadeTable, schema: string): readonly string[] {
  const short = name.slice(name.indexOf(".") + 1);
  const has = (column: string) => columns.some((each) => each.name === column);
  const extras: string[] = [];
  const unique = `ALTER TABLE ${name} ADD CONSTRAINT ${short}_word UNIQUE (word, id) ${chance.of(["", "DEFERRABLE INITIALLY DEFERRED"])}`;
  if (chance.is(0.3)) extras.push(unique);
  if (has("c_span") && short === "child" && chance.is(0.4))
    extras.push(
      `DELETE FROM ${name} WHERE c_span IS NOT NULL; ALTER TABLE ${name} ADD CONSTRAINT ${short}_span EXCLUDE USING gist (c_span WITH &&)`,
    );
  if (has("c_number") && chance.is(0.4)) extras.push(`ALTER TABLE ${name} ADD CONSTRAINT ${short}_number CHECK (c_number < 1000)`);
  if (chance.is(0.25))
    extras.push(
      `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY; ALTER TABLE ${name} ${chance.of(["FORCE", "NO FORCE"])} ROW LEVEL SECURITY`,
      `CREATE POLICY mine ON ${name} USING (coalesce(length(word), 0) % 5 <> 4) WITH CHECK (true)`,
    );
  const body = chance.of([
    `NEW.word := coalesce(NEW.word, '') || '!'; RETURN NEW;`,
    `INSERT INTO ${schema}.heard (what) VALUES (TG_OP || NEW.word); RETURN NEW;`,
  ]);
  if (chance.is(0.3))
    extras.push(
      `CREATE FUNCTION ${schema}.on_${short}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${body} END $f$`,
      `CREATE TRIGGER listens BEFORE ${chance.of(["INSERT", "UPDATE", "INSERT OR UPDATE"])} ON ${name} FOR EACH ROW EXECUTE FUNCTION ${schema}.on_${short}()`,
      ...(chance.is(0.3) ? [`ALTER TABLE ${name} ENABLE ${chance.of(["ALWAYS", "REPLICA"])} TRIGGER listens`] : []),
    );
  if (key.length > 0 && chance.is(0.3))
    extras.push(`CREATE UNIQUE INDEX ON ${name} (id${key.includes("part") ? ", part" : ""}, lower(word))`);
  return extras;
}

function rowsOf(chance: Chance, { name, columns, key, identity }: MadeTable, schema: string): string {
  const written = columns.filter(({ computed }) => !computed);
  const rows = Array.from({ length: 12 }, (_, at) => {
    const values = written.map(({ name: column, kind }) =>
      column === "id" && (key.length > 0 || identity) ? `${at + 1 + (name.endsWith("heir") ? 12 : 0)}` : literalOf(chance, kind, schema),
    );
    return `(${values.join(", ")})`;
  });
  const list = written.map((column) => column.name).join(", ");
  return `INSERT INTO ${name} (${list}) OVERRIDING SYSTEM VALUE VALUES ${rows.join(", ")}`;
}
