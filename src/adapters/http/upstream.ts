/**
 * The way to the provider: one request out and its answer's head back, by TLS whose certificate holds, to an address that was looked at.
 * It follows no redirect, tries nothing twice, and knows no credential.
 */
import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { limits } from "../../base/limits.ts";
import { checkedLookup, isPublicAddress } from "./addresses.ts";
import { authorityOf, type Place } from "./codec/authority.ts";
import type { HeaderPair } from "./codec/headers.ts";
import { Http2Upstream } from "./upstream-http2.ts";
import {
  type Came,
  type Dialled,
  failureText,
  type Outgoing,
  type SentRequest,
  UpstreamFailed,
  type UpstreamParts,
} from "./upstream-port.ts";

const noBody: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

export class Upstream {
  readonly #parts: UpstreamParts;
  readonly #agent = new TlsAgent({ keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 64, timeout: limits.httpIdleMsMax });
  readonly #http2: Http2Upstream;
  readonly #contexts = new Map<string, SecureContext>();

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
    this.#http2 = new Http2Upstream((place) => this.#where("https", place), parts.clock);
  }

  /** Whether the host chose HTTP/2 when it could; a client of it is offered the same. Never rejects. */
  speaksHttp2(place: Place): Promise<boolean> {
    return this.#http2.speaks(place);
  }

  /** Writes the head; the caller writes the body to `out` and ends it. HTTP/2 where the client came by it and the host speaks it. */
  async send(outgoing: Outgoing, http2: boolean, signal: AbortSignal): Promise<SentRequest> {
    const overHttp2 = http2 ? await this.#http2.send(outgoing, signal) : undefined;
    return overHttp2 ?? this.#sendHttp1(outgoing, signal);
  }

  #sendHttp1({ scheme, place, method, target, headers, bodyBytes }: Outgoing, signal: AbortSignal): SentRequest {
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

  #where(scheme: "http" | "https", { host, port }: Place): Dialled {
    const route = this.#parts.route(port === (scheme === "https" ? 443 : 80) ? host : `${host}:${port}`);
    const named = isIP(host) === 0 && scheme === "https" ? { servername: host } : {};
    if (route === undefined) {
      // Node looks no address up that is one already.
      if (isIP(host) !== 0 && !isPublicAddress(host)) throw new UpstreamFailed(`${host} is not a public address`, false);
      return { host, port, lookup: checkedLookup(this.#parts.resolve), ...named };
    }
    const trusted = route.ca === undefined || scheme === "http" ? {} : { secureContext: this.#trusting(route.ca) };
    return { host: route.host, port: route.port, ...named, ...trusted };
  }

  /** Made once: Node's agent would otherwise tell connections apart by the text of all roots, at each request. */
  #trusting(ca: string): SecureContext {
    const known = this.#contexts.get(ca);
    if (known !== undefined) return known;
    const made = createSecureContext({ ca: [...rootCertificates, ca] });
    this.#contexts.set(ca, made);
    return made;
  }

  close(): void {
    this.#agent.destroy();
    this.#http2.close();
  }
}

function answerTo(out: ClientRequest, { host }: Place): Promise<Came> {
  return new Promise((resolve, reject) => {
    let connected = false;
    out.on("socket", (socket) => {
      // A socket that was used before carries bytes at once.
      if (out.reusedSocket) connected = true;
      else socket.once("encrypted" in socket ? "secureConnect" : "connect", () => void (connected = true));
    });
    out.on("response", (response) => resolve(cameOf(response)));
    // An answer that changes the protocol was not asked for.
    out.on("upgrade", (_, socket) => {
      socket.destroy();
      reject(new UpstreamFailed(`\`${host}\` wants to change the protocol, which is not passed on`, true));
    });
    out.on("error", (error: NodeJS.ErrnoException) => reject(new UpstreamFailed(failureText(host, error), connected)));
    out.setTimeout(limits.httpAnswerMsMax, () => out.destroy(new Error("it did not answer in time")));
  });
}

function cameOf(response: IncomingMessage): Came {
  response.setTimeout(limits.httpAnswerMsMax, () => response.destroy(new Error("nothing more of its answer came")));
  return {
    status: response.statusCode ?? 502,
    rawHeaders: response.rawHeaders,
    encoding: response.headers["content-encoding"],
    body: response,
    trailers: () => response.trailers,
    complete: () => response.complete,
  };
}
