/**
 * Brings clients on a Node that knows no proxy variables (18 to 22.20, and 23 to 24.4) to the proxy: `https` and the built-in `fetch` open
 * their connections through it, by CONNECT. It changes nothing else of the program, and nothing at all on a Node that does this by itself.
 * It forces nobody: a program that opens sockets by itself goes past it, as it goes past any variable.
 */
import type { ConnectionOptions, TLSSocket } from "node:tls";

type Opened = (error: Error | null, socket?: TLSSocket) => void;
type Wanted = ConnectionOptions & { readonly hostname?: string; readonly protocol?: string; readonly socketPath?: string };
type Create = (this: unknown, options: Wanted, opened: Opened) => unknown;

interface Way {
  readonly net: typeof import("node:net");
  readonly tls: typeof import("node:tls");
  readonly https: typeof import("node:https");
  readonly proxy: URL;
  readonly goesPast: (host: string) => boolean;
}

/** A program of CommonJS for `node --require`: the functions below, which use nothing that stands outside of them. */
export function oldNodeProxyText(): string {
  const parts = [placeOf, openThrough, patchHttps, patchFetch, install].map(String).join("\n");
  return `"use strict";\n(function () {\n${parts}\ninstall(require, process);\n})();\n`;
}

function install(require: (name: string) => unknown, process: NodeJS.Process): void {
  const { HTTPS_PROXY: address = "", NO_PROXY: direct = "", NODE_USE_ENV_PROXY: wanted } = process.env;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const knows = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
  if (knows || major < 18 || wanted !== "1" || !/^http:\/\//.test(address)) return;
  const past = direct.split(",").map((name) => name.trim().toLowerCase());
  const way = {
    net: require("node:net"),
    tls: require("node:tls"),
    https: require("node:https"),
    proxy: new URL(address),
    goesPast: (host: string) => past.includes(host.toLowerCase().replace(/^\[|\]$/g, "")),
  } as Way;
  patchHttps(way);
  patchFetch(way);
}

function placeOf({ host, hostname, port }: Wanted): { readonly host: string; readonly port: number } {
  // Where both are there, `host` may hold the port.
  const named = String(hostname ?? host ?? "localhost").replace(/^\[|\]$/g, "");
  return { host: named, port: port === undefined || port === null || String(port) === "" ? 443 : Number(port) };
}

/** A tunnel, then TLS for that very host inside it. What the proxy answers instead of a tunnel is the error. */
function openThrough({ net, tls, proxy }: Way, options: Wanted, opened: Opened): void {
  const { host, port } = placeOf(options);
  const place = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const socket = net.connect(Number(proxy.port === "" ? 80 : proxy.port), proxy.hostname.replace(/^\[|\]$/g, ""));
  let head = Buffer.alloc(0);
  let told = false;
  const tell: Opened = (error, secure) => {
    if (told) return;
    told = true;
    if (error !== null) socket.destroy();
    opened(error, secure);
  };
  const failed = (error: Error): void => tell(error);
  const read = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return head.length > 16_384 ? tell(new Error("the proxy's answer is too long")) : undefined;
    socket.off("data", read).pause();
    const first = head.toString("latin1").split("\r\n", 1)[0] ?? "";
    if (!/^HTTP\/1\.[01] 200( |$)/.test(first)) return tell(new Error(`the proxy gives no way to ${place}: ${first}`));
    if (head.length > end + 4) return tell(new Error("the proxy spoke before TLS began"));
    const named = options.servername === undefined || options.servername === "" ? host : options.servername;
    const secure = tls.connect({ ...options, socket, host, servername: net.isIP(named) === 0 ? named : "" });
    secure.once("error", failed);
    secure.once("secureConnect", () => {
      secure.off("error", failed);
      tell(null, secure);
    });
  };
  socket.on("error", failed);
  socket.on("close", () => tell(Object.assign(new Error("the proxy closed the connection"), { code: "ECONNRESET" })));
  socket.on("data", read);
  const authorization = `Basic ${Buffer.from(login).toString("base64")}`;
  socket.write(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\nProxy-Authorization: ${authorization}\r\n\r\n`);
}

/** For every agent that does not make its connections itself. */
function patchHttps(way: Way): void {
  const prototype = way.https.Agent.prototype as unknown as { createConnection: Create };
  const usual = prototype.createConnection;
  prototype.createConnection = function createConnection(this: unknown, ...words: [Wanted, Opened]): unknown {
    const [options, opened] = words;
    const ours = typeof options === "object" && typeof opened === "function" && !options.socket && !options.socketPath;
    if (!ours || way.goesPast(placeOf(options).host)) return usual.apply(this, words);
    openThrough(way, options, opened);
    return undefined;
  };
}

/** The built-in fetch makes its dispatcher when it is first used; another is put in its place then, and a program's own stays. */
function patchFetch(way: Way): void {
  const usual = globalThis.fetch;
  if (typeof usual !== "function") return;
  const key = Symbol.for("undici.globalDispatcher.1");
  const all = globalThis as unknown as Record<symbol, object | undefined>;
  const connect = (options: Wanted, opened: Opened): void => {
    const { host, port } = placeOf(options);
    const servername = options.servername ?? host;
    if (options.protocol !== "https:") {
      const plain = way.net.connect(options.port === undefined || String(options.port) === "" ? 80 : port, host);
      plain.once("connect", () => opened(null, plain as TLSSocket)).once("error", (error) => opened(error));
    } else if (way.goesPast(host)) {
      const secure = way.tls.connect({ host, port, ...(way.net.isIP(servername) === 0 ? { servername } : {}) });
      secure.once("secureConnect", () => opened(null, secure)).once("error", (error) => opened(error));
    } else openThrough(way, { host, port, servername, ALPNProtocols: ["http/1.1"] }, opened);
  };
  let prepared = false;
  const value = function fetch(...words: Parameters<typeof usual>): ReturnType<typeof usual> {
    if (!prepared && all[key] === undefined) {
      // Refused before anything is sent: it loads what makes the dispatcher.
      void usual("invalid:").catch(() => undefined);
      const made = Reflect.get(globalThis, key) as object | undefined;
      if (made !== undefined) all[key] = new (made.constructor as new (options: object) => object)({ connect });
    }
    prepared = true;
    return usual.apply(globalThis, words);
  };
  Object.defineProperty(globalThis, "fetch", { configurable: true, enumerable: true, writable: true, value });
}
