/**
 * The provider's side of a WebSocket, for stand-ins: the handshake, messages in, messages out, and GraphQL over it.
 * It takes whatever the real one might take, and keeps all that came.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { graphql, type GraphQLSchema } from "graphql";
import { type FrameEvent, FrameReader } from "../../src/adapters/http/websocket/frame-reader.ts";
import { closePayload, frameBytes, opcodes } from "../../src/adapters/http/websocket/frames.ts";

export interface ServerSocket {
  readonly request: IncomingMessage;
  /** Frames as they came, and after them what ended the connection. */
  readonly events: FrameEvent[];
  readonly texts: string[];
  send(payload: string | Buffer): void;
  frame(opcode: number, payload: Buffer, end?: boolean): void;
  close(code: number, reason?: string): void;
  readonly socket: Duplex;
}

export interface ServerOptions {
  /** Of those that were offered. */
  readonly protocol?: string | undefined;
  /** Lines of the answer's head beside the usual ones. */
  readonly more?: string;
  readonly onText?: (text: string, socket: ServerSocket) => void;
  readonly onBinary?: (bytes: Buffer, socket: ServerSocket) => void;
}

export function acceptWebSocket(request: IncomingMessage, socket: Duplex, options: ServerOptions): ServerSocket {
  const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const chosen = options.protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${options.protocol}\r\n`;
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${chosen}${options.more ?? ""}\r\n`,
  );
  const reader = new FrameReader({ from: "client", messageBytesMax: 64 * 1024 * 1024 });
  let pieces: Buffer[] = [];
  const server: ServerSocket = {
    request,
    socket,
    events: [],
    texts: [],
    send: (payload) =>
      void socket.write(frameBytes(typeof payload === "string" ? opcodes.text : opcodes.binary, Buffer.from(payload as string))),
    frame: (opcode, payload, end = true) => void socket.write(frameBytes(opcode, payload, { end })),
    close: (code, reason = "") => void socket.end(frameBytes(opcodes.close, closePayload(code, reason))),
  };
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    for (const event of reader.push(chunk)) {
      server.events.push(event);
      if (event.kind === "ping") server.frame(opcodes.pong, event.payload);
      if (event.kind === "close") socket.end(frameBytes(opcodes.close, closePayload(event.code, "")));
      if (event.kind !== "data") continue;
      pieces.push(event.bytes);
      if (!event.end) continue;
      const whole = Buffer.concat(pieces);
      pieces = [];
      if (event.text) server.texts.push(whole.toString("utf8"));
      if (event.text) options.onText?.(whole.toString("utf8"), server);
      else options.onBinary?.(whole, server);
    }
  });
  return server;
}

export interface GraphqlServerOptions {
  readonly schema: GraphQLSchema;
  readonly root: object;
  readonly protocol: "graphql-transport-ws" | "graphql-ws";
  /** Whether what opens the connection may. */
  readonly opens: (payload: unknown, request: IncomingMessage) => boolean;
}

interface Sent {
  readonly id?: string;
  readonly type: string;
  readonly payload?: { readonly query?: string; readonly operationName?: string; readonly variables?: Record<string, unknown> };
}

/** A GraphQL server of either protocol: queries and mutations; `query { slow }` is never answered. */
export function serveGraphql(
  request: IncomingMessage,
  socket: Duplex,
  { schema, root, protocol, opens }: GraphqlServerOptions,
): ServerSocket {
  const legacy = protocol === "graphql-ws";
  const say = (message: object, to: ServerSocket): void => to.send(JSON.stringify(message));
  return acceptWebSocket(request, socket, {
    protocol,
    onText: (text, to) => {
      const { id, type, payload } = JSON.parse(text) as Sent;
      if (type === "connection_init") {
        if (opens(payload, request)) say({ type: "connection_ack" }, to);
        else to.close(4403, "Forbidden");
      } else if (type === "ping") say({ type: "pong" }, to);
      else if (type === (legacy ? "start" : "subscribe") && payload?.query !== undefined) {
        if (payload.query.includes("slow")) return;
        const { query, operationName, variables } = payload;
        const asked = {
          schema,
          source: query,
          rootValue: root,
          ...(operationName === undefined ? {} : { operationName }),
          ...(variables === undefined ? {} : { variableValues: variables }),
        };
        void graphql(asked).then((result) => {
          say({ id, type: legacy ? "data" : "next", payload: result }, to);
          say({ id, type: "complete" }, to);
        });
      }
    },
  });
}
