/**
 * Which alarms stand, by target: told once when one begins and once when it is over, over restarts of the gateway too.
 * It finds nothing out; whoever does sets what it found.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { AuditEvent } from "../../model/event.ts";
import type { RecoveryAlarm } from "../../model/recovery.ts";

export interface StandingAlarm {
  readonly target: string;
  readonly about: RecoveryAlarm;
  readonly because: string;
  readonly sinceMs: number;
}

export interface AlarmBookParts {
  /** A small file of ours. */
  readonly file: string;
  readonly clock: Clock;
  readonly record: (event: Extract<AuditEvent, { kind: "recovery_alarm" | "recovery_alarm_over" }>) => void;
  /** Persons are told of it; `over` when it is so no longer. */
  readonly tell: (alarm: StandingAlarm, over: boolean) => void;
  readonly warn: (message: string) => void;
}

export class AlarmBook {
  readonly #parts: AlarmBookParts;
  readonly #standing: Map<string, StandingAlarm>;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: AlarmBookParts, standing: readonly StandingAlarm[]) {
    this.#parts = parts;
    this.#standing = new Map(standing.map((alarm) => [keyOf(alarm), alarm]));
  }

  /** What stood when the process before ended stands still. What cannot be read is told again. */
  static async open(parts: AlarmBookParts): Promise<AlarmBook> {
    const text = await readFile(parts.file, "utf8").catch(() => "[]");
    return new AlarmBook(parts, standingIn(text));
  }

  standing(target?: string): readonly StandingAlarm[] {
    return [...this.#standing.values()].filter((alarm) => target === undefined || alarm.target === target);
  }

  /** All that stands of `among` at the target, and no other of them: `found` says why. Another wording of what stands is not told again. */
  set(target: string, among: readonly RecoveryAlarm[], found: ReadonlyMap<RecoveryAlarm, string>): void {
    let changed = false;
    for (const about of among) {
      const key = keyOf({ target, about });
      const before = this.#standing.get(key);
      const because = found.get(about);
      if (because === undefined && before === undefined) continue;
      if (because === undefined && before !== undefined) {
        this.#standing.delete(key);
        this.#parts.record({ kind: "recovery_alarm_over", target, about });
        this.#parts.tell(before, true);
        changed = true;
      } else if (because !== undefined) {
        const alarm = { target, about, because, sinceMs: before?.sinceMs ?? this.#parts.clock.now() };
        this.#standing.set(key, alarm);
        changed ||= before?.because !== because;
        if (before !== undefined) continue;
        this.#parts.record({ kind: "recovery_alarm", target, about, because });
        this.#parts.tell(alarm, false);
      }
    }
    if (changed) this.#keep();
  }

  async close(): Promise<void> {
    await this.#writing;
  }

  #keep(): void {
    const { file, warn } = this.#parts;
    const text = `${JSON.stringify([...this.#standing.values()])}\n`;
    this.#writing = this.#writing
      .then(() => mkdir(dirname(file), { recursive: true, mode: 0o700 }))
      .then(() => writeFile(`${file}.new`, text, { mode: 0o600 }))
      .then(() => rename(`${file}.new`, file))
      .catch((error: NodeJS.ErrnoException) => warn(`alarms that stand could not be noted: ${error.code ?? error.message}`));
  }
}

function keyOf({ target, about }: Pick<StandingAlarm, "target" | "about">): string {
  return `${target} ${about}`;
}

function standingIn(text: string): readonly StandingAlarm[] {
  try {
    const found = JSON.parse(text) as unknown;
    return Array.isArray(found) ? (found as unknown[]).filter(isStanding) : [];
  } catch {
    return [];
  }
}

function isStanding(value: unknown): value is StandingAlarm {
  const { target, about, because, sinceMs } = value as Partial<StandingAlarm>;
  return typeof target === "string" && typeof about === "string" && typeof because === "string" && typeof sinceMs === "number";
}
