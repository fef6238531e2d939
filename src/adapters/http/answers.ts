/**
 * Answers of Holdfast's own: a status, a body that programs can read, and headers that say the same for every provider.
 * They quote nothing of the request, and never a rule.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { Reason } from "../../model/decision.ts";
import type { ReasonCode } from "../../model/codes.ts";
import type { RefusalForm } from "../../model/refusal-form.ts";
import { grpcStatus, isGrpc } from "./grpc.ts";
import { type AskedAs, formed, formFor, ownError } from "./refusal-form.ts";

export type ClientRequest = IncomingMessage | Http2ServerRequest;
export type ClientResponse = ServerResponse | Http2ServerResponse;

export interface OwnAnswer {
  readonly status: number;
  readonly decision: "deny" | "hold" | "none";
  readonly reason: Reason;
  readonly headers?: Readonly<Record<string, string>>;
  /** In which the provider's clients read it. */
  readonly form?: RefusalForm;
  /** It was a call of gRPC. */
  readonly grpc?: true;
  /** What the client still sends is not waited for. */
  readonly close?: boolean;
}

/** JSON of a provider's protocol, in the provider's place. */
export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

const statuses: Partial<Record<ReasonCode, number>> = {
  too_large: 413,
  rate_limit: 429,
  too_many_at_once: 429,
  budget_exhausted: 429,
  record_unavailable: 503,
  analysis_unavailable: 503,
  internal: 500,
  host_not_reachable: 502,
  outcome_unknown: 502,
  protocol_refused: 400,
  time_limit: 504,
};

export function refusalAnswer(reason: Reason, more: Partial<OwnAnswer> = {}): OwnAnswer {
  return { status: statuses[reason.code] ?? 403, decision: "deny", reason, ...more };
}

export function protocolRefused(message: string, status = 400): OwnAnswer {
  return { status, decision: "deny", reason: { code: "protocol_refused", message }, close: true };
}

/** As the provider's clients read errors, where its pack says how. */
export function inForm(answer: OwnAnswer, forms: readonly RefusalForm[] | undefined, asked: AskedAs): OwnAnswer {
  if (isGrpc(asked.header("content-type"))) return { ...answer, grpc: true };
  const form = forms === undefined ? undefined : formFor(forms, asked);
  if (form === undefined) return answer;
  // What never reached the provider may be asked again.
  const status = answer.reason.code === "host_not_reachable" ? answer.status : (form.status ?? answer.status);
  return { ...answer, form, status };
}

export function writeAnswer(response: ClientResponse, answer: OwnAnswer): void {
  const { status, decision, reason, headers = {}, close, form } = answer;
  if (response.headersSent) return void response.destroy();
  if (answer.grpc === true) return writeStatus(response, answer);
  const plain = { type: "application/json", headers: {}, body: Buffer.from(`${JSON.stringify({ error: ownError(reason) })}\n`) };
  const told = { reason, status, approval: headers["holdfast-approval"] };
  const { type, headers: more, body } = form === undefined ? plain : formed(form, told);
  const own: Record<string, string | number> = {
    "content-type": type,
    "content-length": body.length,
    "cache-control": "no-store",
    "holdfast-decision": decision,
    "holdfast-reason": reason.code,
    ...more,
    ...headers,
  };
  if (close === true && isHttp1(response)) own["connection"] = "close";
  const write = response as ServerResponse;
  write.writeHead(status, own);
  write.end(body);
}

/** A call of gRPC is answered by its status: in a head that is all of the answer. */
function writeStatus(response: ClientResponse, { decision, reason, headers = {} }: OwnAnswer): void {
  const own = { ...grpcStatus(reason), "holdfast-decision": decision, "holdfast-reason": reason.code, ...headers };
  if (isHttp1(response)) return void response.writeHead(200, own).end();
  const { stream } = response;
  stream.respond({ ":status": 200, ...own }, { endStream: true });
  // RFC 9113, 8.1: what it still would send is of no use to anybody.
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}

export function writeText(response: ClientResponse, { status, text }: TextAnswer): void {
  const body = Buffer.from(text);
  const write = response as ServerResponse;
  write.writeHead(status, {
    "content-type": "application/json",
    "content-length": body.length,
    "cache-control": "no-store",
    "holdfast-decision": "none",
  });
  write.end(body);
}

/** The head of a provider's answer: names and values by turns, a name that stands twice kept twice. */
export function writeHead(response: ClientResponse, status: number, fields: string[]): void {
  if (isHttp1(response)) response.writeHead(status, withoutTrailer(fields));
  else response.writeHead(status, gathered(fields));
}

/** An announcement of trailers beside a length is one that no server may make: Node would not write it. */
function withoutTrailer(fields: string[]): string[] {
  const named = (name: string): boolean => fields.some((text, at) => at % 2 === 0 && text === name);
  if (!named("trailer") || !named("content-length")) return fields;
  return fields.filter((_, at) => fields[at - (at % 2)] !== "trailer");
}

/** 102 and 103 go on before the answer; of others no client knows. */
export function inform(response: ClientResponse, status: number, fields: string[]): void {
  if (status !== 102 && status !== 103) return;
  if (!isHttp1(response)) {
    if (!response.stream.headersSent) response.stream.additionalHeaders({ ":status": status, ...gathered(fields) });
    return;
  }
  const { socket } = response;
  if (socket === null || !socket.writable || response.req.httpVersionMinor === 0) return;
  let head = `HTTP/1.1 ${status} ${status === 102 ? "Processing" : "Early Hints"}\r\n`;
  for (let at = 0; at + 1 < fields.length; at += 2) head += `${fields[at]}: ${fields[at + 1]}\r\n`;
  socket.write(`${head}\r\n`, "latin1");
}

function gathered(fields: readonly string[]): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    const before = all[name];
    all[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return all;
}

function isHttp1(response: ClientResponse): response is ServerResponse {
  return !("stream" in response);
}
