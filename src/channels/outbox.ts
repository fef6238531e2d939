/**
 * The outbox of one channel: what is to be told, its newest state only, tried again with growing pauses, so many a minute and session.
 * Nobody ever waits for it, and what it cannot tell it says to the operator. Nothing of it outlives the process.
 */
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import { type Channel, NotDelivered } from "./channel.ts";
import { type News, stands } from "./news.ts";

export interface OutboxOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  /** The pause after the first failure; each later one is twice as long, a minute at most. */
  readonly firstPauseMs?: number;
}

const TRIES_MAX = 6;
const PAUSE_MS_MAX = 60_000;
const WAITING_MAX = 500;
const REMEMBERED_MAX = 2_000;
const MINUTE_MS = 60_000;

interface Entry {
  readonly news: News;
  readonly tries: number;
  readonly dueMs: number;
}

export class Outbox {
  readonly #channel: Channel;
  readonly #options: Required<OutboxOptions>;
  readonly #waiting = new Map<string, Entry>();
  /** Of each thing that was told: how to change the message. */
  readonly #told = new Map<string, string | undefined>();
  /** When news of each session went out, within the last minute. */
  readonly #sent = new Map<string, number[]>();
  readonly #ended = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #delivering: Promise<void> | undefined;

  constructor(channel: Channel, options: OutboxOptions) {
    this.#channel = channel;
    this.#options = { firstPauseMs: 1_000, ...options };
  }

  /** Returns at once. What was waiting about the same thing is replaced. */
  tell(news: News): void {
    const { environments, tellsPast } = this.#channel;
    if (this.#ended.signal.aborted || environments?.includes(news.environment) === false) return;
    const waiting = this.#waiting.get(news.id);
    if (waiting !== undefined && waiting.news.revision > news.revision) return;
    if (!tellsPast && !stands(news) && !this.#told.has(news.id) && news.kind === "approval") {
      // Nobody has seen the question: its answer would only be more to read.
      if (this.#flying !== news.id) return void this.#waiting.delete(news.id);
    }
    if (waiting === undefined && this.#waiting.size >= WAITING_MAX)
      return this.#options.warn(`channel \`${this.#channel.name}\`: too much waits to be told, and one message is left out`);
    this.#waiting.set(news.id, { news, tries: 0, dueMs: waiting?.dueMs ?? 0 });
    this.#go();
  }

  /** Ends what is under way; says what was not told. */
  async close(): Promise<void> {
    this.#ended.abort();
    clearTimeout(this.#timer);
    await this.#delivering;
    if (this.#waiting.size > 0) this.#options.warn(`channel \`${this.#channel.name}\`: ${this.#waiting.size} messages were not sent`);
  }

  #flying: string | undefined;

  #go(): void {
    if (this.#delivering !== undefined || this.#ended.signal.aborted) return;
    const now = this.#options.clock.monotonic();
    let earliest = Infinity;
    for (const [id, entry] of this.#waiting) {
      const dueMs = Math.max(entry.dueMs, this.#roomAt(entry.news, now));
      if (dueMs > now) {
        earliest = Math.min(earliest, dueMs);
        continue;
      }
      this.#waiting.delete(id);
      this.#flying = id;
      this.#delivering = this.#deliver(entry).finally(() => {
        this.#delivering = undefined;
        this.#flying = undefined;
        this.#go();
      });
      return;
    }
    clearTimeout(this.#timer);
    if (earliest < Infinity) this.#timer = setTimeout(() => this.#go(), Math.max(1, Math.ceil(earliest - now))).unref();
  }

  async #deliver(entry: Entry): Promise<void> {
    const { news } = entry;
    const { clock } = this.#options;
    this.#count(news, clock.monotonic());
    try {
      const reference = await this.#channel.deliver(news, this.#told.get(news.id), this.#ended.signal);
      this.#told.set(news.id, reference ?? this.#told.get(news.id));
      const [oldest] = this.#told.keys();
      if (this.#told.size > REMEMBERED_MAX && oldest !== undefined) this.#told.delete(oldest);
    } catch (error) {
      this.#failed(entry, error);
    }
  }

  #failed({ news, tries }: Entry, error: unknown): void {
    const { name } = this.#channel;
    const { clock, warn } = this.#options;
    const failure = error instanceof NotDelivered ? error : undefined;
    const message = failure?.message ?? "a defect of Holdfast";
    const newer = this.#waiting.get(news.id);
    if (newer === undefined && this.#ended.signal.aborted) return void this.#waiting.set(news.id, { news, tries, dueMs: 0 });
    if (failure?.final !== false || tries + 1 >= TRIES_MAX) {
      if (newer === undefined) warn(`channel \`${name}\`: \`${news.id}\` was not told after ${tries + 1} tries: ${message}`);
      return;
    }
    const dueMs = clock.monotonic() + Math.max(this.#pause(tries), failure.retryAfterMs ?? 0);
    this.#waiting.set(news.id, newer === undefined ? { news, tries: tries + 1, dueMs } : { ...newer, dueMs });
  }

  /** Full jitter over the upper half: tries of many gateways do not fall together, and never right after one another. */
  #pause(tries: number): number {
    const whole = Math.min(PAUSE_MS_MAX, this.#options.firstPauseMs * 2 ** tries);
    const [chance = 0] = this.#options.random(1);
    return whole / 2 + (whole / 2) * (chance / 255);
  }

  /** When the session's minute has room again. What ends a thing that was told is never kept back. */
  #roomAt(news: News, nowMs: number): number {
    if (news.kind !== "approval" || (!stands(news) && this.#told.has(news.id))) return 0;
    const sent = (this.#sent.get(sessionOf(news)) ?? []).filter((at) => at > nowMs - MINUTE_MS);
    const oldest = sent[sent.length - this.#channel.messagesPerMinuteMax];
    return oldest === undefined ? 0 : oldest + MINUTE_MS;
  }

  #count(news: News, nowMs: number): void {
    const session = sessionOf(news);
    const sent = (this.#sent.get(session) ?? []).filter((at) => at > nowMs - MINUTE_MS);
    this.#sent.delete(session);
    this.#sent.set(session, [...sent, nowMs]);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > REMEMBERED_MAX && oldest !== undefined) this.#sent.delete(oldest);
  }
}

function sessionOf({ run, target, principal }: News): string {
  return run === "" ? `${target} ${principal}` : run;
}
