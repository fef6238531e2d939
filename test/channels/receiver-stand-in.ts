/**
 * Stands in for Slack's web API, an incoming webhook and a webhook's receiver: a real HTTP server on loopback that keeps what it got and
 * answers as it is told. It knows as much of Slack as the documentation says of these three methods.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import assert from "node:assert/strict";

export interface Got {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ReceiverStandIn {
  readonly url: string;
  readonly got: Got[];
  /** Answers of the next requests, in order; afterwards each gets what `ordinary` says. */
  readonly answers: ((response: ServerResponse) => void)[];
  /** Resolves when so many requests have come. */
  readonly arrived: (count: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openReceiver(): Promise<ReceiverStandIn> {
  const got: Got[] = [];
  const answers: ((response: ServerResponse) => void)[] = [];
  let messages = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      got.push({ path: request.url ?? "", headers: request.headers, body });
      const next = answers.shift();
      if (next !== undefined) return next(response);
      response.writeHead(200, { "content-type": "application/json" });
      if (request.url === "/api/chat.postMessage") return response.end(JSON.stringify({ ok: true, channel: "C1", ts: `17.${++messages}` }));
      if (request.url === "/api/chat.update") {
        const { ts } = JSON.parse(body) as { ts: string };
        return response.end(JSON.stringify({ ok: true, channel: "C1", ts }));
      }
      response.end("ok");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    answers,
    arrived: async (count) => {
      for (let tries = 0; tries < 800; tries++) {
        if (got.length >= count) return;
        await delay(10);
      }
      assert.fail(`${count} requests never came: ${got.length} did`);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
