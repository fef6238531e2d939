/**
 * What an undo has to know of one table as it is today, and of the layouts in which row images of it were kept. Data alone.
 */

/** A column of today, generated ones too. */
export interface ShapeColumn {
  readonly attnum: number;
  readonly name: string;
  /** Computed by the server: left out of what is compared and written. */
  readonly generated: boolean;
  /** GENERATED ALWAYS AS IDENTITY: an UPDATE cannot set it, an INSERT can. */
  readonly identityAlways: boolean;
  /** It is part of the primary key, and its type can hold nothing but a number or a UUID. */
  readonly plainKey: boolean;
}

export interface KeyColumn {
  readonly name: string;
  /** The index's own equality, as `OPERATOR(pg_catalog.=)`. */
  readonly equals: string;
}

/** Rows of one relation as they were kept: the same columns, by number and in order. */
export interface Layout {
  /** Names it among all layouts of one undo. */
  readonly id: number;
  readonly relation: string;
  /** Quoted and qualified, as it is today: a partition's images stand in the partition's own column order. */
  readonly relationName: string;
  readonly attnums: readonly number[];
  /** The relation's own columns today, in order. */
  readonly columns: readonly ShapeColumn[];
}

/** One table, or one partitioned table with all its partitions. */
export interface Shape {
  /** Its place in the plan, from 0. */
  readonly tab: number;
  readonly oid: string;
  /** Quoted and qualified for SQL. */
  readonly name: string;
  /** As the server writes it, for people. */
  readonly shown: string;
  /** Rows are looked for in its partitions; a table that others inherit from stands for its own rows alone. */
  readonly partitioned: boolean;
  readonly columns: readonly ShapeColumn[];
  /** Not generated, and in every layout: what rows are compared by, and nothing else. */
  readonly compared: readonly ShapeColumn[];
  /** The columns by which a row is found; absent where no unique index tells all rows apart. */
  readonly key: readonly KeyColumn[] | undefined;
  /** There is another unique index or an exclusion constraint: former values may collide while rows change one after the other. */
  readonly otherUnique: boolean;
  readonly layouts: readonly Layout[];
}

export interface ForeignKey {
  readonly name: string;
  readonly child: RelationEnd;
  readonly parent: RelationEnd;
  /** Of each column pair, `parent = child`, as `OPERATOR(pg_catalog.=)`. */
  readonly equals: readonly string[];
  /** Over periods: only the server itself can hold rows against it. */
  readonly period: boolean;
}

export interface RelationEnd {
  readonly oid: string;
  readonly name: string;
  readonly shown: string;
  readonly partitioned: boolean;
  readonly columns: readonly string[];
  /** The table of the plan that it is, or is a partition of. */
  readonly tab: number | undefined;
}

/** A trigger or rule that would run while rows are put back, and what it has to be again afterwards. */
export interface Firing {
  readonly kind: "TRIGGER" | "RULE";
  readonly relationName: string;
  readonly name: string;
  readonly enabled: "O" | "A" | "R";
}

/** `ONLY` where the table alone is meant. */
export function from(table: { readonly name: string; readonly partitioned: boolean }): string {
  return table.partitioned ? table.name : `ONLY ${table.name}`;
}
