/**
 * The backups of all targets of a gateway: kept up while it runs, shown and steered through the control socket, alarms told to persons.
 * Each target's own stands in `target-backups.ts`.
 */
import { join } from "node:path";
import { assertNever } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import type { BackupControl } from "../control/backup-port.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { RecoveryEvent } from "../model/recovery-event.ts";
import { AlarmBook, type StandingAlarm } from "../recovery/backup/alarm-book.ts";
import type { StoredBackup } from "../recovery/backup/repository.ts";
import { programPlaces } from "./backup-place.ts";
import { externalProvider, pgbackrestBackups } from "./backup-providers.ts";
import { ProvidedBackups } from "./provided-backups.ts";
import { TargetBackups, type TargetBackupsParts } from "./target-backups.ts";
import type { EnvironmentVariables } from "./target-options.ts";

export interface BackupsParts {
  readonly config: Config;
  readonly environment: EnvironmentVariables;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  readonly record: (event: RecoveryEvent) => void;
  /** What was recorded is durable when it resolves. */
  readonly seal: () => Promise<void>;
  /** Persons are told of an alarm, or that it is over. */
  readonly tell: (alarm: StandingAlarm, over: boolean) => void;
}

const WORKPLACES_MAX = 200;

type Kept = TargetBackups | ProvidedBackups;

export class Backups {
  /** Also for what others find alarming: drills. */
  readonly alarms: AlarmBook;
  readonly #targets: ReadonlyMap<string, Kept>;
  readonly #workplaces: Set<string>;

  constructor(alarms: AlarmBook, targets: ReadonlyMap<string, Kept>, workplaces: Set<string>) {
    this.alarms = alarms;
    this.#targets = targets;
    this.#workplaces = workplaces;
  }

  /** Programs of agents work there: no backups should lie within. Of very many folders the latest count. */
  worked(folders: readonly string[]): void {
    for (const folder of folders) {
      this.#workplaces.delete(folder);
      this.#workplaces.add(folder);
    }
    for (const oldest of [...this.#workplaces].slice(0, -WORKPLACES_MAX)) this.#workplaces.delete(oldest);
  }

  /** Begins at once, beside everything else: it waits for no server. */
  static async open(parts: BackupsParts): Promise<Backups> {
    const { config, environment } = parts;
    const folder = backupFolder(config);
    const alarms = await AlarmBook.open({ ...parts, file: join(folder, "alarms.json") });
    const workplaces = new Set<string>();
    const targets = new Map(
      config.targets.flatMap((target): [string, Kept][] => {
        const place = join(folder, target.name);
        const programs = programPlaces(target.backup, environment);
        const kept = keptOf(target, { ...parts, programs, place, workplaces: () => [...workplaces], alarms });
        return kept === undefined ? [] : [[target.name, kept]];
      }),
    );
    for (const each of targets.values()) each.start();
    return new Backups(alarms, targets, workplaces);
  }

  /** Newest first; nothing where Holdfast makes none of the target. */
  of(target: string): readonly StoredBackup[] {
    return this.#targets.get(target)?.backups ?? [];
  }

  /** When the newest ended, whoever keeps it. */
  newestAtMs(target: string): number | undefined {
    return this.#targets.get(target)?.newestAtMs;
  }

  get control(): BackupControl {
    return {
      view: async () => [...this.#targets.values()].map((target) => target.view()),
      now: async (target) => ({ target, backup: await this.#named(target).now() }),
      remove: async (backup, { person }) => {
        for (const target of this.#targets.values()) if (await target.remove(backup, `${person.name} removed it`)) return;
        throw new ControlRefusal("not_found", `no backup is named \`${backup}\``, "see holdfast backup list");
      },
      dropSlot: (target) => this.#named(target).dropSlot(),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#targets.values()].map((target) => target.close()));
    await this.alarms.close();
  }

  #named(target: string): Kept {
    const found = this.#targets.get(target);
    if (found === undefined)
      throw new ControlRefusal(
        "not_found",
        `Holdfast makes no backups of \`${target}\``,
        "give the target a `backup`, see docs/backups.md",
      );
    return found;
  }
}

/** A gateway's own folder for backups in the making. */
export function backupFolder(config: Pick<Config, "state">): string {
  return join(config.state, "backup");
}

function keptOf({ name, backup }: TargetConfig, parts: Omit<TargetBackupsParts, "target" | "backup">): Kept | undefined {
  if (backup === undefined) return undefined;
  const { method, repository } = backup;
  switch (method) {
    case "basebackup":
    case "dump":
      return repository === undefined
        ? undefined
        : new TargetBackups({ ...parts, target: name, backup: { ...backup, method, repository } });
    case "external":
      return new ProvidedBackups({ ...parts, target: name, method, backup, provider: externalProvider(name, backup, parts), advice: [] });
    case "pgbackrest":
      return repository === undefined ? undefined : pgbackrestBackups(name, { ...backup, repository }, parts);
    default:
      return assertNever(method, "method");
  }
}
