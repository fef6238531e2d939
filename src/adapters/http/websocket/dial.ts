/**
 * The handshake with a provider: with a key of our own, without extensions. What it answers in place of a WebSocket is kept, within a
 * bound. It trusts nothing of the answer: `handshake.ts` says what a right one is.
 */
import type { Socket } from "node:net";
import type { RandomBytes } from "../../../base/ids.ts";
import { limits } from "../../../base/limits.ts";
import type { Place } from "../codec/authority.ts";
import type { HeaderPair } from "../codec/headers.ts";
import type { Upstream } from "../upstream.ts";
import { type AnswerSink, type SentRequest, UpstreamFailed } from "../upstream-port.ts";

export interface Dialling {
  readonly place: Place;
  readonly target: string;
  /** With the secrets in their places. */
  readonly headers: readonly HeaderPair[];
  readonly gone: AbortSignal;
}

export type Switched = {
  readonly kind: "switched";
  /** Paused, with what came already in front. */
  readonly socket: Socket;
  /** The key that was sent. */
  readonly key: string;
  readonly rawHeaders: readonly string[];
};

/** An answer that changes no protocol. */
export type Answered = {
  readonly kind: "answered";
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
};

/** Rejects with {@link UpstreamFailed}. */
export async function dial(
  { place, target, headers, gone }: Dialling,
  { upstream, random }: { readonly upstream: Pick<Upstream, "send">; readonly random: RandomBytes },
): Promise<Switched | Answered> {
  const key = Buffer.from(random(16)).toString("base64");
  const asked: readonly HeaderPair[] = [...headers, ["sec-websocket-version", "13"], ["sec-websocket-key", key]];
  let sent: SentRequest | undefined;
  const abort = (): void => sent?.abort("its client has gone");
  try {
    return await new Promise((resolve, reject) => {
      const outgoing = {
        scheme: "https",
        place,
        method: "GET",
        target,
        headers: asked,
        body: Buffer.alloc(0),
        upgrade: "websocket",
      } as const;
      void Promise.resolve(upstream.send(outgoing, false, answering(key, resolve, reject))).then((request) => {
        sent = request;
        gone.addEventListener("abort", abort);
        if (gone.aborted) abort();
      }, reject);
    });
  } finally {
    gone.removeEventListener("abort", abort);
  }
}

function answering(key: string, resolve: (answer: Switched | Answered) => void, reject: (error: UpstreamFailed) => void): AnswerSink {
  const pieces: Buffer[] = [];
  let head: Pick<Answered, "status" | "rawHeaders"> = { status: 502, rawHeaders: [] };
  let bytes = 0;
  return {
    informed: () => undefined,
    head: (status, rawHeaders) => {
      head = { status, rawHeaders };
    },
    data: (chunk) => {
      bytes += chunk.length;
      if (bytes <= limits.httpBodyBytesMax) pieces.push(chunk);
      else reject(new UpstreamFailed("it answered at length instead of opening a WebSocket", true));
      return true;
    },
    end: () => resolve({ kind: "answered", ...head, body: Buffer.concat(pieces) }),
    upgraded: (rawHeaders, socket, rest) => {
      socket.pause();
      if (rest.length > 0) socket.unshift(rest);
      resolve({ kind: "switched", socket: socket as Socket, key, rawHeaders });
    },
    failed: reject,
  };
}
