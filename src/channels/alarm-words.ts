/** Alarms about backups and drills as sentences for a message: fixed ones, because a cause may name what stays in the house. */
import type { RecoveryAlarm } from "../model/recovery.ts";

export const alarmWords: Readonly<Record<RecoveryAlarm, string>> = {
  no_backup: "There is no backup.",
  backup_failed: "The last backup failed.",
  old_backup: "The newest backup is too old.",
  empty_backup: "The newest backup is empty, or far too small.",
  wal_failing: "WAL does not arrive: what changes now could not be brought back.",
  drill_failed: "A backup was tried, and could not be restored as it should.",
  no_drill: "No backup has been tried for too long.",
  same_blast_radius: "The backups lie where the data lie: one accident takes both.",
  repository_unreachable: "The folder of the backups cannot be used.",
};
