/**
 * Inside a CONNECT to a host that a pack knows: TLS ends here, and its requests are read one by one.
 * The host of CONNECT, of TLS and of each request are one and the same, or the request was misdirected.
 */
import { createServer as createHttp1, type IncomingMessage } from "node:http";
import { createSecureServer } from "node:http2";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import { limits } from "../../base/limits.ts";
import { type ClientRequest, type ClientResponse, protocolRefused, writeAnswer } from "./answers.ts";
import { placeOf, samePlace } from "./codec/authority.ts";
import { exchange, type ExchangeParts, type Lane } from "./exchange.ts";
import { isUpgrade, takeUpgrade, type Upgraded } from "./websocket/upgraded.ts";

export interface Interceptor {
  /** Takes a connection over, after CONNECT was answered. HTTP/2 is offered where the lane says that the host speaks it. */
  take(client: Socket, lane: Lane): void;
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
  shouldUpgradeCallback: isUpgrade,
} as const;

const http2Settings = { maxConcurrentStreams: 100, maxHeaderListSize: limits.httpHeadBytesMax, enablePush: false };

export function createInterceptor(parts: ExchangeParts): Interceptor {
  const lanes = new WeakMap<object, Lane>();
  const open = new Set<Socket>();
  const answer = (lane: Lane | undefined, request: ClientRequest, response: ClientResponse): void => {
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    if (lane === undefined) return void response.destroy();
    void inLane(lane, request, response, parts);
  };
  const upgrade = (lane: Lane | undefined, request: IncomingMessage, socket: Duplex, first: Buffer): void => {
    if (lane === undefined) return void socket.destroy();
    const { response, upgraded } = takeUpgrade(request, socket, first);
    void inLane({ ...lane, http2: false }, request, response, parts, upgraded);
  };
  const http1 = createHttp1(http1Limits, (request, response) => answer(lanes.get(request.socket), request, response));
  http1.maxHeadersCount = 2 * limits.httpHeadersMax;
  http1.on("upgrade", (request, socket, first) => upgrade(lanes.get(request.socket), request, socket, first));
  http1.on("checkContinue", (request, response) => answer(lanes.get(request.socket), request, response));
  function takeHttp1(client: Socket, lane: Lane): void {
    const secure = new TLSSocket(client, {
      isServer: true,
      secureContext: contextOf(lane),
      ALPNProtocols: ["http/1.1"],
      SNICallback: (named, done) => (named.toLowerCase() === lane.place.host ? done(null, contextOf(lane)) : done(misdirected())),
    });
    const timer = setTimeout(() => secure.destroy(), limits.httpHeadMsMax);
    secure.once("secure", () => {
      clearTimeout(timer);
      lanes.set(secure, { ...lane, http2: false });
      http1.emit("connection", secure);
    });
    secure.on("error", () => secure.destroy());
    secure.once("close", () => {
      clearTimeout(timer);
      client.destroy();
    });
  }

  return {
    take(client, lane) {
      open.add(client);
      client.once("close", () => {
        open.delete(client);
        lane.session.close("the client has gone");
      });
      // Without a name in TLS there is no certificate to choose by: clients that call an address get HTTP/1.1.
      if (lane.http2 && isIP(lane.place.host) === 0) serveHttp2(client, lane, { answer, upgrade });
      else takeHttp1(client, lane);
    },
    close() {
      for (const client of open) client.destroy();
      http1.close();
    },
  };
}

interface Served {
  readonly answer: (lane: Lane | undefined, request: ClientRequest, response: ClientResponse) => void;
  readonly upgrade: (lane: Lane | undefined, request: IncomingMessage, socket: Duplex, first: Buffer) => void;
}

/** A server of its own for each connection, which listens nowhere: what it is asked belongs to this lane and no other. */
function serveHttp2(client: Socket, lane: Lane, { answer, upgrade }: Served): void {
  const server = createSecureServer({
    allowHTTP1: true,
    ...http1Limits,
    SNICallback: (named, done) => (named.toLowerCase() === lane.place.host ? done(null, contextOf(lane)) : done(misdirected())),
    handshakeTimeout: limits.httpHeadMsMax,
    settings: http2Settings,
  });
  const destroy = (): void => void client.destroy();
  const asked = (request: ClientRequest, response: ClientResponse): void =>
    answer({ ...lane, http2: request.httpVersionMajor === 2 }, request, response);
  server.on("request", asked);
  server.on("checkContinue", asked);
  server.on("upgrade", (request, socket, first) => upgrade(lane, request, socket, first));
  // RFC 8441 is not offered; a client of it all the same is told so.
  server.on("connect", (_, response: ClientResponse) => writeAnswer(response, protocolRefused("a WebSocket is opened over HTTP/1.1", 501)));
  server.on("clientError", destroy);
  server.on("session", (session) => session.setTimeout(limits.httpAnswerMsMax, destroy));
  server.on("sessionError", destroy);
  server.on("tlsClientError", destroy);
  server.emit("connection", client);
}

function contextOf({ session, place }: Lane): SecureContext {
  return session.caller.authority.contextFor(place.host);
}

/** It ends in the handshake. */
function misdirected(): Error {
  return new Error("TLS names another host than CONNECT");
}

/** 421 where the request names another host than the connection is for. */
function inLane(
  lane: Lane,
  request: ClientRequest,
  response: ClientResponse,
  parts: ExchangeParts,
  upgraded?: Upgraded,
): Promise<void> | void {
  const named = "authority" in request && request.authority !== "" ? request.authority : request.headers.host;
  const place = named === undefined ? undefined : placeOf(named, 443);
  const path = request.url ?? "";
  if (place !== undefined && !samePlace(lane.place, place))
    return writeAnswer(response, protocolRefused(`the connection is for \`${lane.place.host}\`, and the request for another host`, 421));
  if (place === undefined) return writeAnswer(response, protocolRefused("the request names no host, or none that can be"));
  if (!path.startsWith("/")) return writeAnswer(response, protocolRefused("the request's target is no path"));
  return exchange(lane, path, { request, response, ...(upgraded === undefined ? {} : { upgraded }) }, parts);
}
