/**
 * Splits what the server counted on each table into what the act names itself and what follows from it.
 * The server's counts are never changed: the two always add up to them.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import type { Effect } from "../../../model/effect.ts";
import type { TableCount } from "../../../model/outcome.ts";
import type { RowCounts } from "../../../model/plan.ts";

type Kind = keyof RowCounts;
const kinds: readonly Kind[] = ["inserted", "updated", "deleted"];

export interface SplitCount {
  /** As the server writes it, quoted where it must be. */
  readonly table: string;
  readonly direct: RowCounts;
  readonly following: RowCounts;
}

/** `"Odd name".x` as effects write it: schema and name without quotes. */
export function plainName(identity: string): string {
  return identity.replaceAll(/"((?:[^"]|"")*)"/g, (_, name: string) => name.replaceAll('""', '"'));
}

/** In an order that the act alone decides: what it names first, then by name. */
export function splitCounts(
  tables: readonly TableCount[],
  statements: readonly StatementSummary[],
  parts: readonly (number | null)[],
): readonly SplitCount[] {
  return tables.map((count) => split(count, statements, parts)).sort(inOrder);
}

/** What an act names itself comes first, then it goes by name. */
export function inOrder(one: SplitCount, other: SplitCount): number {
  const named = ({ direct }: SplitCount) => (direct.inserted + direct.updated + direct.deleted > 0 ? 0 : 1);
  return named(one) - named(other) || (one.table < other.table ? -1 : 1);
}

function split(count: TableCount, statements: readonly StatementSummary[], parts: readonly (number | null)[]): SplitCount {
  const name = plainName(count.table);
  const direct = { inserted: 0, updated: 0, deleted: 0 };
  const changes = statements.map((statement) => changesOf(statement, name));
  const mixed = changes.some(({ named }) => named.size > 0) && changes.some(({ follows }) => follows.size > 0);
  if (!mixed) for (const { named } of changes) for (const kind of named) direct[kind] = count[kind];
  else
    changes.forEach(({ named, follows, alone }, i) => {
      const told = parts[i];
      // Where the tag counts more than this table, what the act names is taken for named.
      let left = alone && follows.size > 0 && told != null ? told : Infinity;
      if (follows.size === 0 && alone && told != null) left = told;
      for (const kind of kinds) {
        if (!named.has(kind)) continue;
        const rows = Math.min(left, count[kind] - direct[kind]);
        direct[kind] += rows;
        left -= rows;
      }
    });
  const following = {
    inserted: count.inserted - direct.inserted,
    updated: count.updated - direct.updated,
    deleted: count.deleted - direct.deleted,
  };
  return { table: count.table, direct, following };
}

interface Changes {
  readonly named: ReadonlySet<Kind>;
  readonly follows: ReadonlySet<Kind>;
  /** The statement names no other table whose rows it changes, so that its tag counts this one's. */
  readonly alone: boolean;
}

function changesOf({ effects }: StatementSummary, table: string): Changes {
  const named = new Set<Kind>();
  const follows = new Set<Kind>();
  let alone = true;
  for (const effect of effects) {
    const kind = kindOf(effect);
    if (kind === undefined) continue;
    const direct = isNamed(effect);
    if (effect.resource.name !== table) {
      if (direct) alone = false;
    } else if (direct) named.add(kind);
    else follows.add(kind);
  }
  return { named, follows, alone };
}

/** What goes through a view that the act names is its own. */
function isNamed({ cause }: Effect): boolean {
  return cause === "direct" || cause === "view";
}

const ROWS: Readonly<Record<string, Kind>> = {
  insert: "inserted",
  copy_in: "inserted",
  update: "updated",
  set_null: "updated",
  delete: "deleted",
  truncate: "deleted",
};

function kindOf({ resource, detail }: Effect): Kind | undefined {
  return resource.type === "table" ? ROWS[detail] : undefined;
}
