/**
 * What the proxy knows of gRPC: which requests are calls of it, where their messages end, and how a refusal is said to its clients.
 * It reads no message. Source: gRPC over HTTP2.
 */
import type { Reason } from "../../model/decision.ts";
import type { ReasonCode } from "../../model/codes.ts";
import type { Redaction } from "./options.ts";

export function isGrpc(contentType: string | undefined): boolean {
  return /^\s*application\/grpc(?![\w.])/i.test(contentType ?? "");
}

const PREFIX_BYTES = 5;

/** One message or more, each whole, and nothing behind them. */
export function wholeMessages(bytes: Buffer): boolean {
  let at = 0;
  while (at + PREFIX_BYTES <= bytes.length) at += PREFIX_BYTES + bytes.readUInt32BE(at + 1);
  return at > 0 && at === bytes.length;
}

export function holdsCompressed(bytes: Buffer): boolean {
  for (let at = 0; at + PREFIX_BYTES <= bytes.length; at += PREFIX_BYTES + bytes.readUInt32BE(at + 1)) if (bytes[at] !== 0) return true;
  return false;
}

/** What of an answer goes on once a message of it is whole: whoever waits for the rest of a message sends nothing before it is there. */
export function byMessage(redaction: Redaction): Redaction {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  let [known, left] = [0, 0];
  const isEnd = (chunk: Buffer): boolean => {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        prefix[known++] = chunk[at++] ?? 0;
        if (known === PREFIX_BYTES) [known, left] = [0, prefix.readUInt32BE(1)];
      } else {
        const step = Math.min(left, chunk.length - at);
        at += step;
        left -= step;
      }
    }
    return known === 0 && left === 0;
  };
  return {
    header: (value) => redaction.header(value),
    step: (chunk) => {
      const out = redaction.step(chunk);
      return isEnd(chunk) ? Buffer.concat([out, redaction.end()]) : out;
    },
    end: () => redaction.end(),
  };
}

/** Clients ask again by themselves after 14 alone, and some after 8. */
const statuses: Partial<Record<ReasonCode, number>> = {
  too_large: 8,
  rate_limit: 8,
  too_many_at_once: 8,
  budget_exhausted: 8,
  record_unavailable: 14,
  analysis_unavailable: 14,
  host_not_reachable: 14,
  internal: 13,
  outcome_unknown: 2,
  protocol_refused: 3,
  time_limit: 4,
};

const PERMISSION_DENIED = 7;

export function grpcStatus({ code, message, next }: Reason): Readonly<Record<string, string>> {
  const text = Buffer.from(next === undefined ? message : `${message}; ${next}`).toString("latin1");
  const told = text.replace(/[^\x20-\x24\x26-\x7e]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
  return { "content-type": "application/grpc", "grpc-status": String(statuses[code] ?? PERMISSION_DENIED), "grpc-message": told };
}
