/**
 * Whether what stands on the page is true now. When the line is lost it says since when, and the page below is shown as old.
 */
import type { JSX } from "preact";
import type { App } from "../state/app.ts";
import { useNow } from "../state/clock.ts";
import { useStore } from "../state/store.ts";
import { clockTime, duration } from "../words/times.ts";

export function LineState({ app }: { app: App }): JSX.Element | null {
  const { line } = useStore(app.store);
  const nowMs = useNow(app);
  if (line.state !== "lost") return null;
  return (
    <p class="line-lost" role="alert">
      <strong>Connection lost.</strong> What you see is as of {clockTime(line.sinceMs, nowMs)}
      <span aria-hidden="true">, {duration(nowMs - line.sinceMs)} old</span>. Trying again by itself.
    </p>
  );
}
