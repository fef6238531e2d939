/**
 * The audit log's contract: append now, durable when `seal` resolves.
 * It does not choose what to record; the pipeline does.
 */
import type { AuditEvent } from "../model/event.ts";

export interface AuditLog {
  /**
   * Puts the event in order at once, in memory; it becomes durable with the next sync.
   * Throws `AuditUnavailable` once the log is broken.
   */
  append(event: AuditEvent): void;
  /**
   * Resolves when everything appended before the call is on stable storage. Callers of the same moment share one sync.
   * Rejects with `AuditUnavailable`.
   */
  seal(): Promise<void>;
  /** Syncs, writes a checkpoint and closes. */
  close(): Promise<void>;
  /** Events in the log, the unsynced included. */
  readonly size: number;
}

/** The log cannot be written (disk full, lost file, failed sync). Stays so until restart: a failed fsync cannot be retried honestly. */
export class AuditUnavailable extends Error {
  override readonly name = "AuditUnavailable";
}
