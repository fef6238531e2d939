/**
 * The way to the provider: one request out and its answer's head back, by TLS whose certificate holds, to an address that was looked at.
 * It follows no redirect, tries nothing twice, and knows no credential.
 */
import { isIP } from "node:net";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { checkedLookup, isPublicAddress } from "./addresses.ts";
import type { Place } from "./codec/authority.ts";
import { Http1Upstream } from "./upstream-http1.ts";
import { Http2Upstream } from "./upstream-http2.ts";
import { type AnswerSink, type Dialled, type Outgoing, type SentRequest, UpstreamFailed, type UpstreamParts } from "./upstream-port.ts";

export class Upstream {
  readonly #parts: UpstreamParts;
  readonly #http1: Http1Upstream;
  readonly #http2: Http2Upstream;
  #usual: SecureContext | undefined;
  readonly #contexts = new Map<string, SecureContext>();

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
    this.#http1 = new Http1Upstream((scheme, place) => this.#where(scheme, place));
    this.#http2 = new Http2Upstream((place) => this.#where("https", place), parts.clock);
  }

  /** Whether the host chose HTTP/2 when it could; a client of it is offered the same. Never rejects. */
  speaksHttp2(place: Place): Promise<boolean> {
    return this.#http2.speaks(place);
  }

  /** HTTP/2 where the client came by it and the host speaks it. Throws {@link UpstreamFailed} for what is not dialled. */
  send(outgoing: Outgoing, http2: boolean, sink: AnswerSink): SentRequest | Promise<SentRequest> {
    return http2 && outgoing.upgrade === undefined ? this.#either(outgoing, sink) : this.#http1.send(outgoing, sink);
  }

  async #either(outgoing: Outgoing, sink: AnswerSink): Promise<SentRequest> {
    return (await this.#http2.send(outgoing, sink)) ?? this.#http1.send(outgoing, sink);
  }

  #where(scheme: "http" | "https", { host, port }: Place): Dialled {
    const route = this.#parts.route(port === (scheme === "https" ? 443 : 80) ? host : `${host}:${port}`);
    const named = isIP(host) === 0 && scheme === "https" ? { servername: host } : {};
    if (route === undefined) {
      // Node looks no address up that is one already.
      if (isIP(host) !== 0 && !isPublicAddress(host)) throw new UpstreamFailed(`${host} is not a public address`, false);
      const usual = scheme === "http" ? {} : { secureContext: this.#trusting(undefined) };
      return { host, port, lookup: checkedLookup(this.#parts.resolve), ...named, ...usual };
    }
    const trusted = scheme === "http" ? {} : { secureContext: this.#trusting(route.ca) };
    return { host: route.host, port: route.port, ...named, ...trusted };
  }

  /** Made once for each authority: Node would read all roots again for each connection. */
  #trusting(ca: string | undefined): SecureContext {
    if (ca === undefined) return (this.#usual ??= createSecureContext());
    const known = this.#contexts.get(ca);
    if (known !== undefined) return known;
    const made = createSecureContext({ ca: [...rootCertificates, ca] });
    this.#contexts.set(ca, made);
    return made;
  }

  close(): void {
    this.#http1.close();
    this.#http2.close();
  }
}
