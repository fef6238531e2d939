/**
 * The other end of the control socket: asks a running gateway, and holds a session open for `holdfast run`.
 * It signs nothing and trusts no answer further than its shape: another program may have put its own socket there.
 */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { type GatewayStatus, type OpenedSession, statusPath } from "./contract.ts";

/** No gateway listens on this socket (none is running, or it belongs to another account). `cause` is the system's code. */
export class NoGateway extends Error {
  override readonly name = "NoGateway";
  readonly code: string;

  constructor(socketPath: string, code: string) {
    super(`no gateway answers on \`${socketPath}\`: ${code}`);
    this.code = code;
  }
}

/** The gateway said no. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: string;
  readonly next: string | undefined;

  constructor(code: string, message: string, next: string | undefined) {
    super(message);
    this.code = code;
    this.next = next;
  }
}

/** The status of 10,000 sessions is about 3 MB; more than this is no status. */
const answerBytesMax = 16 * 1024 * 1024;
const answerMsMax = 5_000;
/** A grant and the end of a session wait for the server. */
const slowAnswerMsMax = 60_000;

export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** How long the answer may take, in milliseconds, where it is longer than most. */
  readonly answerMsMax?: number;
  /** Of a person's signature. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Rejects with {@link NoGateway} when nobody listens, and with an Error when the answer is none of ours. */
export async function readStatus(socketPath: string): Promise<GatewayStatus> {
  return (await callControl(socketPath, { method: "GET", path: statusPath })) as GatewayStatus;
}

/** The answer's JSON. Rejects with {@link Refused} when the gateway says no, and as `readStatus` does. */
export async function callControl(socketPath: string, call: Call): Promise<unknown> {
  const sent = send(socketPath, call, call.answerMsMax ?? (call.method === "GET" ? answerMsMax : slowAnswerMsMax));
  const response = await responded(sent, socketPath);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error("the gateway's answer is too long");
    chunks.push(chunk);
  }
  return parsed(response, Buffer.concat(chunks).toString("utf8"));
}

export interface HeldSession {
  readonly opened: OpenedSession;
  /** Resolves when the gateway has ended it, or is gone; with the reason where it gave one. */
  readonly ended: Promise<string>;
  /** Ends the session. */
  readonly letGo: () => void;
}

/** Opens a session that lasts as long as this process holds it. Rejects as `callControl` does. */
export async function holdSession(socketPath: string, body: unknown): Promise<HeldSession> {
  const { value, last, letGo } = await held(socketPath, { method: "POST", path: "/v1/sessions", body });
  const ended = last.then((line) => (line === undefined ? "the gateway is gone" : String((line as { ended?: unknown }).ended ?? "")));
  return { opened: value as OpenedSession, ended, letGo };
}

export interface HeldAnswer {
  readonly value: unknown;
  /** Resolves with what the gateway says at the end; with `undefined` when it is gone, or was let go. */
  readonly last: Promise<unknown>;
  readonly letGo: () => void;
}

/** An answer that stays open after its first line. Rejects as `callControl` does. */
export async function held(socketPath: string, call: Call): Promise<HeldAnswer> {
  const sent = send(socketPath, call, slowAnswerMsMax);
  const response = await responded(sent, socketPath);
  sent.setTimeout(0);
  const lines = linesOf(response);
  const first = await lines.next();
  const value = parsed(response, first.done === true ? "" : first.value);
  const last = async (): Promise<unknown> => {
    try {
      const line = await lines.next();
      return line.done === true ? undefined : (JSON.parse(line.value) as unknown);
    } catch {
      return undefined;
    }
  };
  return { value, last: last(), letGo: () => void sent.destroy() };
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    if (text.length > answerBytesMax) throw new Error("the gateway's answer is too long");
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
  if (text !== "") yield text;
}

function send(socketPath: string, { method, path, body, headers = {} }: Call, timeout: number): ClientRequest {
  const text = body === undefined ? "" : JSON.stringify(body);
  const length = { "content-length": String(Buffer.byteLength(text)) };
  const sent = request({ socketPath, path, method, timeout, headers: { ...headers, ...length } });
  sent.on("timeout", () => sent.destroy(new Error(`the gateway did not answer within ${timeout / 1000} seconds`)));
  sent.end(text);
  return sent;
}

function responded(sent: ClientRequest, socketPath: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on("response", resolve);
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const absent = error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "EACCES";
      reject(absent ? new NoGateway(socketPath, error.code ?? "") : error);
    });
  });
}

function parsed({ statusCode = 0 }: IncomingMessage, text: string): unknown {
  let value: unknown;
  try {
    value = text === "" ? undefined : JSON.parse(text);
  } catch {
    throw new Error(`the gateway answered ${statusCode} with something that is not JSON`);
  }
  if (statusCode >= 200 && statusCode < 300 && value !== undefined) return value;
  const { code, message, next } = (value as { error?: { code?: string; message?: string; next?: string } } | undefined)?.error ?? {};
  throw new Refused(code ?? "internal", message ?? `the gateway answered ${statusCode}`, next);
}
