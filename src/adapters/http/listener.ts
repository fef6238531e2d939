/**
 * The proxy's listener: CONNECT, absolute form, and paths of its own that lead to a provider; each only for who shows a session's login.
 * It owns sockets and nothing else; what a request may do is `exchange.ts`'s matter.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Reason } from "../../model/decision.ts";
import { limits } from "../../base/limits.ts";
import { protocolRefused, refusalAnswer, writeAnswer } from "./answers.ts";
import { absoluteForm, authorityOf, type Place, placeOf } from "./codec/authority.ts";
import { basicLogin, readRequestHead } from "./codec/headers.ts";
import { Crowd } from "./crowd.ts";
import { exchange, type Lane } from "./exchange.ts";
import { HttpSession } from "./http-session.ts";
import { KnownHeads } from "./known-heads.ts";
import { createInterceptor, http1Limits, type Interceptor } from "./intercept.ts";
import type { Caller, HttpOptions } from "./options.ts";
import { admitTunnel, tunnel } from "./tunnel.ts";
import { Upstream } from "./upstream.ts";
import { takeUpgrade, type Upgraded } from "./websocket/upgraded.ts";

export interface HttpListener {
  readonly address: { readonly host: string; readonly port: number };
  /** Ends what a principal has open: its session is over. */
  end(principal: string): void;
  stop(): Promise<void>;
}

/** Resolves when it listens. Rejects with the system's error. */
export async function listenHttp(options: HttpOptions): Promise<HttpListener> {
  const front = new Front(options);
  await front.open();
  return front;
}

class Front implements HttpListener {
  readonly #options: HttpOptions;
  readonly #server: Server;
  readonly #upstream: Upstream;
  readonly #crowd: Crowd;
  readonly #heads = new KnownHeads();
  readonly #interceptor: Interceptor;
  readonly #sockets = new Set<Socket>();
  /** Of requests in clear text: one session a connection and caller. */
  readonly #sessions = new WeakMap<Socket, HttpSession>();
  readonly #ofPrincipal = new Map<string, Set<Socket>>();

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#upstream = new Upstream(options);
    this.#crowd = new Crowd(options.perLogin);
    this.#interceptor = createInterceptor({ options, upstream: this.#upstream, crowd: this.#crowd, heads: this.#heads });
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      request.on("error", () => undefined);
      response.on("error", () => undefined);
      void this.#plain(request, response);
    };
    this.#server = createServer(http1Limits, answer);
    this.#server.maxHeadersCount = 2 * limits.httpHeadersMax;
    this.#server.maxConnections = limits.connectionsMax;
    this.#server.on("checkContinue", answer);
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, first: Buffer) => {
      const { response, upgraded } = takeUpgrade(request, socket, first);
      void this.#plain(request, response, upgraded);
    });
    this.#server.on(
      "connect",
      (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#connect(request, socket as Socket, head),
    );
    this.#server.on("connection", (socket) => this.#remember(socket));
    this.#server.on("clientError", (_, socket: Duplex) => {
      // What no parser reads in one way is not read.
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      else socket.destroy();
    });
  }

  async open(): Promise<void> {
    const { host, port } = this.#options.listen;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  end(principal: string): void {
    for (const socket of this.#ofPrincipal.get(principal) ?? []) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#interceptor.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#upstream.close();
    await closed;
  }

  #remember(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#sessions.get(socket)?.close("the client has gone");
    });
  }

  /** A reason where the login has all the connections that it may. */
  #session(socket: Socket, caller: Caller, client: string): HttpSession | Reason {
    const known = this.#sessions.get(socket);
    const { name } = caller.principal;
    if (known?.caller.principal.name === name) return known;
    const own = this.#ofPrincipal.get(name) ?? new Set();
    const crowded = own.has(socket) ? undefined : this.#crowd.connecting(own.size);
    if (crowded !== undefined) return crowded;
    known?.close("another session goes on");
    const peer = `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`;
    const session = new HttpSession(caller, { peer, client }, this.#options);
    this.#sessions.set(socket, session);
    this.#ofPrincipal.set(name, own.add(socket));
    socket.once("close", () => {
      own.delete(socket);
      if (own.size === 0 && this.#ofPrincipal.get(name) === own) this.#ofPrincipal.delete(name);
    });
    return session;
  }

  async #caller(login: string | undefined, peer: string): Promise<Caller | string> {
    const given = basicLogin(login);
    if (given === undefined) return "the session's login is missing: set HTTPS_PROXY as `holdfast run` does";
    const caller = await this.#options.login(given.user, given.password);
    if (typeof caller === "string") this.#options.guard.loginRefused(given.user, peer, caller);
    return caller;
  }

  async #connect(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    const refuse = (status: string, reason: { code: string; message: string; next?: string }, more = ""): void => {
      const body = `${JSON.stringify({ error: reason })}\n`;
      socket.end(
        `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\nHoldfast-Decision: deny\r\nHoldfast-Reason: ${reason.code}\r\n${more}\r\n${body}`,
      );
    };
    try {
      const read = readRequestHead(request.rawHeaders);
      const place = placeOf(request.url ?? "", 443);
      if ("refused" in read || place === undefined)
        return refuse("400 Bad Request", {
          code: "protocol_refused",
          message: "refused" in read ? read.refused : "CONNECT names no plain host",
        });
      if (read.host !== undefined && placeOf(read.host, place.port)?.host !== place.host)
        return refuse("421 Misdirected Request", { code: "protocol_refused", message: "CONNECT and its Host name two hosts" });
      const caller = await this.#caller(read.proxyLogin, peerOf(socket));
      if (typeof caller === "string")
        return refuse(
          "407 Proxy Authentication Required",
          { code: "not_permitted", message: caller },
          'Proxy-Authenticate: Basic realm="holdfast"\r\n',
        );
      const session = this.#session(socket, caller, clientOf(request));
      if ("code" in session) return refuse("429 Too Many Requests", session);
      const host = authorityOf(place, "https");
      if (head.length > 0) socket.unshift(head);
      if (this.#options.packOf(host) !== undefined) {
        const http2 = await this.#upstream.speaksHttp2(place);
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        return this.#interceptor.take(socket, { scheme: "https", place, session, http2 });
      }
      const admitted = await admitTunnel(session, place, this.#options);
      if (!("kind" in admitted)) return refuse("403 Forbidden", { ...admitted, message: `${admitted.message} (\`${host}\`)` });
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      await session.during(() => tunnel(socket, place, admitted, this.#options));
    } catch {
      socket.destroy();
    }
  }

  async #plain(request: IncomingMessage, response: ServerResponse, upgraded?: Upgraded): Promise<void> {
    try {
      const read = readRequestHead(request.rawHeaders);
      if ("refused" in read) return writeAnswer(response, protocolRefused(`the request is not let through: ${read.refused}`));
      const target = request.url ?? "";
      const asked = target.startsWith("/") ? this.#ownPath(target, read.host) : this.#absolute(target, read.host);
      if (typeof asked === "string") return writeAnswer(response, protocolRefused(asked, 421));
      const own = asked.scheme === "https" && read.proxyLogin === undefined ? this.#options.broker.holder(read.pairs) : undefined;
      const caller = own ?? (await this.#caller(read.proxyLogin, peerOf(request.socket)));
      if (typeof caller === "string") {
        const headers = { "proxy-authenticate": 'Basic realm="holdfast"' };
        return writeAnswer(response, refusalAnswer({ code: "not_permitted", message: caller }, { status: 407, headers, close: true }));
      }
      const session = this.#session(request.socket, caller, clientOf(request));
      if ("code" in session) return writeAnswer(response, refusalAnswer(session, { close: true }));
      const lane: Lane = { scheme: asked.scheme, place: asked.place, session, http2: false };
      await exchange(
        lane,
        asked.path,
        { request, response, ...(upgraded === undefined ? {} : { upgraded }) },
        { options: this.#options, upstream: this.#upstream, crowd: this.#crowd, heads: this.#heads },
      );
    } catch {
      response.destroy();
    }
  }

  /** A sentence where the two do not agree. */
  #absolute(target: string, host: string | undefined): Asked | string {
    const absolute = absoluteForm(target);
    if (absolute === undefined) return "the request names no plain host of http; https goes by CONNECT";
    const named = host === undefined ? undefined : placeOf(host, 80);
    if (named !== undefined && authorityOf(named, "http") !== authorityOf(absolute.place, "http"))
      return "the request's line and its Host name two hosts";
    return { scheme: "http", ...absolute };
  }

  /** `/railway/graphql/v2` or `/backboard.railway.com/graphql/v2`: a provider's name, or a host that a pack knows. */
  #ownPath(target: string, host: string | undefined): Asked | string {
    const { port } = this.address;
    const called = host === undefined ? undefined : placeOf(host, 80);
    // A page in a browser that was led here by a name of its own is nobody's tool.
    if (called === undefined || called.port !== port || !/^(localhost|127(\.\d+){3}|::1)$/.test(called.host))
      return "this is a proxy: it is called by its own address";
    const [, first = "", path = ""] = /^\/([^/?]+)([/?].*)?$/.exec(target) ?? [];
    const known = first.includes(".") ? first : (this.#options.hostOfProvider(first.toLowerCase()) ?? "");
    const place = placeOf(known, 443);
    if (place === undefined || this.#options.packOf(authorityOf(place, "https")) === undefined)
      return "the path begins with no provider that a pack knows: it is `/railway/...`, or a host";
    return { scheme: "https", place, path: path.startsWith("/") ? path : `/${path}` };
  }
}

interface Asked {
  readonly scheme: "http" | "https";
  readonly place: Place;
  readonly path: string;
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`;
}

/** What the client says it is: data. */
function clientOf(request: IncomingMessage): string {
  return (request.headers["user-agent"] ?? "http").replace(/[^\x20-\x7e]/g, "?").slice(0, 120);
}
