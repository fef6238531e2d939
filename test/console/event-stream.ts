/**
 * The reading side of the console's stream of events, as a browser's EventSource would be.
 * It tests nothing itself.
 */
import { type IncomingMessage, request } from "node:http";
import type { Page } from "./client.ts";

export interface Stream {
  readonly type: string | undefined;
  /** The next event of the name; what comes before it is passed over. */
  readonly next: (event: string) => Promise<unknown>;
  readonly ended: Promise<void>;
  /** Stops reading, so that the server's side fills. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly close: () => void;
}

/** Opens it as our own page does, with the login of `page`. */
export function openStream(origin: string, page: Page): Promise<Stream> {
  const { port, host } = new URL(origin);
  return new Promise((resolve, reject) => {
    const headers = { host, cookie: page.cookie, "sec-fetch-site": "same-origin" };
    const asked = request({ host: "127.0.0.1", port, path: "/api/events", agent: false, headers }, (response) =>
      resolve(streamOf(response)),
    );
    asked.once("error", reject);
    asked.end();
  });
}

function streamOf(response: IncomingMessage): Stream {
  let text = "";
  const waiting: (() => void)[] = [];
  const wake = (): void => waiting.splice(0).forEach((go) => go());
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    text += chunk;
    wake();
  });
  let over = false;
  const ended = new Promise<void>((resolve) => response.once("close", () => resolve()));
  void ended.then(() => {
    over = true;
    wake();
  });
  response.on("error", () => undefined);
  const next = async (event: string): Promise<unknown> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end < 0) {
        if (over) throw new Error(`the stream ended before \`${event}\``);
        await new Promise<void>((resolve) => waiting.push(resolve));
        continue;
      }
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      if (lines[0] === `event: ${event}`) return JSON.parse(lines[1]?.slice("data: ".length) ?? "null");
    }
  };
  return {
    type: response.headers["content-type"],
    next,
    ended,
    pause: () => response.pause(),
    resume: () => response.resume(),
    close: () => response.destroy(),
  };
}
