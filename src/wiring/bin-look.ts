/**
 * What a target's bin holds, for whoever looks at the installation from outside of the gateway.
 * It changes nothing.
 */
import type { TargetConfig } from "../config/config.ts";
import { overdue } from "../recovery/bin/empty.ts";
import { readEntries } from "../recovery/bin/entries.ts";
import { atBin } from "./bin-place.ts";
import type { EnvironmentVariables } from "./target-options.ts";

export interface BinFigures {
  readonly entries: number;
  readonly bytes: number;
  /** Of these, what a running gateway would have emptied by now. */
  readonly overdue: number;
}

/** `undefined`: the database has no bin. Rejects when the server cannot be asked. */
export function binFigures(target: TargetConfig, environment: EnvironmentVariables, nowMs: number): Promise<BinFigures | undefined> {
  return atBin(target, environment, async (client) => {
    const kept = await readEntries(client, ["kept"]);
    const bytes = kept.reduce((sum, entry) => sum + entry.bytes, 0);
    return { entries: kept.length, bytes, overdue: overdue(kept, { nowMs, ...target.bin }).length };
  });
}
