/**
 * Sockets to the server: connecting within a time, and taking TLS up on one.
 * It speaks no protocol beyond that.
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { readInto } from "./read-buffers.ts";
import { noteSocketError } from "./socket-error.ts";
import type { UpstreamOptions } from "./options.ts";

/** A host that begins with `/` is the folder of a Unix socket, as in libpq. */
export function openSocket(upstream: Pick<UpstreamOptions, "host" | "port" | "tls">): Socket {
  const unix = upstream.host.startsWith("/");
  const reading = readInto();
  // TLS has buffers of its own.
  const onread = upstream.tls === "disable" ? { onread: reading.onread } : {};
  const socket = unix
    ? connect({ path: `${upstream.host}/.s.PGSQL.${upstream.port}`, ...onread })
    : connect({ host: upstream.host, port: upstream.port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000, ...onread });
  reading.attach(socket);
  return noteSocketError(socket);
}

/**
 * `verify-full` checks chain and name; `require` only encrypts, unless a CA is configured: then the chain is checked too,
 * as libpq does. No ALPN: the connection was negotiated by SSLRequest.
 */
export function takeUpTls(socket: Socket, upstream: UpstreamOptions): TLSSocket {
  const verify = upstream.tls === "verify-full";
  const name = upstream.tlsServerName ?? upstream.host;
  const secured = connectTls({
    socket,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    host: name,
    ...(upstream.tlsCa === undefined ? {} : { ca: upstream.tlsCa }),
    rejectUnauthorized: verify || upstream.tlsCa !== undefined,
    ...(verify ? {} : { checkServerIdentity: () => undefined }),
    minVersion: "TLSv1.2",
  });
  return noteSocketError(secured);
}
