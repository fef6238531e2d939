/**
 * One open stream of server-sent events: written while the reader keeps up and the login holds, cut off otherwise.
 * It does not know what is told.
 */
import type { ServerResponse } from "node:http";
import { ControlRefusal } from "../parts.ts";
import type { EventSink } from "./route.ts";

/** What may wait for a slow reader: beyond it the stream is closed, and the page asks for everything anew. */
const bytesWaitingMax = 1024 * 1024;
const heartbeatMs = 15_000;

/** A page has one; somebody with many tabs has a few. Each costs a comparison a second. */
const perLoginMax = 8;
const streamsMax = 64;

/** How many are open, of whom. */
export class Streams {
  readonly #open = new Map<string, number>();

  /** Rejects with {@link ControlRefusal} when there are too many; otherwise one more is open until what it returns is called. */
  enter(login: string): () => void {
    const own = this.#open.get(login) ?? 0;
    const all = [...this.#open.values()].reduce((sum, each) => sum + each, 0);
    if (own >= perLoginMax || all >= streamsMax) throw new ControlRefusal("too_many", "too many pages listen already", "close some");
    this.#open.set(login, own + 1);
    return () => {
      const left = (this.#open.get(login) ?? 1) - 1;
      if (left === 0) this.#open.delete(login);
      else this.#open.set(login, left);
    };
  }
}

export function streamTo(response: ServerResponse, begin: (sink: EventSink) => () => void, over: AbortSignal): void {
  response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
  const write = (text: string): void => {
    if (response.writableEnded || response.destroyed) return;
    if (response.writableLength > bytesWaitingMax) return void response.destroy();
    response.write(text);
  };
  // Asks browsers to come again soon after a restart of the gateway.
  write("retry: 1000\n\n");
  const letGo = begin({ send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`) });
  const beat = setInterval(() => write(": here\n\n"), heartbeatMs);
  const end = (): void => {
    clearInterval(beat);
    response.end();
  };
  over.addEventListener("abort", end, { once: true });
  response.once("close", () => {
    over.removeEventListener("abort", end);
    clearInterval(beat);
    letGo();
  });
  if (over.aborted || response.destroyed) end();
}
