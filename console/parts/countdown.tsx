/**
 * How long a question can still be answered. It goes by the server's clock, and says in words when the time is over.
 * It is not read aloud each second: a screen reader gets the minute.
 */
import type { JSX } from "preact";
import type { App } from "../state/app.ts";
import { useNow } from "../state/clock.ts";
import { countdown, duration } from "../words/times.ts";

const URGENT_MS = 60_000;

export function Countdown({ app, untilMs, means = "left to answer" }: { app: App; untilMs: number; means?: string }): JSX.Element {
  const leftMs = untilMs - useNow(app);
  if (leftMs <= 0) return <span class="countdown over">time is over</span>;
  return (
    <span class={`countdown${leftMs < URGENT_MS ? " urgent" : ""}`}>
      <span aria-hidden="true">
        <strong>{countdown(leftMs)}</strong> {means}
      </span>
      <span class="heard">
        {duration(leftMs < URGENT_MS ? leftMs : leftMs + 59_999)} {means}
      </span>
    </span>
  );
}
