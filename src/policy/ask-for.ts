/**
 * The command by which an agent asks a person for what it was refused, where a grant of tables would let the statement through.
 * It does not know whether anybody can be asked: that is a fact of the session.
 */
import { coveredDetail, type GrantOperation } from "../model/grant.ts";
import type { ReasonCode } from "../model/codes.ts";
import type { Effect } from "../model/effect.ts";
import { liftedByGrant } from "./grants.ts";

const changing: readonly GrantOperation[] = ["insert", "update", "delete"];
/** With more, a person should be asked in other words. */
const TABLES_MAX = 4;
/** The command is for a shell, and whoever makes tables chooses their names. */
const plainName = /^[A-Za-z0-9_]+\.[A-Za-z0-9_]+$/;

/** `undefined` where a grant would not help: one of the grounds stands whatever is granted, or is no change of a plain table's rows. */
export function askFor(
  kind: "deny" | "hold",
  grounds: readonly { readonly effect: Effect; readonly code: ReasonCode }[],
): string | undefined {
  const answer = kind === "hold" ? "require_approval" : "forbid";
  const tables = new Set<string>();
  const operations = new Set<GrantOperation>();
  let sequences = false;
  for (const { effect, code } of grounds) {
    if (!liftedByGrant({ answer, code })) return undefined;
    const { type, name } = effect.resource;
    if (type === "sequence" && effect.detail === "sequence") {
      sequences = true;
      continue;
    }
    const operation = changing.find((each) => coveredDetail(each, effect.detail));
    if (type !== "table" || operation === undefined || !plainName.test(name)) return undefined;
    tables.add(name);
    operations.add(operation);
  }
  // Those that inserting moves come along with their table, and no others.
  if (sequences && !operations.has("insert")) return undefined;
  if (tables.size === 0 || tables.size > TABLES_MAX) return undefined;
  const allow = changing.filter((each) => operations.has(each)).join(",");
  return `holdfast ask --table ${[...tables].sort().join(",")} --allow ${allow} --purpose "..."`;
}
