/**
 * A word to whoever clicked, that nobody else in the room sees. It goes to Slack, or to the compatible API of the configuration, and
 * nowhere else that a payload might name.
 */
import { NotDelivered } from "./channel.ts";
import { addressOf, post } from "./post.ts";
import { shownText, slackEscaped } from "./shown-text.ts";

/** Rejects with `NotDelivered`. `api` is the configured one; empty where there is none. */
export async function sayTo(
  answerTo: string,
  words: string,
  api: string,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const url = addressOf(answerTo);
  if (typeof url === "string" || !isSlack(url, api)) throw new NotDelivered("the click names no address of Slack's", { final: true });
  const body = JSON.stringify({ response_type: "ephemeral", replace_original: false, text: slackEscaped(shownText(words, 1_000)) });
  await post({ url, headers: { "content-type": "application/json; charset=utf-8" }, body, timeoutMs, signal });
}

function isSlack(url: URL, api: string): boolean {
  if (url.protocol === "https:" && (url.hostname === "slack.com" || url.hostname.endsWith(".slack.com"))) return true;
  return URL.canParse(api) && new URL(api).origin === url.origin;
}
