/**
 * What every page opens with: its heading, which takes the focus when one comes here, and what stands there until the data has come.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Heading({
  title,
  aside = "",
  focus = true,
}: {
  title: ComponentChildren;
  aside?: ComponentChildren;
  focus?: boolean;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // A field that the person is in already is not taken from them.
    if (focus && (document.activeElement === document.body || document.activeElement?.closest("nav")))
      heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {title} {aside !== "" && <span class="aside">{aside}</span>}
    </h1>
  );
}

export function Loading(): JSX.Element {
  return (
    <p class="quiet" role="status">
      Loading…
    </p>
  );
}
