/**
 * A client of the proxy in a few lines: CONNECT, TLS that trusts the session's authority alone, and requests as they are given, byte by
 * byte where a test wants that.
 * It repairs nothing: what a test says is what goes out.
 */
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

export interface ProxyLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** PEM. */
  readonly certificate: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

/** The answer's head of whatever is written first, and the socket. */
export async function raw(proxy: Pick<ProxyLogin, "host" | "port">, text: string | Buffer): Promise<{ head: string; socket: Socket }> {
  const socket = connect(proxy.port, proxy.host);
  socket.on("error", () => undefined);
  socket.write(text);
  let head = "";
  while (!head.includes("\r\n\r\n")) {
    const [chunk] = (await Promise.race([once(socket, "data"), once(socket, "close").then(() => [undefined])])) as [Buffer | undefined];
    if (chunk === undefined) break;
    head += chunk.toString("latin1");
  }
  return { head, socket };
}

export function connectText(host: string, proxy: ProxyLogin, more = ""): string {
  return `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\nProxy-Authorization: ${basic(proxy.user, proxy.password)}\r\n${more}\r\n`;
}

/** Rejects with the proxy's own answer when it gives no tunnel. */
export async function tunnelTo(proxy: ProxyLogin, host: string, servername = host, alpn = ["http/1.1"]): Promise<TLSSocket> {
  const { head, socket } = await raw(proxy, connectText(`${host}:443`, proxy));
  if (!head.startsWith("HTTP/1.1 200")) {
    socket.destroy();
    throw new Error(head);
  }
  const secure = connectTls({ socket, servername, ca: proxy.certificate, ALPNProtocols: alpn });
  secure.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    secure.once("secureConnect", resolve);
    secure.once("error", reject);
    secure.once("close", () => reject(new Error("closed in the handshake")));
  });
  return secure;
}

export interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** One request through a tunnel of its own. */
export async function call(proxy: ProxyLogin, host: string, { method = "POST", path = "/", headers = {}, body }: Call): Promise<Answered> {
  const socket = await tunnelTo(proxy, host);
  try {
    return await new Promise<Answered>((resolve, reject) => {
      const sent = { host, ...headers, ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }) };
      const out = httpsRequest({ host, method, path, headers: sent as never, createConnection: () => socket }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString("utf8") }),
        );
      });
      out.on("error", reject);
      out.end(body);
    });
  } finally {
    socket.destroy();
  }
}

/** Bytes inside the tunnel as they stand; everything that comes back until it closes or `until` is seen. */
export async function inTunnel(proxy: ProxyLogin, host: string, text: string | Buffer, until = /\r\n\r\n/): Promise<string> {
  const socket = await tunnelTo(proxy, host);
  try {
    socket.write(text);
    let seen = "";
    while (!until.test(seen)) {
      const [chunk] = (await Promise.race([once(socket, "data"), once(socket, "close").then(() => [undefined])])) as [Buffer | undefined];
      if (chunk === undefined) break;
      seen += chunk.toString("latin1");
    }
    return seen;
  } finally {
    socket.destroy();
  }
}
