/**
 * The opening handshake of a WebSocket (RFC 6455, 4): what a client asks for, and the answers of both sides. Pure.
 * Extensions are never agreed on, so that frames stay readable; other protocols to change to are refused, each with a way out.
 */
import { createHash } from "node:crypto";
import type { HeaderPair } from "../codec/headers.ts";

export interface WebSocketAsked {
  /** As the client sent it; the provider gets one of ours. */
  readonly key: string;
  /** Subprotocols, in the client's order. */
  readonly protocols: readonly string[];
}

type Refused = { readonly refused: string };

/** Of the handshake alone, and new at each: no part of what is judged. */
const ofHandshake: ReadonlySet<string> = new Set([
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
  "sec-websocket-accept",
]);
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const PROTOCOLS_MAX = 20;

/** `upgrade` is the value of that header; a refusal is one clause. */
export function readUpgrade(method: string, upgrade: string, headers: readonly HeaderPair[]): WebSocketAsked | Refused {
  if (/^spdy\//i.test(upgrade))
    return {
      refused:
        "it wants to change the protocol to SPDY, which nobody can read on the way: let the client speak WebSocket (kubectl 1.31 and later does)",
    };
  if (!/^websocket$/i.test(upgrade)) return { refused: "it wants to change the protocol, which is not passed on" };
  const all = (name: string): readonly string[] => headers.filter(([each]) => each === name).map(([, value]) => value);
  const [key = "", ...more] = all("sec-websocket-key");
  if (method !== "GET") return { refused: "a WebSocket is opened by GET" };
  if (more.length > 0 || !KEY.test(key)) return { refused: "the `sec-websocket-key` is not sixteen bytes in base64" };
  if (all("sec-websocket-version").join() !== "13") return { refused: "the version of WebSocket is not 13" };
  const protocols = all("sec-websocket-protocol").flatMap((value) => value.split(",").map((each) => each.trim()));
  if (protocols.some((each) => !TOKEN.test(each)) || new Set(protocols).size < protocols.length || protocols.length > PROTOCOLS_MAX)
    return { refused: "its `sec-websocket-protocol` is no list of words, each once" };
  return { key, protocols };
}

/** Without what only this hop sees. */
export function withoutHandshake(headers: readonly HeaderPair[]): readonly HeaderPair[] {
  return headers.filter(([name]) => !ofHandshake.has(name));
}

/** A name of a protocol that carries more than a name: clients without headers put tokens there. */
export function isCredentialProtocol(protocol: string): boolean {
  return protocol.length > 48 || /bearer|token|secret|passw|api-?key|authorization|credential/i.test(protocol);
}

export function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** The subprotocol that the server chose; a refusal where its answer is none to what was asked. */
export function readSwitch(
  headers: readonly HeaderPair[],
  key: string,
  { protocols }: WebSocketAsked,
): { readonly protocol: string | undefined } | Refused {
  const one = (name: string): string | undefined => {
    const all = headers.filter(([each]) => each === name).map(([, value]) => value);
    return all.length > 1 ? all.join(", ") : all[0];
  };
  if (!/^websocket$/i.test(one("upgrade") ?? "")) return { refused: "it changes to another protocol than was asked for" };
  if (one("sec-websocket-accept") !== acceptOf(key)) return { refused: "its answer to the handshake is not one to ours" };
  if (one("sec-websocket-extensions") !== undefined) return { refused: "it chose an extension that was not asked for" };
  const protocol = one("sec-websocket-protocol");
  if (protocol !== undefined && !protocols.includes(protocol)) return { refused: "it chose a subprotocol that was not asked for" };
  return { protocol };
}
