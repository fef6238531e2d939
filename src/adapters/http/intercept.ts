/**
 * Inside a CONNECT to a host that a pack knows: TLS ends here, and its requests are read one by one.
 * The host of CONNECT, of TLS and of each request are one and the same, or the request was misdirected.
 */
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2, type Http2Session } from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { limits } from "../../base/limits.ts";
import { type ClientRequest, type ClientResponse, protocolRefused, writeAnswer } from "./answers.ts";
import { placeOf, samePlace } from "./codec/authority.ts";
import { exchange, type ExchangeParts, type Lane } from "./exchange.ts";

export interface Interceptor {
  /** Takes a connection over, after CONNECT was answered. */
  take(client: Socket, lane: Lane, http2: boolean): void;
  close(): void;
}

export const http1Limits = {
  maxHeaderSize: limits.httpHeadBytesMax,
  headersTimeout: limits.httpHeadMsMax,
  // Bodies have a bound of their own: one that comes slowly is not one that stands still.
  requestTimeout: 0,
  keepAliveTimeout: limits.httpIdleMsMax,
  connectionsCheckingInterval: 1_000,
  insecureHTTPParser: false,
} as const;

export function createInterceptor(parts: ExchangeParts): Interceptor {
  const lanes = new WeakMap<object, Lane>();
  const open = new Set<TLSSocket>();
  const answer = (lane: Lane | undefined, request: ClientRequest, response: ClientResponse): void => {
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    if (lane === undefined) return void response.destroy();
    void inLane(lane, request, response, parts);
  };
  const http1 = createHttp1(http1Limits, (request, response) => answer(lanes.get(request.socket), request, response));
  http1.maxHeadersCount = 2 * limits.httpHeadersMax;
  http1.on("checkContinue", (request, response) => answer(lanes.get(request.socket), request, response));
  const http2 = createHttp2({ settings: { maxConcurrentStreams: 100, maxHeaderListSize: limits.httpHeadBytesMax, enablePush: false } });
  http2.on("request", (request, response) => answer(laneOf(lanes, request.stream.session), request, response));
  http2.on("sessionError", () => undefined);
  let opening: Lane | undefined;
  // Node makes the session before `emit` returns.
  http2.on("session", (session) => {
    if (opening !== undefined) lanes.set(session, opening);
  });

  function ready(secure: TLSSocket, lane: Lane): void {
    const { host } = lane.place;
    const named = secure.servername;
    // A client that names no host in TLS (old ones, and those that call an address) is held to what it names inside.
    if (typeof named === "string" && named !== "" && named.toLowerCase() !== host) return void secure.destroy();
    if (secure.alpnProtocol === "h2") {
      opening = lane;
      http2.emit("connection", secure);
      opening = undefined;
    } else {
      lanes.set(secure, lane);
      http1.emit("connection", secure);
    }
  }

  return {
    take(client, lane, offerHttp2) {
      const { host } = lane.place;
      const secure = new TLSSocket(client, {
        isServer: true,
        secureContext: lane.session.caller.authority.contextFor(host),
        ALPNProtocols: offerHttp2 ? ["h2", "http/1.1"] : ["http/1.1"],
        // Another name than CONNECT's ends it in the handshake.
        SNICallback: (named, done) =>
          named.toLowerCase() === host ? done(null, lane.session.caller.authority.contextFor(host)) : done(new Error("misdirected")),
      });
      open.add(secure);
      const timer = setTimeout(() => secure.destroy(), limits.httpHeadMsMax);
      secure.once("secure", () => {
        clearTimeout(timer);
        ready(secure, lane);
      });
      secure.on("error", () => secure.destroy());
      secure.once("close", () => {
        clearTimeout(timer);
        open.delete(secure);
        client.destroy();
        lane.session.close("the client has gone");
      });
    },
    close() {
      for (const secure of open) secure.destroy();
      http1.close();
      http2.close();
    },
  };
}

function laneOf(lanes: WeakMap<object, Lane>, session: Http2Session | undefined): Lane | undefined {
  return session === undefined ? undefined : lanes.get(session);
}

/** 421 where the request names another host than the connection is for. */
function inLane(lane: Lane, request: ClientRequest, response: ClientResponse, parts: ExchangeParts): Promise<void> | void {
  const named = "authority" in request && request.authority !== "" ? request.authority : request.headers.host;
  const place = named === undefined ? undefined : placeOf(named, 443);
  const path = request.url ?? "";
  if (place !== undefined && !samePlace(lane.place, place))
    return writeAnswer(response, protocolRefused(`the connection is for \`${lane.place.host}\`, and the request for another host`, 421));
  if (place === undefined) return writeAnswer(response, protocolRefused("the request names no host, or none that can be"));
  if (!path.startsWith("/")) return writeAnswer(response, protocolRefused("the request's target is no path"));
  return exchange(lane, path, { request, response }, parts);
}
