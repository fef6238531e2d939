/**
 * The audit log, remembering whether it broke: status tells an operator, who must act before anything passes again.
 * It does not try again: a failed sync cannot be retried honestly.
 */
import type { AuditLog } from "../audit/log.ts";

export interface WatchedLog {
  readonly log: AuditLog;
  /** False from the first failed write on. */
  readonly writable: boolean;
}

export function watched(log: AuditLog): WatchedLog {
  let writable = true;
  const broke = (error: unknown): never => {
    writable = false;
    throw error;
  };
  const append: AuditLog["append"] = (event) => {
    try {
      log.append(event);
    } catch (error) {
      broke(error);
    }
  };
  return {
    get writable() {
      return writable;
    },
    log: {
      append,
      seal: () => log.seal().catch(broke),
      close: () => log.close(),
      get size() {
        return log.size;
      },
    },
  };
}
