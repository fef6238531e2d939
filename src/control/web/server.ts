/**
 * The console's server: HTTP on this machine, or HTTPS where others may reach it, with bounds on time, size and number.
 * It decides nothing; what is answered stands in `answer.ts` and the list of routes.
 */
import { createServer as createPlain, type Server, type ServerOptions } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo } from "node:net";
import { answerPages } from "./answer.ts";
import { readAssets } from "./assets.ts";
import { Ceremonies } from "./ceremonies.ts";
import { Guesses } from "./guesses.ts";
import { Logins } from "./logins.ts";
import type { WebParts } from "./parts.ts";
import { Streams } from "./stream.ts";
import { type Site, siteOf } from "./site.ts";

export interface WebOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** As people see it, where something stands before it that speaks TLS. */
  readonly url?: string;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The folder with the built console. */
  readonly assets: string;
}

export interface WebServer {
  readonly site: Site;
  /** Where it listens, which is another one than the site's where something stands before it. */
  readonly port: number;
  close(): Promise<void>;
}

const connectionsMax = 256;
const sweepEveryMs = 30_000;

/** Rejects when an address is taken: somebody else who listens there would be asked for passphrases in our place. */
export async function startWebServer(options: WebOptions, parts: WebParts): Promise<WebServer> {
  const assets = await readAssets(options.assets);
  const { clock, random, persons } = parts;
  const logins = new Logins({ clock, random, persons });
  const guesses = new Guesses(clock, random);
  const first = open(options);
  const port = await listening(first, options.host, options.port);
  const servers = [first];
  try {
    // Browsers take `localhost` for either: what we leave free an agent could take, and be asked for passphrases.
    for (const host of siblings(options.host)) {
      const server = open(options);
      if ((await listening(server, host, port).catch(absent)) !== undefined) servers.push(server);
    }
  } catch (error) {
    await Promise.all(servers.map(closed));
    throw error;
  }
  const site = siteOf(port, { tls: options.tls !== undefined, ...(options.url === undefined ? {} : { url: options.url }) });
  const streams = new Streams();
  const answer = answerPages({ streams, console: { parts, site, logins, guesses, ceremonies: new Ceremonies(clock) }, assets });
  for (const server of servers) server.on("request", answer);
  const sweep = setInterval(() => logins.sweep(), sweepEveryMs).unref();
  return {
    site,
    port,
    close: async () => {
      clearInterval(sweep);
      logins.endAll();
      await Promise.all(servers.map(closed));
    },
  };
}

function open({ tls }: WebOptions): Server {
  const times = { requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 1_000 };
  const limits: ServerOptions = { ...times, maxHeaderSize: 16_384 };
  const server = tls === undefined ? createPlain(limits) : createSecure({ ...limits, ...tls, minVersion: "TLSv1.2" });
  server.maxConnections = connectionsMax;
  server.unref();
  return server;
}

/** The other loopback addresses that `localhost` may mean. */
function siblings(host: string): readonly string[] {
  if (host === "127.0.0.1" || host === "localhost") return ["::1"];
  return host === "::1" ? ["127.0.0.1"] : [];
}

/** A machine without IPv6 has no such address, and so nobody else can take it. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT") return undefined;
  throw error;
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: host === "localhost" ? "127.0.0.1" : host, port, ipv6Only: host.includes(":") }, () => {
      server.off("error", reject);
      server.on("error", () => undefined);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
