/**
 * A webhook: each change as JSON, signed as Standard Webhooks says (HMAC-SHA256 over `id.timestamp.body`), so that receivers need no
 * code of ours to hold it against the secret. It sends, and never receives.
 */
import { createHmac } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Environment } from "../model/principal.ts";
import { type Channel, NotDelivered } from "./channel.ts";
import type { News } from "./news.ts";
import { addressOf, post } from "./post.ts";

export interface WebhookOptions {
  readonly name: string;
  readonly environments: readonly Environment[] | null;
  readonly messagesPerMinuteMax: number;
  readonly timeoutMs: number;
  /** Read at each delivery and not kept; `undefined` where it is not to be had now. */
  readonly url: () => string | undefined;
  readonly secret: () => string | undefined;
  readonly clock: Clock;
}

export function webhook(options: WebhookOptions): Channel {
  const { name, environments, messagesPerMinuteMax, timeoutMs, clock } = options;
  return {
    name,
    environments,
    messagesPerMinuteMax,
    tellsPast: true,
    async deliver(news, _before, signal) {
      const secret = options.secret();
      const address = addressOf(options.url() ?? "");
      if (typeof address === "string") throw new NotDelivered(`its \`url\` is not used: ${address}`, { final: true });
      if (secret === undefined) throw new NotDelivered("its `secret` cannot be read", { final: true });
      // The same for every try of one state: a receiver that has seen it can leave it.
      const id = `${news.id}.${news.revision}`;
      const body = JSON.stringify(bodyOf(news));
      const seconds = Math.floor(clock.now() / 1_000);
      const headers = {
        "content-type": "application/json",
        "user-agent": "holdfast",
        "webhook-id": id,
        "webhook-timestamp": String(seconds),
        "webhook-signature": webhookSignature({ id, seconds, body }, secret),
      };
      await post({ url: address, headers, body, timeoutMs, signal });
      return undefined;
    },
  };
}

/** `v1,` and the MAC in base64. A secret that begins with `whsec_` is the base64 behind it; any other is its own bytes. */
export function webhookSignature(
  { id, seconds, body }: { readonly id: string; readonly seconds: number; readonly body: string },
  secret: string,
): string {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
  return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`;
}

function bodyOf({ kind, ...data }: News) {
  return { type: `${kind}.${data.state}`, data };
}
