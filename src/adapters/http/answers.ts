/**
 * Answers of Holdfast's own: a status, a body that programs can read, and headers that say the same for every provider.
 * They quote nothing of the request, and never a rule.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Reason } from "../../model/decision.ts";
import type { ReasonCode } from "../../model/codes.ts";

export type ClientRequest = IncomingMessage | Http2ServerRequest;
export type ClientResponse = ServerResponse | Http2ServerResponse;

export interface OwnAnswer {
  readonly status: number;
  readonly decision: "deny" | "hold" | "none";
  readonly reason: Reason;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the client still sends is not waited for. */
  readonly close?: boolean;
}

const statuses: Partial<Record<ReasonCode, number>> = {
  too_large: 413,
  rate_limit: 429,
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

export function writeAnswer(response: ClientResponse, { status, decision, reason, headers = {}, close }: OwnAnswer): void {
  if (response.headersSent) return void response.destroy();
  const { code, message, next } = reason;
  const body = Buffer.from(`${JSON.stringify({ error: { code, message, ...(next === undefined ? {} : { next }) } })}\n`);
  const own: Record<string, string | number> = {
    "content-type": "application/json",
    "content-length": body.length,
    "cache-control": "no-store",
    "holdfast-decision": decision,
    "holdfast-reason": code,
    ...headers,
  };
  if (close === true && isHttp1(response)) own["connection"] = "close";
  const write = response as ServerResponse;
  write.writeHead(status, own);
  write.end(body);
}

function isHttp1(response: ClientResponse): response is ServerResponse {
  return !("stream" in response);
}
