/**
 * Inputs to a decision besides the action and its effects.
 * Facts that change with every act (rates, suspensions) are not here, so that a decision can be cached by what it depended on.
 */
import type { BreakGlassFact } from "./break-glass.ts";
import type { GrantFact } from "./grant.ts";
import type { Environment } from "./principal.ts";

export interface Facts {
  readonly target: string;
  readonly environment: Environment;
  readonly database: string;
  readonly principal: string;
  readonly principalKind: "human" | "ai_agent" | "workload";
  /** The database role whose rights the act uses. */
  readonly role: string;
  /** Whether somebody is registered who could be asked. Where nobody is, a hold is answered as refused. */
  readonly approvals: boolean;
  /** Rights that persons opened for the session; absent where there are none. */
  readonly grants?: readonly GrantFact[];
  /**
   * The target keeps a bin for this database; absent where it keeps none. `databases`: what is in this one could not rest, other databases
   * can, as a whole. `unfit`: there is one, and it cannot take what the act removes in the form in which it stands.
   */
  readonly bin?: "kept" | "databases" | "unfit";
  /** Nobody is asked for the session now; absent where somebody is. */
  readonly breakGlass?: BreakGlassFact;
  /** A person could open rights for the session, if it asks; absent where nobody can. A refusal then says how to ask. */
  readonly askable?: true;
  /** Of the target's backups; absent where nothing is known of them. */
  readonly recovery?: RecoveryFact;
}

/** Ages in whole days, so that what was decided holds for a while; `null` and absent are older than any. */
export interface RecoveryFact {
  readonly backupAgeDays: number | null;
  /** Of the newest drill that passed. */
  readonly drillAgeDays: number | null;
  /** Of the newest drill that passed and looked at the table, by its qualified name. */
  readonly drilledDays: Readonly<Record<string, number>>;
}
