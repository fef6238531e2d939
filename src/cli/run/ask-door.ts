/**
 * The sandbox's way to the control socket: an agent may ask a person through it, for rights and about plans, and have a plan applied that
 * persons agreed to; nothing else of what the socket answers. Whether an ask is good is the gateway's matter.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { limits } from "../../base/limits.ts";
import type { Door } from "./sandbox-door.ts";

interface Passed {
  readonly method: string;
  readonly url: string;
  /** As long as the gateway's own. */
  readonly bodyBytesMax: number;
  readonly answerMsMax: number;
}

const quick = { bodyBytesMax: 64 * 1024, answerMsMax: 10_000 };
/** A trial waits for the server, and what is applied may take as long as a migration does. */
const slow = { bodyBytesMax: limits.planFileBytesMax, answerMsMax: 24 * 3_600_000 };
const passed: readonly Passed[] = [
  { method: "POST", url: "/v1/asks", ...quick },
  { method: "GET", url: "/v1/asks", ...quick },
  { method: "POST", url: "/v1/plans", ...slow },
  { method: "POST", url: "/v1/plans/apply", ...slow },
];

/** `socket` is the control socket outside. */
export async function openAskDoor(path: string, socket: string): Promise<Door> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 4_096 }, (asked, answer) => {
    answer.on("error", () => undefined);
    const { method = "", url = "" } = asked;
    const known = passed.find((each) => each.method === method && each.url === url);
    if (known !== undefined) handOn(asked, answer, { socket, ...known });
    else refuse(answer, 403, "not_permitted", "a program in a sandbox may ask a person here, and nothing else");
  });
  server.maxConnections = 32;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
  server.on("error", () => undefined);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Headers are not handed on: a person's signature has nothing to do here. */
function handOn(
  asked: IncomingMessage,
  answer: ServerResponse,
  { socket, method, url, bodyBytesMax, answerMsMax }: Passed & { readonly socket: string },
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  asked.on("error", () => undefined);
  asked.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) {
      refuse(answer, 413, "too_large", `a body has at most ${bodyBytesMax} bytes`);
      asked.destroy();
    } else chunks.push(chunk);
  });
  asked.on("end", () => {
    const body = Buffer.concat(chunks);
    const headers = { "content-type": "application/json", "content-length": body.length };
    const sent = request({ socketPath: socket, method, path: url, headers, timeout: answerMsMax }, (said) => {
      answer.writeHead(said.statusCode ?? 502, { "content-type": "application/json" });
      said.pipe(answer);
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => refuse(answer, 502, "unavailable", "the gateway does not answer"));
    sent.end(body);
  });
}

function refuse(answer: ServerResponse, status: number, code: string, message: string): void {
  if (answer.headersSent) return void answer.destroy();
  answer.writeHead(status, { "content-type": "application/json" });
  answer.end(JSON.stringify({ error: { code, message } }));
}
