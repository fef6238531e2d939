/**
 * Providers that speak HTTP/2: one connection a host, shared by all that ask it, and what ALPN chose remembered for a while.
 * It is used for clients that came by HTTP/2 alone: neither side is told of a protocol that the other one would not have.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { connect as connectTls } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import { limits } from "../../base/limits.ts";
import { authorityOf, type Place } from "./codec/authority.ts";
import type { RequestTrailers } from "./codec/request-head.ts";
import { type AnswerSink, type Dialled, failureText, type Outgoing, type SentRequest, UpstreamFailed } from "./upstream-port.ts";

interface Known {
  /** `undefined`: the host chose HTTP/1.1, or could not be reached. */
  readonly session: Promise<ClientHttp2Session | undefined>;
  readonly untilMs: number;
}

/** A host that learns HTTP/2 is noticed after so long. */
const REMEMBERED_MS = 10 * 60_000;
const HOSTS_MAX = 256;

export class Http2Upstream {
  readonly #where: (place: Place) => Dialled;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #known = new Map<string, Known>();

  /** `where` throws for what must not be dialled. */
  constructor(where: (place: Place) => Dialled, clock: Pick<Clock, "monotonic">) {
    this.#where = where;
    this.#clock = clock;
  }

  async speaks(place: Place): Promise<boolean> {
    return (await this.#session(place)) !== undefined;
  }

  /** `undefined` where the host does not speak it. */
  async send({ place, method, target, headers, body, trailers }: Outgoing, sink: AnswerSink): Promise<SentRequest | undefined> {
    const session = await this.#session(place);
    if (session === undefined) return undefined;
    const fields: OutgoingHttpHeaders = {
      ":method": method,
      ":scheme": "https",
      ":authority": authorityOf(place, "https"),
      ":path": target,
    };
    for (const [name, value] of headers) {
      const before = fields[name];
      fields[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value];
    }
    const bytes = Buffer.isBuffer(body) ? body.length : body.bytes;
    if (bytes !== null && bytes > 0) fields["content-length"] = String(bytes);
    if (trailers !== undefined && trailers.names !== "") fields["trailer"] = trailers.names;
    const stream = session.request(fields, { endStream: bytes === 0, waitForTrailers: bytes !== 0 && trailers !== undefined });
    if (trailers !== undefined) stream.once("wantTrailers", () => sendTrailers(stream, trailers));
    tell(stream, place, sink);
    if (Buffer.isBuffer(body) && bytes !== 0) stream.end(body);
    return {
      out: Buffer.isBuffer(body) || bytes === 0 ? undefined : stream,
      pause: () => void stream.pause(),
      resume: () => void stream.resume(),
      abort: (because) => void stream.destroy(new Error(because)),
    };
  }

  close(): void {
    for (const { session } of this.#known.values()) void session.then((open) => open?.destroy());
    this.#known.clear();
  }

  #session(place: Place): Promise<ClientHttp2Session | undefined> {
    const key = authorityOf(place, "https");
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > this.#clock.monotonic()) return known.session;
    const session = this.#open(place, () => this.#known.delete(key));
    if (this.#known.size >= HOSTS_MAX) this.#known.delete(this.#known.keys().next().value as string);
    this.#known.set(key, { session, untilMs: this.#clock.monotonic() + REMEMBERED_MS });
    // Why it was not reached is told by the request itself.
    void session.then((open) => open === undefined && setTimeout(() => this.#known.delete(key), 0));
    return session;
  }

  #open(place: Place, over: () => void): Promise<ClientHttp2Session | undefined> {
    return new Promise((resolve) => {
      let socket: ReturnType<typeof connectTls>;
      try {
        socket = connectTls({ ...this.#where(place), ALPNProtocols: ["h2", "http/1.1"] });
      } catch {
        return resolve(undefined);
      }
      const timer = setTimeout(() => socket.destroy(), limits.httpHeadMsMax);
      socket.once("close", () => {
        clearTimeout(timer);
        resolve(undefined);
      });
      socket.on("error", () => socket.destroy());
      socket.once("secureConnect", () => {
        clearTimeout(timer);
        if (socket.alpnProtocol !== "h2") return void socket.destroy();
        const session = connectHttp2(`https://${authorityOf(place, "https")}`, {
          createConnection: () => socket,
          settings: { enablePush: false, maxHeaderListSize: limits.httpHeadBytesMax },
        });
        session.on("error", () => session.destroy());
        session.once("close", over);
        session.once("goaway", over);
        session.setTimeout(limits.httpAnswerMsMax, () => session.close());
        resolve(session);
      });
    });
  }
}

/** None at all end the stream as well. */
function sendTrailers(stream: ClientHttp2Stream, { last }: RequestTrailers): void {
  try {
    const fields: Record<string, string | string[]> = {};
    for (const [name, value] of last()) fields[name] = name in fields ? [fields[name] ?? [], value].flat() : value;
    stream.sendTrailers(fields);
  } catch (error) {
    stream.destroy(error as Error);
  }
}

function tell(stream: ClientHttp2Stream, { host }: Place, sink: AnswerSink): void {
  let trailers: readonly string[] = [];
  let over = false;
  let cause: NodeJS.ErrnoException = new Error("it closed the stream without an answer");
  const failed = (error: NodeJS.ErrnoException): void => {
    if (over) return;
    over = true;
    sink.failed(new UpstreamFailed(failureText(host, error), true));
  };
  stream.on("headers", (headers) => {
    if (!over) sink.informed(Number(headers[":status"]), rawOf(headers));
  });
  stream.on("response", (headers) => {
    if (!over) sink.head(Number(headers[":status"] ?? 502), rawOf(headers));
  });
  stream.on("data", (chunk: Buffer) => {
    if (!over && !sink.data(chunk)) stream.pause();
  });
  stream.on("trailers", (headers) => {
    trailers = rawOf(headers);
  });
  stream.on("end", () => {
    // A stream that was given up ends too.
    if (over || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
    over = true;
    sink.end(trailers);
  });
  stream.on("error", (error) => {
    cause = error;
  });
  stream.on("close", () => failed(cause));
  stream.setTimeout(limits.httpAnswerMsMax, () => stream.destroy(new Error("it did not answer in time")));
}

function rawOf(headers: IncomingHttpHeaders): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(":") ? [] : [value ?? ""].flat().flatMap((each) => [name, String(each)]),
  );
}
