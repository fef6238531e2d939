/**
 * Finds the WHEN expression in the text of a CREATE TRIGGER: the server has no function that prints it alone.
 */
import { tokens } from "./tokens.ts";

/** The expression between the parentheses of `WHEN (...)`, or null when the trigger has none. */
export function triggerCondition(definition: string): string | null {
  const all = tokens(definition);
  const when = all.findIndex(
    (token, i) => token.kind === "word" && token.text === "when" && token.depth === 0 && all[i + 1]?.kind === "open",
  );
  if (when < 0) return null;
  const open = all[when + 1];
  const close = all.find((token, i) => i > when + 1 && token.kind === "close" && token.depth === 0);
  return open && close ? definition.slice(open.end, close.start).trim() : null;
}
