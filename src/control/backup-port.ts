/**
 * What the routes about backups ask of the running gateway. The composition root fulfils it.
 * Looking takes nobody, and neither does making one; only a person who signs removes one.
 */
import type { BegunBackup, TargetBackupsView } from "./backups-contract.ts";
import type { Signer } from "./parts.ts";

/** Every method rejects with `ControlRefusal` where it is not to be. */
export interface BackupControl {
  readonly view: () => Promise<readonly TargetBackupsView[]>;
  /** Begins one, and resolves as soon as it has begun: `view` tells how far it is. */
  readonly now: (target: string) => Promise<BegunBackup>;
  readonly remove: (backup: string, by: Signer) => Promise<void>;
  /** Drops the slot at the server, so that it keeps no more WAL for us, and receives none until the gateway starts again. */
  readonly dropSlot: (target: string, by: Signer) => Promise<void>;
}
