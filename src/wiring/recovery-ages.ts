/**
 * How old a target's newest backup and drills are, in whole days, as policy may ask: decisions are kept until one of them changes.
 * It drills nothing and reads no repository.
 */
import type { Clock } from "../base/clock.ts";
import type { RecoveryFact } from "../model/facts.ts";
import type { DrillsKnown } from "../recovery/drill/drill-book.ts";

export interface AgeSources {
  readonly backedUpAtMs: (target: string) => number | undefined;
  readonly drills: (target: string) => DrillsKnown | undefined;
}

const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 60_000;

export class RecoveryAges {
  readonly #clock: Clock;
  #sources: AgeSources | undefined;
  #timer: NodeJS.Timeout | undefined;
  #seen = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on they are known; `changed` is called when one of them is another. */
  follow(targets: readonly string[], sources: AgeSources, changed: () => void): void {
    this.#sources = sources;
    const look = () => {
      const seen = JSON.stringify(targets.map((target) => this.of(target)));
      if (seen === this.#seen) return;
      this.#seen = seen;
      changed();
    };
    look();
    this.#timer = setInterval(look, LOOK_EVERY_MS).unref();
  }

  /** `undefined` where nothing is known: that counts as older than any number of days. */
  of(target: string): RecoveryFact | undefined {
    const backed = this.#sources?.backedUpAtMs(target);
    const known = this.#sources?.drills(target);
    if (backed === undefined && known === undefined) return undefined;
    const days = (atMs: number) => Math.max(0, Math.floor((this.#clock.now() - atMs) / DAY_MS));
    return {
      backupAgeDays: backed === undefined ? null : days(backed),
      drillAgeDays: known?.passedAtMs == null ? null : days(known.passedAtMs),
      drilledDays: Object.fromEntries(Object.entries(known?.tables ?? {}).map(([table, atMs]) => [table, days(atMs)])),
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
