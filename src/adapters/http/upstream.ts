/**
 * The way to the provider: one request out and its answer's head back, by TLS whose certificate holds, to an address that was looked at.
 * It follows no redirect, tries nothing twice, and knows no credential.
 */
import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import { rootCertificates } from "node:tls";
import { limits } from "../../base/limits.ts";
import type { HeaderPair } from "./codec/headers.ts";
import { authorityOf, type Place } from "./codec/authority.ts";
import { checkedLookup, isPublicAddress, type Resolve } from "./addresses.ts";
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

export interface SentRequest {
  /** Where the body is written. */
  readonly out: ClientRequest;
  /** Rejects with {@link UpstreamFailed}. */
  readonly answer: Promise<IncomingMessage>;
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
  readonly route: (host: string) => Route | undefined;
  readonly resolve: Resolve;
}

const noBody: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

export class Upstream {
  readonly #parts: UpstreamParts;
  readonly #agent = new TlsAgent({ keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 64, timeout: limits.httpIdleMsMax });

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
  }

  /** Writes the head; the caller writes the body to `out` and ends it. */
  send(outgoing: Outgoing, signal: AbortSignal): SentRequest {
    const { scheme, place, method, target, headers, bodyBytes } = outgoing;
    const framed: HeaderPair[] = [["host", authorityOf(place, scheme)], ...headers];
    if (bodyBytes === null) framed.push(["transfer-encoding", "chunked"]);
    else if (bodyBytes > 0 || !noBody.has(method)) framed.push(["content-length", String(bodyBytes)]);
    const options: RequestOptions = {
      ...this.#where(scheme, place),
      method,
      path: target,
      headers: framed.flat() as never,
      setHost: false,
      signal,
    };
    const out = scheme === "https" ? tlsRequest({ ...options, agent: this.#agent }) : plainRequest({ ...options, agent: false });
    return { out, answer: answerTo(out, place) };
  }

  #where(scheme: "http" | "https", { host, port }: Place): RequestOptions {
    const route = this.#parts.route(port === (scheme === "https" ? 443 : 80) ? host : `${host}:${port}`);
    const named = isIP(host) === 0 ? { servername: host } : {};
    if (route === undefined) {
      // Node looks no address up that is one already.
      if (isIP(host) !== 0 && !isPublicAddress(host)) throw new UpstreamFailed(`${host} is not a public address`, false);
      return { host, port, lookup: checkedLookup(this.#parts.resolve), ...(scheme === "https" ? named : {}) };
    }
    const ca = route.ca === undefined ? {} : { ca: [...rootCertificates, route.ca] };
    return { host: route.host, port: route.port, ...(scheme === "https" ? { ...named, ...ca } : {}) };
  }

  close(): void {
    this.#agent.destroy();
  }
}

function answerTo(out: ClientRequest, { host }: Place): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let connected = false;
    out.on("socket", (socket) => {
      // A socket that was used before carries bytes at once.
      if (out.reusedSocket) connected = true;
      else socket.once("encrypted" in socket ? "secureConnect" : "connect", () => void (connected = true));
    });
    out.on("response", resolve);
    // An answer that changes the protocol was not asked for.
    out.on("upgrade", (_, socket) => {
      socket.destroy();
      reject(new UpstreamFailed(`\`${host}\` wants to change the protocol, which is not passed on`, true));
    });
    out.on("error", (error: NodeJS.ErrnoException) => reject(new UpstreamFailed(failure(host, error), connected)));
    out.setTimeout(limits.httpAnswerMsMax, () => out.destroy(new Error("it did not answer in time")));
  });
}

function failure(host: string, error: NodeJS.ErrnoException): string {
  const certificate = /CERT|SIGNATURE|SELF_SIGNED|ISSUER|ALTNAME/.test(error.code ?? "");
  const what = certificate ? "its certificate is not to be believed" : "it cannot be reached";
  const cause = error.code === undefined || error.message.includes(error.code) ? error.message : `${error.code}, ${error.message}`;
  return `\`${host}\`: ${what}: ${cause.replace(/[^\x20-\x7e]/g, "?").slice(0, 300)}`;
}
