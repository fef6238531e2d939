/**
 * Providers that are asked by HTTP/1.1: one request at a time on a connection, and connections kept for the next one.
 * It tries nothing twice, follows nothing, and gives no connection on whose end of an answer is in doubt.
 */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { authorityOf, type Place } from "./codec/authority.ts";
import { requestHead } from "./codec/request-head.ts";
import { Http1Line, type KeptLines } from "./http1-line.ts";
import type { AnswerSink, Dialled, Outgoing, SentRequest } from "./upstream-port.ts";

/** Kept for one host, and for all of them; the least recently used go first. */
const KEPT_PER_HOST_MAX = 64;
const KEPT_MAX = 512;
const SESSIONS_MAX = 256;

export class Http1Upstream implements KeptLines {
  readonly #where: (scheme: Outgoing["scheme"], place: Place) => Dialled;
  readonly #kept = new Map<string, Http1Line[]>();
  readonly #open = new Set<Http1Line>();
  /** TLS sessions by host: a handshake that was made before is a shorter one. */
  readonly #sessions = new Map<string, Buffer>();
  #count = 0;

  /** `where` throws for what must not be dialled. */
  constructor(where: (scheme: Outgoing["scheme"], place: Place) => Dialled) {
    this.#where = where;
  }

  /** Throws `UpstreamFailed` for what must not be dialled. */
  send(outgoing: Outgoing, sink: AnswerSink): SentRequest {
    const { scheme, place } = outgoing;
    const key = `${scheme} ${authorityOf(place, scheme)}`;
    const head = requestHead(outgoing);
    const line = this.#free(key) ?? this.#dial(key, scheme, place);
    return line.start(outgoing, head, sink);
  }

  keep(line: Http1Line): void {
    const lines = this.#kept.get(line.key) ?? [];
    this.#kept.set(line.key, lines);
    lines.push(line);
    this.#count += 1;
    if (lines.length > KEPT_PER_HOST_MAX) lines[0]?.discard();
    else if (this.#count > KEPT_MAX) this.#kept.values().next().value?.[0]?.discard();
  }

  gone(line: Http1Line): void {
    this.#open.delete(line);
    const lines = this.#kept.get(line.key);
    const at = lines?.indexOf(line) ?? -1;
    if (lines === undefined || at < 0) return;
    lines.splice(at, 1);
    this.#count -= 1;
    if (lines.length === 0) this.#kept.delete(line.key);
  }

  close(): void {
    for (const line of this.#open) line.discard();
    this.#sessions.clear();
  }

  /** The one that was used last: it is the least likely to be closed by now. */
  #free(key: string): Http1Line | undefined {
    const lines = this.#kept.get(key);
    for (let line = lines?.pop(); line !== undefined; line = lines?.pop()) {
      this.#count -= 1;
      if (lines?.length === 0) this.#kept.delete(key);
      if (line.usable) return line;
    }
    return undefined;
  }

  #dial(key: string, scheme: Outgoing["scheme"], place: Place): Http1Line {
    const where = this.#where(scheme, place);
    const socket: Socket = scheme === "http" ? connectPlain(where) : this.#secure(key, where);
    socket.setNoDelay(true);
    const line = new Http1Line({ key, place, socket, ready: scheme === "http" ? "connect" : "secureConnect", kept: this });
    this.#open.add(line);
    return line;
  }

  #secure(key: string, where: Dialled): Socket {
    const session = this.#sessions.get(key);
    const socket = connectTls({ ...where, ALPNProtocols: ["http/1.1"], ...(session === undefined ? {} : { session }) });
    socket.on("session", (given: Buffer) => {
      this.#sessions.delete(key);
      if (this.#sessions.size >= SESSIONS_MAX) this.#sessions.delete(this.#sessions.keys().next().value as string);
      this.#sessions.set(key, given);
    });
    return socket;
  }
}
