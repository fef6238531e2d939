/**
 * A file's text with every secret in it replaced, so that a program can be given the file and not what it opens.
 * A text that still holds something afterwards is given up whole; it does no I/O.
 */
import type { SourceText } from "./credential.ts";
import { secretsIn } from "./detect.ts";

/** Stands in a secret's place. Its form is one that `scan` itself takes for a placeholder. */
export const placeholder = "<masked-by-holdfast>";

export interface Masked {
  /** Secrets that were found. Without one, the text is as it was. */
  readonly secrets: number;
  readonly text: string;
}

/** The characters of a URL up to what ends it in every file a URL stands in. */
const postgresUrl = /postgres(?:ql)?(?:\+\w+)?:\/\/[^\s"'`<>\\]+/gi;

/**
 * Each secret becomes the placeholder; a PostgreSQL URL that holds one becomes `url` as a whole, so that tools which read the file
 * themselves are led where the environment leads. What several passes cannot clean becomes an empty text.
 */
export function masked(file: SourceText, url: string): Masked {
  const found = secretsIn(file);
  if (found.length === 0) return { secrets: 0, text: file.text };
  let text = file.text;
  for (let pass = 0; pass < 3; pass++) {
    const spans = pass === 0 ? found : secretsIn({ path: file.path, text });
    if (spans.length === 0) return { secrets: found.length, text: text.replaceAll(mark, url) };
    text = replaced(text, spans);
  }
  return { secrets: found.length, text: "" };
}

/** Stands for the URL while the text is looked at again: the URL's own password would be found. */
const mark = "<holdfast-session-url>";

function replaced(text: string, secrets: readonly { readonly start: number; readonly end: number }[]): string {
  const urls = [...text.matchAll(postgresUrl)].map(({ 0: whole, index }) => ({ start: index, end: index + whole.length }));
  const cuts = secrets.map(({ start, end }) => {
    const around = urls.find((each) => each.start <= start && end <= each.end);
    return around === undefined ? { start, end, by: placeholder } : { ...around, by: mark };
  });
  let out = "";
  let at = 0;
  for (const cut of cuts.sort((a, b) => a.start - b.start)) {
    if (cut.start < at) continue;
    out += text.slice(at, cut.start) + cut.by;
    at = cut.end;
  }
  return out + text.slice(at);
}
