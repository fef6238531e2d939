/**
 * A bar for a part of a whole. The figure stands beside it in words: the bar alone says nothing.
 * Drawn with attributes, for no inline style passes the page's policy.
 */
import type { JSX } from "preact";

export function Bar({ part, of, grave = false }: { part: number; of: number; grave?: boolean }): JSX.Element {
  const percent = of <= 0 ? 0 : Math.min(100, (part / of) * 100);
  // A single row of millions still shows.
  const width = part > 0 ? Math.max(1.5, percent) : 0;
  return (
    <svg class={`bar${grave ? " bar-grave" : ""}`} aria-hidden="true" focusable="false">
      <rect class="bar-of" width="100%" height="100%" rx="3" />
      <rect class="bar-part" width={`${width}%`} height="100%" rx="3" />
    </svg>
  );
}
