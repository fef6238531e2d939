/**
 * What the ways to a provider have in common: what goes out, what comes back, and how it is said that nothing did.
 * It dials nothing.
 */
import type { LookupFunction } from "node:net";
import type { Duplex, Writable } from "node:stream";
import type { SecureContext } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import type { Resolve } from "./addresses.ts";
import type { RequestHead } from "./codec/request-head.ts";
import type { Route } from "./options.ts";

/** By either version of HTTP. */
export type Outgoing = RequestHead;

/** Told of an answer as it comes, in this order. After `end`, `upgraded` or `failed` nothing more is told. */
export interface AnswerSink {
  /** 102, 103 and others that come before the answer; `rawHeaders` are names in lower case and values by turns, here and below. */
  informed(status: number, rawHeaders: readonly string[]): void;
  head(status: number, rawHeaders: readonly string[]): void;
  /** `false`: no more until {@link SentRequest.resume}. */
  data(chunk: Buffer): boolean;
  end(rawTrailers: readonly string[]): void;
  /** 101, where it was asked for; `rest` is what came of the other protocol already. */
  upgraded(rawHeaders: readonly string[], socket: Duplex, rest: Buffer): void;
  failed(error: UpstreamFailed): void;
}

/** A request on its way. */
export interface SentRequest {
  /** Where a body is written that was not given whole; it ends with the body. */
  readonly out: Writable | undefined;
  /** No more of the answer for now; and more of it. */
  pause(): void;
  resume(): void;
  /** Gives it up; the sink is told why, unless the answer is through. */
  abort(because: string): void;
}

/** `reached`: bytes of the request may have arrived. The message names no header and no body. */
export class UpstreamFailed extends Error {
  override readonly name = "UpstreamFailed";
  readonly reached: boolean;

  constructor(message: string, reached: boolean) {
    super(message);
    this.reached = reached;
  }
}

export interface UpstreamParts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly route: (host: string) => Route | undefined;
  readonly resolve: Resolve;
}

/** Where a host is dialled, and what must hold of its certificate. */
export interface Dialled {
  readonly host: string;
  readonly port: number;
  readonly servername?: string;
  readonly secureContext?: SecureContext;
  readonly lookup?: LookupFunction;
}

/** Why a host was not reached, for a client to read. */
export function failureText(host: string, error: NodeJS.ErrnoException): string {
  if (error.code === undefined) return `\`${host}\`: ${error.message}`;
  const certificate = /CERT|SIGNATURE|SELF_SIGNED|ISSUER|ALTNAME/.test(error.code ?? "");
  const what = certificate ? "its certificate is not to be believed" : "it cannot be reached";
  const cause = error.message.includes(error.code) ? error.message : `${error.code}, ${error.message}`;
  return `\`${host}\`: ${what}: ${cause.replace(/[^\x20-\x7e]/g, "?").slice(0, 300)}`;
}
