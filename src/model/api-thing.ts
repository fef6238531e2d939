/**
 * What a provider says of a thing that an API call names: what it is, which environment it belongs to, how large it is, where its backups
 * are. All of it are the provider's words: shown and compared, and never taken for a measurement of ours.
 */
import type { Environment } from "./principal.ts";

/** Whether what removes the thing removes its backups, too. */
export type BackupCoupling = "same_blast_radius" | "independent" | "unknown";

/** Where a protection was taken away before: by the same request, by the same session, or of the same thing by anybody. */
export type Disarmed = "request" | "session" | "thing";

/** The part of it that rules look at. */
export interface EffectThing {
  /**
   * `unknown`: nothing tells, or it could not be asked. `unasked`: its pack has no read that could tell. `none`: things of its kind belong
   * to no environment.
   */
  readonly environment: Environment | "unknown" | "unasked" | "none";
  /** From the outside in: `production/postgres/data`. Absent where it could not be asked. */
  readonly name?: string;
  readonly sizeBytes?: number;
  readonly backups?: number;
  /** Age of the newest in whole days; `null`: there is none. Absent where nobody knows. */
  readonly newestBackupDays?: number | null;
  readonly backupCoupling: BackupCoupling;
  readonly disarmed?: Disarmed;
}

/** What was found out about the things of one effect before it was judged. */
export interface ResolvedThing {
  /** Name of the effect's resource, and the operation's id: `railway:volume/v1`, `volumeDelete`. */
  readonly resource: string;
  readonly operation: string;
  readonly thing: EffectThing;
  /** What the answers make of its effect of one class: another, and why. */
  readonly becomes?: { readonly from: string; readonly to: string; readonly because: string };
  /** For people, a sentence each: what it is, and what could not be found out. */
  readonly told: readonly string[];
  /** It and what is the same thing under other ids, each as `provider:id`. */
  readonly ids: readonly string[];
  /** What must be the same still when it is carried out: sizes and ages are not among it. */
  readonly binds: string;
}
