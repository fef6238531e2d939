/**
 * What a gateway does so that its targets can be restored: points before destructive acts, drills on their schedule, and what policy
 * is told of both. Each part stands in a file of its own.
 */
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import type { DrillControl } from "../control/drill-port.ts";
import type { Backups } from "./backups.ts";
import { Drills } from "./drills.ts";
import { RecoveryAges } from "./recovery-ages.ts";
import { RecoveryPoints } from "./recovery-points.ts";
import type { EnvironmentVariables } from "./target-options.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface RestoresParts {
  readonly config: Config;
  readonly environment: EnvironmentVariables;
  readonly log: WatchedLog;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
}

export class Restores {
  readonly points: RecoveryPoints;
  readonly ages: RecoveryAges;
  readonly #parts: RestoresParts;
  #drills: Drills | undefined;

  constructor(parts: RestoresParts) {
    this.#parts = parts;
    this.points = new RecoveryPoints(parts);
    this.ages = new RecoveryAges(parts.clock);
  }

  /** `changed` is called when policy would be told of other ages. Resolves to what the control socket offers. */
  async open(backups: Backups, changed: () => void): Promise<DrillControl> {
    const { config } = this.#parts;
    const backedUpAtMs = (target: string) => backups.newestAtMs(target);
    const drills = await Drills.open({ ...this.#parts, backedUpAtMs, changed, alarm: (...found) => backups.alarms.set(...found) });
    this.#drills = drills;
    const backed = config.targets.filter(({ backup }) => backup !== undefined).map(({ name }) => name);
    if (backed.length > 0) this.ages.follow(backed, { backedUpAtMs, drills: (target) => drills.known(target) }, changed);
    return drills;
  }

  async close(): Promise<void> {
    this.ages.close();
    await this.#drills?.close();
    await this.points.close();
  }
}
