/**
 * Drills in words, and which records are about recovery at all.
 * It judges nothing: whether a drill passed is in the record.
 */
import { span } from "./attention.ts";

const prefixes = ["undo_", "bin_", "backup_", "drill_", "recovery_"] as const;

export function concernsRecovery(kind: string): boolean {
  return kind === "restored" || prefixes.some((prefix) => kind.startsWith(prefix));
}

/** From the first byte copied to a server that answers. */
export function timeWords(recoveryMs: number | null): string {
  return recoveryMs === null ? "no server came of it" : `back in ${span(recoveryMs)}`;
}

export function lostWords(lostMs: number | null): string {
  return lostMs === null ? "what would be lost is not known" : `the last ${span(lostMs)} would be lost`;
}
