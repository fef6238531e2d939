/**
 * Statements per minute, counted per session in a window of sixty one-second buckets.
 * It does not decide what happens beyond the limit.
 */
import type { SessionId } from "../base/ids.ts";

interface Window {
  readonly counts: Uint32Array;
  second: number;
  total: number;
}

const SECONDS = 60;

export interface Rates {
  /** Counts one statement and returns how many the last minute now holds. */
  count(session: SessionId, monotonicMs: number): number;
  forget(session: SessionId): void;
}

export function createRates(): Rates {
  const windows = new Map<SessionId, Window>();
  return {
    count(session, monotonicMs) {
      const second = Math.floor(monotonicMs / 1000);
      let window = windows.get(session);
      if (window === undefined) {
        window = { counts: new Uint32Array(SECONDS), second, total: 0 };
        windows.set(session, window);
      }
      if (window.second !== second) expire(window, second);
      const slot = second % SECONDS;
      window.counts[slot] = (window.counts[slot] ?? 0) + 1;
      window.total += 1;
      return window.total;
    },
    forget(session) {
      windows.delete(session);
    },
  };
}

function expire(window: Window, second: number): void {
  const passed = Math.min(second - window.second, SECONDS);
  for (let step = 1; step <= passed; step++) {
    const slot = (window.second + step) % SECONDS;
    window.total -= window.counts[slot] ?? 0;
    window.counts[slot] = 0;
  }
  window.second = second;
}
