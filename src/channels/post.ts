/**
 * One POST to an address that a person configured: bounded in time and in what it reads, and it goes where it was told and nowhere else.
 * It follows no redirect, uses no proxy, and speaks clear text to this machine only.
 */
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { NotDelivered } from "./channel.ts";

const ANSWER_BYTES_MAX = 64 * 1024;
/** A receiver that asks for more is tried again after this. */
const RETRY_AFTER_MS_MAX = 5 * 60_000;

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The answer's body where its status is 2xx. Rejects with `NotDelivered`: what may pass can be tried again. */
export async function post({ url, headers, body, timeoutMs, signal }: Post): Promise<string> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let answer: { readonly response: IncomingMessage; readonly text: string };
  try {
    answer = await sent(url, { ...headers, "content-length": String(Buffer.byteLength(body)) }, body, ended);
  } catch (error) {
    if (error instanceof NotDelivered) throw error;
    const timedOut = ended.aborted && !signal.aborted;
    const { code } = error as NodeJS.ErrnoException;
    throw new NotDelivered(timedOut ? `no answer within ${timeoutMs} ms` : `the connection failed: ${code ?? "unknown cause"}`, {
      final: false,
    });
  }
  const { statusCode: status = 0 } = answer.response;
  if (status >= 200 && status < 300) return answer.text;
  const again = status === 408 || status === 425 || status === 429 || status >= 500;
  const moved = status >= 300 && status < 400 ? ", and no redirect is followed" : "";
  throw new NotDelivered(`it answered ${status}${moved}`, { final: !again, retryAfterMs: retryAfter(answer.response) });
}

function sent(url: URL, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal) {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise<{ response: IncomingMessage; text: string }>((resolve, reject) => {
    const sending = request(url, { method: "POST", headers, agent: false, signal }, (response) => {
      read(response).then((text) => resolve({ response, text }), reject);
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new NotDelivered("its answer is too long", { final: true });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Seconds alone: a date would need the receiver's clock. */
function retryAfter({ headers }: IncomingMessage): number | null {
  const text = headers["retry-after"] ?? "";
  return /^\d{1,6}$/.test(text) ? Math.min(Number(text) * 1_000, RETRY_AFTER_MS_MAX) : null;
}

/** The address, or why nothing is sent there. */
export function addressOf(text: string): URL | string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return "it is no URL";
  if (url.username !== "" || url.password !== "") return "it holds a name or a password";
  if (url.protocol === "https:") return url;
  if (url.protocol !== "http:") return "it is no `https` URL";
  return isLoopback(url.hostname) ? url : "clear text goes to this machine only: give an `https` URL";
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
