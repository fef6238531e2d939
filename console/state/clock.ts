/**
 * The time as a page may show it: drawn anew each second, by one timer for all.
 * It is the server's time as far as the app knows it.
 */
import { useEffect, useState } from "preact/hooks";
import type { App } from "./app.ts";

const listeners = new Set<() => void>();
let timer = 0;

/** The time now in milliseconds; whoever uses it is drawn each second. */
export function useNow(app: App): number {
  const [, setTick] = useState(0);
  useEffect(() => {
    const tick = (): void => setTick((count) => count + 1);
    listeners.add(tick);
    if (listeners.size === 1) timer = setInterval(() => listeners.forEach((each) => each()), 1_000);
    return () => {
      listeners.delete(tick);
      if (listeners.size === 0) clearInterval(timer);
    };
  }, []);
  return app.now();
}
