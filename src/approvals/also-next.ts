/**
 * The rights of "and the next ones of the same shape", worked out of an approved plan: its tables, its operations, no more rows each time
 * than were measured. It gives nothing; a grant does, signed by a person.
 */
import type { Effect } from "../model/effect.ts";
import { coveredDetail, type GrantOperation, grantOperations } from "../model/grant.ts";
import type { Plan } from "../model/plan.ts";

export interface NextRights {
  readonly tables: readonly string[];
  readonly operations: readonly GrantOperation[];
  readonly usesMax: number;
  /** In all. */
  readonly rowsMax: number;
}

/** With more it is a rule, and belongs into the policy. */
export const alsoNextMax = 50;

/**
 * A sentence instead where there are none: only rows of tables, never what cannot be taken back, and in production only what can be
 * without a backup.
 */
export function alsoNext(plan: Plan, count: number): NextRights | string {
  if (!Number.isSafeInteger(count) || count < 1 || count > alsoNextMax) return `it may be the next 1 to ${alsoNextMax}`;
  const { measured, target, effects, reversibility } = plan;
  if (measured === null || plan.unmeasured.length > 0)
    return "only what was measured, all of it, may be done again without being asked about";
  const changing = effects.filter((effect) => !reading(effect));
  const operations = grantOperations.filter((operation) => changing.some(({ detail }) => coveredDetail(operation, detail)));
  if (changing.length === 0 || changing.some((effect) => !ofRows(effect)) || measured.objects.length > 0)
    return "only changes of tables' rows may be done again without being asked about";
  const classes = [reversibility, ...changing.map((effect) => effect.reversibility)];
  if (classes.some((each) => each === "irreversible" || each === "unknown")) return "what cannot be taken back is asked about each time";
  if (target.environment === "production" && classes.some((each) => each !== "reversible"))
    return "in production what takes a backup to be taken back is asked about each time";
  const rows = measured.tables.reduce((sum, { direct, following }) => sum + changed(direct) + changed(following), 0);
  const tables = [...new Set(changing.map(({ resource }) => resource.name))].sort();
  return { tables, operations, usesMax: count, rowsMax: Math.max(1, rows) * count };
}

function reading({ operation, detail }: Effect): boolean {
  return operation === "read" || detail === "select_for_update";
}

function ofRows({ resource, detail, operation }: Effect): boolean {
  if (resource.type !== "table" || operation === "unknown") return false;
  return grantOperations.some((granted) => coveredDetail(granted, detail));
}

function changed({
  inserted,
  updated,
  deleted,
}: {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}): number {
  return inserted + updated + deleted;
}
