/**
 * What a channel is: it delivers one piece of news, once a call, and says where it failed whether another try could help.
 * It queues nothing; the outbox does.
 */
import type { Environment } from "../model/principal.ts";
import type { News } from "./news.ts";

export interface Channel {
  readonly name: string;
  /** Whose news it gets; `null` is everybody's. */
  readonly environments: readonly Environment[] | null;
  /** News of one session in a minute; what is more waits, and only its newest state is told then. */
  readonly messagesPerMinuteMax: number;
  /** Whether what is over already is told when nothing was told of it before: a program keeps books, a person has enough to read. */
  readonly tellsPast: boolean;
  /**
   * `before` is what the delivery before about the same thing resolved with: the message to be changed instead of another sent. Rejects
   * with {@link NotDelivered}.
   */
  deliver(news: News, before: string | undefined, signal: AbortSignal): Promise<string | undefined>;
}

/** The message names the cause and never an address, which may be a secret itself. */
export class NotDelivered extends Error {
  override readonly name = "NotDelivered";
  /** Trying again cannot help. */
  readonly final: boolean;
  /** What the other side asked for; `null` where it asked for nothing. */
  readonly retryAfterMs: number | null;

  constructor(message: string, options: { readonly final: boolean; readonly retryAfterMs?: number | null }) {
    super(message);
    this.final = options.final;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
