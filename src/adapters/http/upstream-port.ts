/**
 * What the ways to a provider have in common: what goes out, what comes back, and how it is said that nothing did.
 * It dials nothing.
 */
import type { LookupFunction } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { SecureContext } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import type { Resolve } from "./addresses.ts";
import type { Place } from "./codec/authority.ts";
import type { HeaderPair } from "./codec/headers.ts";
import type { Route } from "./options.ts";

export interface Outgoing {
  readonly scheme: "http" | "https";
  readonly place: Place;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly HeaderPair[];
  /** `null`: of unknown length. */
  readonly bodyBytes: number | null;
}

/** An answer whose head is there. */
export interface Came {
  readonly status: number;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
  readonly encoding: string | undefined;
  readonly body: Readable;
  /** Known once the body has ended. */
  readonly trailers: () => Readonly<Record<string, string | undefined>>;
  /** The provider said that this is all of it. */
  readonly complete: () => boolean;
}

export interface SentRequest {
  /** Where the body is written. */
  readonly out: Writable;
  /** Rejects with {@link UpstreamFailed}. */
  readonly answer: Promise<Came>;
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
  const certificate = /CERT|SIGNATURE|SELF_SIGNED|ISSUER|ALTNAME/.test(error.code ?? "");
  const what = certificate ? "its certificate is not to be believed" : "it cannot be reached";
  const cause = error.code === undefined || error.message.includes(error.code) ? error.message : `${error.code}, ${error.message}`;
  return `\`${host}\`: ${what}: ${cause.replace(/[^\x20-\x7e]/g, "?").slice(0, 300)}`;
}
