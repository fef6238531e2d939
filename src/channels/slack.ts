/**
 * A Slack-compatible channel: a bot's token, with which a message is changed when its approval is; or an incoming webhook's address, which
 * can only send another. It receives nothing: clicks come in through `slack-click.ts`.
 */
import type { Environment } from "../model/principal.ts";
import { type Channel, NotDelivered } from "./channel.ts";
import type { News } from "./news.ts";
import { addressOf, post } from "./post.ts";
import { type SlackOffers, slackMessage } from "./slack-message.ts";

/** Secrets are read at each delivery and not kept; `undefined` where they are not to be had now. */
export type SlackWay =
  | { readonly kind: "token"; readonly token: () => string | undefined; readonly api: string; readonly room: string }
  | { readonly kind: "incoming_webhook"; readonly url: () => string | undefined };

export interface SlackOptions {
  readonly name: string;
  readonly environments: readonly Environment[] | null;
  readonly messagesPerMinuteMax: number;
  readonly timeoutMs: number;
  readonly way: SlackWay;
  readonly offers: SlackOffers;
}

export function slack(options: SlackOptions): Channel {
  const { name, environments, messagesPerMinuteMax, way } = options;
  const shared = { name, environments, messagesPerMinuteMax, tellsPast: false };
  if (way.kind === "token") return { ...shared, deliver: (...of) => byToken(options, way, ...of) };
  return { ...shared, deliver: (news, _before, signal) => byWebhook(options, way, news, signal) };
}

const JSON_TYPE = "application/json; charset=utf-8";
/** Names in a message call nobody and open nothing. */
const QUIET = { link_names: false, parse: "none", unfurl_links: false, unfurl_media: false } as const;

async function byWebhook(
  { timeoutMs, offers }: SlackOptions,
  way: Extract<SlackWay, { kind: "incoming_webhook" }>,
  news: News,
  signal: AbortSignal,
): Promise<undefined> {
  const url = usable(way.url(), "url");
  const body = JSON.stringify({ ...slackMessage(news, offers), ...QUIET });
  await post({ url, headers: { "content-type": JSON_TYPE }, body, timeoutMs, signal });
}

/** The message's place, `room time`, is what a later change needs. */
async function byToken(
  { timeoutMs, offers }: SlackOptions,
  way: Extract<SlackWay, { kind: "token" }>,
  news: News,
  before: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const token = way.token();
  if (token === undefined) throw new NotDelivered("its `token` cannot be read", { final: true });
  const [room = way.room, ts] = before?.split(" ") ?? [];
  const method = ts === undefined ? "chat.postMessage" : "chat.update";
  const message = { ...slackMessage(news, offers), ...QUIET, channel: room, ...(ts === undefined ? {} : { ts }) };
  const headers = { "content-type": JSON_TYPE, authorization: `Bearer ${token}` };
  const url = usable(`${way.api.replace(/\/$/, "")}/${method}`, "api");
  const answer = answered(await post({ url, headers, body: JSON.stringify(message), timeoutMs, signal }));
  if (answer.ok !== true)
    throw new NotDelivered(`${method} was refused: \`${answer.error ?? "no cause given"}\``, { final: !passing(answer.error) });
  if (!isText(answer.channel) || !isText(answer.ts)) throw new NotDelivered(`${method} gave no message`, { final: true });
  return `${answer.channel} ${answer.ts}`;
}

function passing(error: string | undefined): boolean {
  return error === "ratelimited" || error === "internal_error" || error === "service_unavailable" || error === "fatal_error";
}

interface SlackAnswer {
  readonly ok?: unknown;
  readonly error?: string;
  readonly channel?: unknown;
  readonly ts?: unknown;
}

function answered(text: string): SlackAnswer {
  try {
    const { ok, error, channel, ts } = JSON.parse(text) as Record<string, unknown>;
    return { ok, channel, ts, ...(typeof error === "string" ? { error: error.slice(0, 60).replace(/[^\w.-]/g, "?") } : {}) };
  } catch {
    throw new NotDelivered("it answered something that is not JSON", { final: true });
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && /^[\w.-]{1,64}$/.test(value);
}

function usable(text: string | undefined, field: string): URL {
  const found = addressOf(text ?? "");
  if (typeof found === "string") throw new NotDelivered(`its \`${field}\` is not used: ${found}`, { final: true });
  return found;
}
