/**
 * Names that come from databases and agents, made fit for a message: nothing in them moves the text, calls anybody, or hides.
 * It does not mask secrets: what may be one is not in the news.
 */
import { unseen } from "../base/unseen.ts";

/** Characters that cannot be seen and those that turn the direction of writing become visible; cut at `charactersMax` with a mark. */
export function shownText(text: string, charactersMax = 120): string {
  const visible = text.replace(unseen, (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
  return [...visible].length <= charactersMax ? visible : `${[...visible].slice(0, charactersMax - 1).join("")}…`;
}

/** The three characters that Slack's own markup begins with, as its documentation has them escaped. */
export function slackEscaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
