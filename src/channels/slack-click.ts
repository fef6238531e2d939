/**
 * A click in a Slack message, from the raw request to what it means: signed by Slack, of now, not seen before, by a member whom the
 * configuration says is a person of ours. It answers at once and leaves the work to be done after; it decides nothing.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { agreeAction, denyAction } from "./slack-message.ts";

/** As it came: names of headers in lower case, the body before anything reads it. */
export interface HookRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** To be sent at once: Slack waits 3 seconds. `after` is the work, to be begun when the answer is out; it never rejects. */
export interface HookAnswer {
  readonly status: 200 | 400 | 401 | 413;
  readonly after?: () => Promise<void>;
}

/** One Slack workspace's clicks. */
export interface ClickSource {
  readonly name: string;
  readonly signingSecret: () => string | undefined;
  /** Persons by their Slack member id: names in Slack are anybody's to choose. */
  readonly people: ReadonlyMap<string, string>;
}

export interface Click {
  /** The channel's name in the configuration. */
  readonly source: string;
  /** `undefined`: the member stands for nobody here. */
  readonly person: string | undefined;
  readonly wants: "deny" | "agree";
  readonly approval: string;
  /** Of what the message showed. */
  readonly planDigest: string;
  /** Where a word goes that only who clicked sees. */
  readonly answerTo: string;
}

const BODY_BYTES_MAX = 64 * 1024;
/** Slack's own recommendation. */
const AGE_SECONDS_MAX = 5 * 60;
const SEEN_MAX = 1_000;

export class SlackClicks {
  readonly #sources: readonly ClickSource[];
  readonly #clock: Clock;
  readonly #clicked: (click: Click) => Promise<void>;
  /** Of clicks within the last minutes: one that comes again, by Slack's retry or by somebody's replay, is answered and not done again. */
  readonly #seen = new Map<string, number>();

  /** `clicked` does what was wanted; what it throws is its own to tell. */
  constructor(sources: readonly ClickSource[], clock: Clock, clicked: (click: Click) => Promise<void>) {
    this.#sources = sources;
    this.#clock = clock;
    this.#clicked = clicked;
  }

  answer({ headers, body }: HookRequest): HookAnswer {
    if (body.byteLength > BODY_BYTES_MAX) return { status: 413 };
    const nowSeconds = Math.floor(this.#clock.now() / 1_000);
    const { "x-slack-request-timestamp": timestamp, "x-slack-signature": signature } = headers;
    if (typeof timestamp !== "string" || typeof signature !== "string" || !/^\d{1,12}$/.test(timestamp)) return { status: 401 };
    if (Math.abs(nowSeconds - Number(timestamp)) > AGE_SECONDS_MAX) return { status: 401 };
    const source = this.#sources.find((each) => signed(each.signingSecret(), timestamp, body, signature));
    if (source === undefined) return { status: 401 };
    const payload = payloadOf(body);
    if (payload === undefined) return { status: 400 };
    if (this.#again(keyOf(payload, body), nowSeconds)) return { status: 200 };
    const click = clickOf(source, payload);
    // Another kind of interaction, such as the button that only opens the console.
    if (click === undefined) return { status: 200 };
    return { status: 200, after: () => this.#clicked(click).catch(() => undefined) };
  }

  #again(key: string, nowSeconds: number): boolean {
    for (const [seen, at] of this.#seen) {
      if (at >= nowSeconds - 2 * AGE_SECONDS_MAX && this.#seen.size < SEEN_MAX) break;
      this.#seen.delete(seen);
    }
    if (this.#seen.has(key)) return true;
    this.#seen.set(key, nowSeconds);
    return false;
  }
}

/** `v0=` and the MAC in hexadecimal over `v0:{timestamp}:{raw body}`. */
export function slackSignature(secret: string, timestamp: string, body: Uint8Array): string {
  return `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:`).update(body).digest("hex")}`;
}

function signed(secret: string | undefined, timestamp: string, body: Uint8Array, signature: string): boolean {
  if (secret === undefined || secret === "") return false;
  const due = Buffer.from(slackSignature(secret, timestamp, body));
  const given = Buffer.from(signature);
  return due.length === given.length && timingSafeEqual(due, given);
}

type Payload = Readonly<Record<string, unknown>>;

function payloadOf(body: Uint8Array): Payload | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const value: unknown = JSON.parse(new URLSearchParams(text).get("payload") ?? "");
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A retry has the same trigger; without one the bytes stand for themselves. */
function keyOf({ trigger_id: trigger }: Payload, body: Uint8Array): string {
  return typeof trigger === "string" && trigger !== "" ? `t ${trigger}` : `b ${createHash("sha256").update(body).digest("hex")}`;
}

function clickOf(source: ClickSource, { type, user, actions, response_url: answerTo }: Payload): Click | undefined {
  const [action] = Array.isArray(actions) ? (actions as readonly unknown[]) : [];
  if (type !== "block_actions" || !isObject(user) || !isObject(action)) return undefined;
  const wants = action["action_id"] === denyAction ? "deny" : action["action_id"] === agreeAction ? "agree" : undefined;
  const named = buttonValue(action["value"]);
  const member = user["id"];
  if (wants === undefined || named === undefined || typeof member !== "string") return undefined;
  return {
    source: source.name,
    person: source.people.get(member),
    wants,
    ...named,
    answerTo: typeof answerTo === "string" ? answerTo : "",
  };
}

function buttonValue(text: unknown): Pick<Click, "approval" | "planDigest"> | undefined {
  try {
    const { approval, planDigest } = JSON.parse(typeof text === "string" ? text : "") as Record<string, unknown>;
    return typeof approval === "string" && typeof planDigest === "string" ? { approval, planDigest } : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Payload {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
