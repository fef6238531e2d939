/**
 * A grant: rights on named tables that a person opened for one run, bounded in time, uses and rows; and an agent's ask for one.
 * It is no approval of one act. TRUNCATE and definitions are not among the operations: no meter measures the one, and the server has no
 * right for the others short of ownership.
 */
import type { ApprovalId, AskId, GrantId, RunId } from "../base/ids.ts";

export type GrantOperation = "select" | "insert" | "update" | "delete";
export const grantOperations: readonly GrantOperation[] = ["select", "insert", "update", "delete"];

/** Of each operation, what the analysis calls it. TRUNCATE and definitions are in none. */
const details: Readonly<Record<GrantOperation, readonly string[]>> = {
  select: ["select", "copy_out"],
  insert: ["insert", "copy_in"],
  update: ["update", "select_for_update", "set_null"],
  delete: ["delete"],
};

/** Whether an effect's detail is a part of the operation. */
export function coveredDetail(operation: GrantOperation, detail: string): boolean {
  return details[operation].includes(detail);
}

/** What a decision looks at. Names are resolved identities: `public.orders`. */
export interface GrantFact {
  readonly id: GrantId;
  readonly tables: readonly string[];
  readonly operations: readonly GrantOperation[];
  /** Sequences that inserting into the tables moves. */
  readonly sequences: readonly string[];
}

const rulePrefix = "grant:";

/** A grant stands among the rules of a decision under this id. */
export function grantRuleId({ id }: Pick<GrantFact, "id">): string {
  return `${rulePrefix}${id}`;
}

/** Whether a decision rests on a grant. Makes nothing: it is asked for every read. */
export function restsOnGrant(rules: readonly string[]): boolean {
  return rules.some((id) => id.startsWith(rulePrefix));
}

/** The ids of the grants among the rules of a decision. */
export function grantsOf(rules: readonly string[]): readonly string[] {
  return rules.filter((id) => id.startsWith(rulePrefix)).map((id) => id.slice(rulePrefix.length));
}

export type GrantState = "open" | "lapsed";

export interface Grant extends GrantFact {
  readonly run: RunId;
  readonly principal: string;
  readonly target: string;
  /** The person who gave it. */
  readonly by: string;
  readonly reason: string;
  readonly ask?: AskId;
  /** The approval that it came out of: "and the next ones too". */
  readonly approval?: ApprovalId;
  readonly givenAtMs: number;
  readonly untilMs: number;
  /** Statements that may rest on it; `null` is any number until its time is over. */
  readonly usesMax: number | null;
  /** Rows that may be changed by it in all. */
  readonly rowsMax: number;
  readonly uses: number;
  readonly rows: number;
  readonly state: GrantState;
  /** Why it is over. */
  readonly because?: string;
}

export type AskState = "open" | "granted" | "dropped";

export interface Ask {
  readonly id: AskId;
  readonly run: RunId;
  readonly principal: string;
  readonly target: string;
  readonly tables: readonly string[];
  readonly operations: readonly GrantOperation[];
  readonly purpose: string;
  readonly askedAtMs: number;
  readonly state: AskState;
  readonly grant?: GrantId;
}
