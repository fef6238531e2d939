/**
 * What stands as alarming until somebody has looked at it, as it is told to persons.
 * It holds nothing secret; causes are for persons of the house.
 */
import type { Environment } from "./principal.ts";
import type { RecoveryAlarm } from "./recovery.ts";

export interface StandingAlarm {
  readonly target: string;
  readonly about: RecoveryAlarm;
  readonly because: string;
  readonly sinceMs: number;
}

/** A credential that Holdfast did not give out, sent by a session and refused. Nothing of the credential itself. */
export interface StandingFound {
  readonly id: string;
  readonly principal: string;
  readonly target: string;
  readonly environment: Environment;
  /** Whose it would open, by the pack's name; `none` where no pack knows the place. */
  readonly provider: string;
  readonly host: string;
  /** Where it stood. */
  readonly slot: string;
  readonly sinceMs: number;
  readonly lastMs: number;
  /** How often the session sent one there. */
  readonly count: number;
}
