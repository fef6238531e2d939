/**
 * The sandbox's way to the control socket: an agent may ask a person for rights through it, and nothing else of what the socket answers.
 * Whether an ask is good is the gateway's matter.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Door } from "./sandbox-door.ts";

/** As long as the gateway's own. */
const bodyBytesMax = 64 * 1024;
const passed = [
  { method: "POST", url: "/v1/asks" },
  { method: "GET", url: "/v1/asks" },
];

/** `socket` is the control socket outside. */
export async function openAskDoor(path: string, socket: string): Promise<Door> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 4_096 }, (asked, answer) => {
    answer.on("error", () => undefined);
    const { method = "", url = "" } = asked;
    if (passed.some((each) => each.method === method && each.url === url)) handOn(asked, answer, { socket, method, url });
    else refuse(answer, 403, "not_permitted", "a program in a sandbox may ask for rights here, and nothing else");
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
  { socket, method, url }: { socket: string; method: string; url: string },
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
    const sent = request({ socketPath: socket, method, path: url, headers, timeout: 10_000 }, (said) => {
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
