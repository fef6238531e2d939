/**
 * A request's head of HTTP/1.1 as it goes to a provider, and how long an answer says that its connection is kept.
 * It writes what it is given: what may stand in a header was looked at where the headers came from, and is demanded once more here.
 */
import { limits } from "../../../base/limits.ts";
import { authorityOf, type Place } from "./authority.ts";
import type { HeaderPair } from "./headers.ts";

export interface RequestHead {
  readonly scheme: "http" | "https";
  readonly place: Place;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly HeaderPair[];
  /** All of it, an empty one included; otherwise how many bytes it will be, where that is known, and it is written after the head. */
  readonly body: Buffer | { readonly bytes: number | null };
  /** The protocol that the client wants to change to, where that is permitted. Over HTTP/1.1 alone. */
  readonly upgrade?: string;
  readonly trailers?: RequestTrailers | undefined;
}

/** What follows a body whose length was not said. */
export interface RequestTrailers {
  /** Announced in the head; empty where they are not known yet. */
  readonly names: string;
  /** Asked for once the body is through. Throws where the request must not come to its end. */
  readonly last: () => readonly HeaderPair[];
}

const noBody: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);
/** Anything else would be another request inside this one. */
const ODD = /[^\t\x20-\x7e\x80-\xff]/;

/** In Latin-1. Throws where a line break stands in what should be one line. */
export function requestHead({ scheme, place, method, target, headers, body, upgrade, trailers }: RequestHead): string {
  const bytes = Buffer.isBuffer(body) ? body.length : body.bytes;
  let head = `${line(method)} ${line(target)} HTTP/1.1\r\nhost: ${authorityOf(place, scheme)}\r\n`;
  for (const [name, value] of headers) head += `${line(name)}: ${line(value)}\r\n`;
  if (bytes === null) head += `transfer-encoding: chunked\r\n${announced(trailers)}`;
  else if (bytes > 0 || !noBody.has(method)) head += `content-length: ${bytes}\r\n`;
  return `${head}${upgrade === undefined ? "connection: keep-alive" : `connection: Upgrade\r\nupgrade: ${line(upgrade)}`}\r\n\r\n`;
}

function announced(trailers: RequestTrailers | undefined): string {
  return trailers === undefined || trailers.names === "" ? "" : `trailer: ${line(trailers.names)}\r\n`;
}

/** The end of a body in chunks. Throws as {@link requestHead} does. */
export function lastChunk(trailers: readonly HeaderPair[]): string {
  return `0\r\n${trailers.map(([name, value]) => `${line(name)}: ${line(value)}\r\n`).join("")}\r\n`;
}

function line(text: string): string {
  if (ODD.test(text)) throw new Error("a line of the request's head holds a line break, or a character that none may hold");
  return text;
}

/** Of one that does not say: shorter than any server's own that is known. */
const KEPT_UNTOLD_MS = 4_000;

/** Less a margin: what is sent into a connection that is being closed is lost. */
export function keptMsOf(rawHeaders: readonly string[]): number {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at] !== "keep-alive") continue;
    const seconds = /(?:^|[\s,;])timeout=(\d{1,6})/i.exec(rawHeaders[at + 1] ?? "")?.[1];
    if (seconds !== undefined) return Math.min(limits.httpIdleMsMax, Math.max(0, Number(seconds) * 1000 - 1_000));
  }
  return KEPT_UNTOLD_MS;
}
