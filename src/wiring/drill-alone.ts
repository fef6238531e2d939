/**
 * One drill with the gateway down: by configuration, vault and repository alone, on record in the log that nobody else holds.
 */
import { systemClock } from "../base/clock.ts";
import { newDrillId } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import type { Drill } from "../model/recovery.ts";
import { openDrillBook } from "./drill-book-place.ts";
import { drillTarget } from "./drills.ts";
import { recordAlone } from "./record-restored.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";
import type { Vault } from "./vault.ts";

export interface DrillAlone {
  readonly config: Config;
  readonly vault: Vault | undefined;
  readonly environment: EnvironmentVariables;
  /** Empty is the only one. */
  readonly target: string;
  readonly before: string;
  readonly say: (what: string) => void;
  readonly signal: AbortSignal;
}

/** Rejects with {@link WiringError} where there is nothing to drill, or a gateway came up meanwhile. */
export async function drillAlone({ config, vault, environment, target: name, before, say, signal }: DrillAlone): Promise<Drill> {
  const target = name === "" && config.targets.length === 1 ? config.targets[0] : config.targets.find((each) => each.name === name);
  if (target === undefined)
    throw new WiringError(name === "" ? "there are several targets: name one with --target" : `no target is named \`${name}\``);
  const book = await openDrillBook(config);
  const known = book.of(target.name);
  const drill = await drillTarget({ config, environment, clock: systemClock }, target, { before, id: newDrillId(), known, say, signal });
  const { id, backup, passed, checks, recoveryMs, lostMs, tables } = drill;
  const event = { kind: "drill_done" as const, drill: id, target: target.name, backup, passed, checks, recoveryMs, lostMs, tables };
  if (!(await recordAlone(config, vault, event)))
    throw new WiringError("a gateway was started meanwhile, and has the log: this drill is not on record; run it again");
  await book.note(drill);
  return drill;
}
