/**
 * Records about taking acts back, the bin, backups and drills in a few words, and how much they ask for attention.
 * It formats for nobody in particular: the command line and each export say it in their own form.
 */
import { counted } from "../base/counted.ts";
import { assertNever } from "../base/assert.ts";
import type { AuditEvent } from "../model/event.ts";
import type { RecoveryEvent } from "../model/recovery-event.ts";

export interface RecoveryWords {
  readonly word: string;
  readonly about: string;
  readonly text: string;
  readonly person?: string;
  readonly target?: string;
  /** `bad` is what somebody has to look at now. */
  readonly tone: "good" | "bad" | "warn" | "plain";
}

export function isRecovery(event: AuditEvent): event is RecoveryEvent {
  switch (event.kind) {
    case "undo_started":
    case "undo_done":
    case "undo_swept":
    case "bin_put":
    case "bin_restored":
    case "bin_emptied":
    case "recovery_point":
    case "backup_started":
    case "backup_done":
    case "backup_failed":
    case "backup_removed":
    case "drill_done":
    case "restored":
    case "recovery_alarm":
    case "recovery_alarm_over":
      return true;
    default:
      return false;
  }
}

export function recoveryWords(event: RecoveryEvent): RecoveryWords {
  switch (event.kind) {
    case "undo_started":
    case "undo_done":
    case "undo_swept":
      return undoWords(event);
    case "bin_put":
    case "bin_restored":
    case "bin_emptied":
      return binWords(event);
    case "recovery_point": {
      const name = event.name === null ? "" : ` as ${event.name}`;
      const { action: about, target, lsn, because = "" } = event;
      if (lsn === null) return { word: "point", about, target, text: `${target}: no point could be had: ${because}`, tone: "warn" };
      return { word: "point", about, target, text: `${target} at ${lsn}${name}`, tone: "plain" };
    }
    case "drill_done":
      return drillWords(event);
    case "restored": {
      const { backup, target, person, names, what, until } = event;
      const these = names.length === 0 ? "" : `: ${names.join(", ")}`;
      return { word: "restored", about: backup, target, person, text: `${what} as of ${until}${these}`, tone: "warn" };
    }
    case "recovery_alarm":
      return { word: "ALARM", about: event.about, target: event.target, text: `${event.target}: ${event.because}`, tone: "bad" };
    case "recovery_alarm_over":
      return { word: "over", about: event.about, target: event.target, text: `${event.target}: no longer so`, tone: "good" };
    default:
      return backupWords(event);
  }
}

function undoWords(event: Extract<RecoveryEvent, { kind: `undo_${string}` }>): RecoveryWords {
  switch (event.kind) {
    case "undo_started": {
      const { undo, target, person, transactions } = event;
      const text = `${counted(transactions.length, "transaction")} of ${target}/${event.database}, by ${person}`;
      return { word: "undo", about: undo, target, person, text, tone: "warn" };
    }
    case "undo_done": {
      const rows = event.tables.reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0);
      const skipped = event.skipped === 0 ? "" : `, ${event.skipped} left because of conflicts`;
      const because = event.because === "" ? "" : `: ${event.because}`;
      const text = `${event.how}: ${counted(rows, "row")}${skipped}${because}`;
      return { word: "undone", about: event.undo, text, tone: event.how === "done" ? "good" : "bad" };
    }
    case "undo_swept": {
      const text = `images of ${counted(event.transactions, "transaction")} of ${event.database} are gone: ${event.because}`;
      return { word: "swept", about: event.target, target: event.target, text, tone: "plain" };
    }
    default:
      return assertNever(event, "undoWords");
  }
}

function binWords(event: Extract<RecoveryEvent, { kind: `bin_${string}` }>): RecoveryWords {
  const { entry: about, target, names } = event;
  const what = `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
  if (event.kind === "bin_put") return { word: "binned", about, target, text: `${event.tag}: ${what}`, tone: "warn" };
  const person = event.person === undefined ? {} : { person: event.person };
  const word = event.kind === "bin_restored" ? "restored" : "emptied";
  return { word, about, target, ...person, text: `${what}: ${event.because}`, tone: event.kind === "bin_restored" ? "good" : "warn" };
}

function backupWords(event: Extract<RecoveryEvent, { kind: `backup_${string}` }>): RecoveryWords {
  const { backup: about, target } = event;
  switch (event.kind) {
    case "backup_started":
      return { word: "backup", about, target, text: `${target} by ${event.method}`, tone: "plain" };
    case "backup_done":
      return { word: "backup", about, target, text: `${target} done by ${event.method}: ${counted(event.bytes, "byte")}`, tone: "good" };
    case "backup_failed":
      return { word: "backup", about, target, text: `${target} failed: ${event.because}`, tone: "bad" };
    case "backup_removed":
      return { word: "removed", about, target, text: `${target}: ${event.because}`, tone: "plain" };
    default:
      return assertNever(event, "backupWords");
  }
}

function drillWords(event: Extract<RecoveryEvent, { kind: "drill_done" }>): RecoveryWords {
  const failed = event.checks.filter(({ passed }) => !passed);
  const time = event.recoveryMs === null ? "" : ` in ${(event.recoveryMs / 1000).toFixed(1)} s`;
  const [first] = failed;
  const text = event.passed
    ? `${event.target}: restored${time}, ${counted(event.checks.length, "check")} passed`
    : `${event.target}: ${first === undefined ? "failed" : `${first.name}: ${first.because}`}`;
  return { word: "drill", about: event.drill, target: event.target, text, tone: event.passed ? "good" : "bad" };
}
