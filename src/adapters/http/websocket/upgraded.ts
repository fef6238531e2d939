/**
 * A client's connection at the moment it asks for another protocol: it can still be answered as any request is, or be taken out of HTTP.
 * It decides nothing.
 */
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { limits } from "../../../base/limits.ts";
import type { ReadHead } from "../codec/headers.ts";
import { readUpgrade, type WebSocketAsked, withoutHandshake } from "./handshake.ts";

export interface Upgraded {
  /** Takes the socket out of HTTP's hands: paused, with what the client said already in front. */
  release(): Socket;
}

export interface AskedHead {
  /** Without what is of the handshake alone. */
  readonly head: ReadHead;
  /** Absent: a request as any other. */
  readonly asked?: WebSocketAsked;
}

/** What a head asks for; `h2c` is an offer that nobody has to take. A refusal is one clause. */
export function upgradeOf(method: string, head: ReadHead, upgraded: Upgraded | undefined): AskedHead | { readonly refused: string } {
  const offered = head.upgrade !== undefined && !/^(h2c)?$/i.test(head.upgrade);
  // Node has let go of the connection: nobody reads a body of it.
  if ((offered || upgraded !== undefined) && head.framing.kind !== "none")
    return { refused: "it wants to change the protocol, and has a body" };
  if (head.upgrade === undefined || !offered) return { head };
  const asked = readUpgrade(method, head.upgrade, head.pairs);
  if ("refused" in asked) return asked;
  if (upgraded === undefined) return { refused: "a WebSocket is opened over HTTP/1.1" };
  return { head: { ...head, pairs: withoutHandshake(head.pairs) }, asked };
}

/** Whether an offer to change the protocol is looked at. Node asks before its parser lets go of the connection. */
export function isUpgrade({ headers }: IncomingMessage): boolean {
  return !/^(h2c)?$/i.test(headers.upgrade ?? "");
}

/** To be called at once: what the client says from here on is kept, within a bound, and that it goes is seen. */
export function takeUpgrade(request: IncomingMessage, duplex: Duplex, first: Buffer): { response: ServerResponse; upgraded: Upgraded } {
  // Of Node's own servers it is always one.
  const socket = duplex as Socket;
  const response = new ServerResponse(request);
  const early: Buffer[] = [first];
  let bytes = first.length;
  const onData = (chunk: Buffer): void => {
    early.push(chunk);
    bytes += chunk.length;
    // Nobody may speak before the handshake is through.
    if (bytes > limits.httpHeadBytesMax) socket.destroy();
  };
  const onEnd = (): void => void socket.destroy();
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.end());
  response.on("error", () => undefined);
  socket.on("error", () => socket.destroy());
  socket.on("data", onData);
  socket.on("end", onEnd);
  return {
    response,
    upgraded: {
      release() {
        socket.off("data", onData);
        socket.off("end", onEnd);
        socket.pause();
        response.detachSocket(socket);
        const kept = Buffer.concat(early);
        if (kept.length > 0) socket.unshift(kept);
        return socket;
      },
    },
  };
}
