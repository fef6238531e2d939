/**
 * `POST /hooks/slack`: where clicks in chat come in. No login and no cookie: each request is signed, which whoever takes it holds against
 * the secret. The answer goes out before anything is done.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { ControlRefusal } from "../parts.ts";

export const hookPath = "/hooks/slack";

/** `after` is begun when the answer is out; it never rejects. */
export type Hook = (request: { readonly headers: IncomingMessage["headers"]; readonly body: Uint8Array }) => {
  readonly status: number;
  readonly after?: () => Promise<void>;
};

const BODY_BYTES_MAX = 64 * 1024;

export async function answerHook(request: IncomingMessage, response: ServerResponse, hook: Hook | undefined): Promise<void> {
  if (hook === undefined || request.method !== "POST") throw new ControlRefusal("not_found", "there is nothing at this path");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new ControlRefusal("too_large", `a body has at most ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const { status, after } = hook({ headers: request.headers, body: Buffer.concat(chunks) });
  response.writeHead(status, { "content-length": 0 });
  response.end();
  await after?.();
}
