/**
 * What the log tells of recovery: per target the alarms that stand, the newest backups and drills, what rests in the bin, what was undone.
 * A fold over records in their order; it asks no server and no repository, and knows nothing older than the first record it is given.
 */
import type { AuditEvent } from "../model/event.ts";
import type { BackupMethod, DrillCheck, RecoveryAlarm } from "../model/recovery.ts";

export interface RecoveryTold {
  readonly targets: readonly TargetTold[];
}

export interface TargetTold {
  readonly target: string;
  readonly alarms: readonly { readonly about: RecoveryAlarm; readonly because: string; readonly sinceMs: number }[];
  /** Newest first, as the other lists. */
  readonly backups: readonly BackupTold[];
  readonly drills: readonly DrillTold[];
  readonly bin: readonly BinTold[];
  readonly undone: readonly UndoTold[];
  /** Points of before a destructive act; the last alone. */
  readonly lastPoint?: { readonly atMs: number; readonly lsn: string; readonly action: string };
}

export interface BackupTold {
  readonly id: string;
  readonly method: BackupMethod | null;
  readonly atMs: number;
  readonly state: "running" | "done" | "failed";
  readonly bytes?: number;
  readonly because?: string;
}

export interface DrillTold {
  readonly id: string;
  readonly atMs: number;
  readonly backup: string | null;
  readonly passed: boolean;
  readonly checks: readonly DrillCheck[];
  readonly recoveryMs: number | null;
  readonly lostMs: number | null;
}

export interface BinTold {
  readonly entry: string;
  readonly database: string;
  readonly atMs: number;
  readonly tag: string;
  readonly names: readonly string[];
  readonly objects: number;
  readonly bytes: number;
}

export interface UndoTold {
  readonly undo: string;
  readonly atMs: number;
  readonly person: string;
  readonly transactions: number;
  /** `running` until the record of its end. */
  readonly how: "running" | "done" | "stale" | "failed" | "unknown";
  readonly rows: number;
  readonly skipped: number;
  readonly because: string;
}

const LISTED_MAX = 20;

interface Target {
  readonly alarms: Map<RecoveryAlarm, TargetTold["alarms"][number]>;
  readonly backups: Map<string, BackupTold>;
  readonly drills: DrillTold[];
  readonly bin: Map<string, BinTold>;
  readonly undone: Map<string, UndoTold>;
  lastPoint: TargetTold["lastPoint"];
}

export class RecoveryFold {
  readonly #targets = new Map<string, Target>();
  /** Which target an undo began at: its end does not name it. */
  readonly #undoAt = new Map<string, Target>();

  step(event: AuditEvent, atMs: number): void {
    switch (event.kind) {
      case "undo_started": {
        const { undo, person, transactions } = event;
        const target = this.#of(event.target);
        this.#undoAt.set(undo, target);
        const begun = { undo, atMs, person, transactions: transactions.length, how: "running", rows: 0, skipped: 0, because: "" } as const;
        return newest(target.undone, undo, begun);
      }
      case "undo_done":
        return this.#undone(event);
      case "bin_put": {
        const { entry, database, tag, names, objects, bytes } = event;
        this.#of(event.target).bin.set(entry, { entry, database, atMs, tag, names, objects, bytes });
        return;
      }
      case "bin_restored":
      case "bin_emptied":
        this.#of(event.target).bin.delete(event.entry);
        return;
      case "recovery_point":
        if (event.lsn !== null) this.#of(event.target).lastPoint = { atMs, lsn: event.lsn, action: event.action };
        return;
      case "drill_done": {
        const { drill: id, backup, passed, checks, recoveryMs, lostMs } = event;
        const { drills } = this.#of(event.target);
        drills.unshift({ id, atMs, backup, passed, checks, recoveryMs, lostMs });
        if (drills.length > LISTED_MAX) drills.pop();
        return;
      }
      case "recovery_alarm":
        this.#of(event.target).alarms.set(event.about, { about: event.about, because: event.because, sinceMs: atMs });
        return;
      case "recovery_alarm_over":
        this.#of(event.target).alarms.delete(event.about);
        return;
      default:
        this.#backup(event, atMs);
    }
  }

  told(): RecoveryTold {
    return {
      targets: [...this.#targets].map(([target, { alarms, backups, drills, bin, undone, lastPoint }]) => ({
        target,
        alarms: [...alarms.values()],
        backups: [...backups.values()].reverse(),
        drills,
        bin: [...bin.values()].reverse(),
        undone: [...undone.values()].reverse(),
        ...(lastPoint === undefined ? {} : { lastPoint }),
      })),
    };
  }

  #undone({ undo, how, tables, skipped, because }: Extract<AuditEvent, { kind: "undo_done" }>): void {
    const target = this.#undoAt.get(undo);
    const begun = target?.undone.get(undo);
    if (target === undefined || begun === undefined) return;
    const rows = tables.reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0);
    target.undone.set(undo, { ...begun, how, rows, skipped, because });
    this.#undoAt.delete(undo);
  }

  #backup(event: AuditEvent, atMs: number): void {
    switch (event.kind) {
      case "backup_started": {
        const { backup: id, method } = event;
        return newest(this.#of(event.target).backups, id, { id, method, atMs, state: "running" });
      }
      case "backup_done": {
        const { backup: id, method, bytes } = event;
        return newest(this.#of(event.target).backups, id, { id, method, atMs, state: "done", bytes });
      }
      case "backup_failed": {
        const { backups } = this.#of(event.target);
        const method = backups.get(event.backup)?.method ?? null;
        return newest(backups, event.backup, { id: event.backup, method, atMs, state: "failed", because: event.because });
      }
      case "backup_removed":
        this.#of(event.target).backups.delete(event.backup);
        return;
      default:
    }
  }

  #of(name: string): Target {
    const known = this.#targets.get(name);
    if (known !== undefined) return known;
    const target: Target = {
      alarms: new Map(),
      backups: new Map(),
      drills: [],
      bin: new Map(),
      undone: new Map(),
      lastPoint: undefined,
    };
    this.#targets.set(name, target);
    return target;
  }
}

/** Puts it last, and lets the first go where there are too many. */
function newest<T>(all: Map<string, T>, id: string, value: T): void {
  all.delete(id);
  all.set(id, value);
  const [oldest] = all.keys();
  if (all.size > LISTED_MAX && oldest !== undefined) all.delete(oldest);
}
