/**
 * Text of agents and databases on the screen: always text, never markup, with what cannot be seen made visible.
 * Everything that did not come from us goes through here.
 */
import type { JSX } from "preact";
import { tokensOf } from "../words/highlight.ts";
import type { Piece } from "../words/sentence.ts";
import { visibleRuns } from "../words/visible.ts";

/** `lines` keeps line feeds and tabs as layout. */
export function Data({ text, lines = false }: { text: string; lines?: boolean }): JSX.Element {
  return (
    <bdi>
      {visibleRuns(text, lines).map((run) =>
        run.kind === "text" ? (
          run.text
        ) : (
          <span class="unseen" title={run.name}>
            {run.text}
          </span>
        ),
      )}
    </bdi>
  );
}

/** A name of something at a database or a gateway. Long ones break after a dot or an underscore. */
export function Name({ text }: { text: string }): JSX.Element {
  const parts = text.split(/(?<=[._])/u);
  return (
    <code class="name">
      {parts.map((part, index) => (
        <>
          {index > 0 && <wbr />}
          <Data text={part} />
        </>
      ))}
    </code>
  );
}

export function Sentence({ pieces }: { pieces: readonly Piece[] }): JSX.Element {
  return (
    <>
      {pieces.map((piece) => {
        if (piece.kind === "name") return <Name text={piece.text} />;
        return piece.kind === "figure" ? <strong class="figure">{piece.text}</strong> : piece.text;
      })}
    </>
  );
}

/** The whole statement, never cut. */
export function Statement({ text, label }: { text: string; label: string }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="statement" aria-label={label} tabIndex={0}>
      <pre>
        <code>
          {tokensOf(text).map(({ kind, text: part }) =>
            kind === "plain" ? (
              <Data text={part} lines />
            ) : (
              <span class={`token-${kind}`}>
                <Data text={part} lines />
              </span>
            ),
          )}
        </code>
      </pre>
    </section>
  );
}
