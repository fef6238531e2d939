/**
 * One request from its head to its outcome: who and where, what it carries, what it would do, and only then the first byte upstream.
 * What was judged is what is sent. It opens no listener and holds no secret longer than it takes to write it.
 */
import { messageOf } from "../../base/message-of.ts";
import type { Readable } from "node:stream";
import type { HttpRequest } from "../../model/http-request.ts";
import {
  type ClientRequest,
  type ClientResponse,
  inForm,
  type OwnAnswer,
  protocolRefused,
  refusalAnswer,
  type TextAnswer,
  writeAnswer,
  writeText,
} from "./answers.ts";
import { capabilities } from "./capabilities.ts";
import { authorityOf, type Place } from "./codec/authority.ts";
import { type HeaderPair, type ReadHead, readRequestHead } from "./codec/headers.ts";
import type { Crowd } from "./crowd.ts";
import { forward } from "./forward.ts";
import { foundCredential } from "./found.ts";
import type { HttpSession } from "./http-session.ts";
import { type KnownHeads, keepable } from "./known-heads.ts";
import { Leaving } from "./leaving.ts";
import { isGrpc, wholeMessages } from "./grpc.ts";
import { identified } from "./identify.ts";
import type { BrokerRequest, HttpOptions, PackedHost, Taken } from "./options.ts";
import { lookedAnswer, refusedHere } from "./looked.ts";
import { passing, passingNow } from "./passing.ts";
import { judgedBody } from "./judged-body.ts";
import { BodyAborted, NO_BODY, readBody, type ReadBody, UNREAD } from "./request-body.ts";
import { takeTrailers } from "./request-trailers.ts";
import type { Upstream } from "./upstream.ts";
import { isCredentialProtocol } from "./websocket/handshake.ts";
import { type Opening, openWebSocket } from "./websocket/open.ts";
import { upgradeOf, type Upgraded } from "./websocket/upgraded.ts";

/** Where a connection's requests lead, once it is known who sends them. */
export interface Lane {
  readonly scheme: "http" | "https";
  readonly place: Place;
  readonly session: HttpSession;
  /** The client came by HTTP/2. */
  readonly http2: boolean;
}

export interface ExchangeParts {
  readonly crowd: Crowd;
  readonly heads: KnownHeads;
  readonly options: HttpOptions;
  readonly upstream: Upstream;
}

/** What is about to be judged and sent. */
export interface Prepared {
  readonly lane: Lane;
  readonly request: HttpRequest;
  /** Path and query in the form that was judged. */
  readonly target: string;
  readonly body: ReadBody;
  /** Those of a body that was read before the judgement, which are part of it. */
  readonly trailers?: readonly HeaderPair[];
  readonly rest: Readable & { readonly rawTrailers?: readonly string[] };
  readonly taken: Extract<Taken, { kind: "clean" }>;
  /** The headers as they came. */
  readonly raw: readonly HeaderPair[];
  /** A pack knows the host. */
  readonly packed: boolean;
  /** What the broker was asked, of such a host. */
  readonly asked?: BrokerRequest | undefined;
  /** It asks for a WebSocket. */
  readonly opening: Opening | undefined;
}

interface Both {
  readonly request: ClientRequest;
  readonly response: ClientResponse;
  /** Where it wants to change the protocol. */
  readonly upgraded?: Upgraded;
}

/** Answers in every case. Never rejects. `path` is the request's own, in whatever form it came. */
export function exchange(lane: Lane, path: string, both: Both, parts: ExchangeParts): Promise<void> {
  return lane.session.during(() => exchanged(lane, path, both, parts));
}

async function exchanged(lane: Lane, path: string, both: Both, parts: ExchangeParts): Promise<void> {
  const { response } = both;
  const { crowd } = parts;
  const { name } = lane.session.caller.principal;
  const crowded = crowd.enter(name);
  const answer = (own: OwnAnswer): void => writeAnswer(response, formedFor(lane, path, both.request, own, parts.options));
  if (crowded !== undefined) return answer(refusalAnswer(crowded));
  try {
    const prepared = await prepare(lane, path, both, parts);
    if ("text" in prepared) return writeText(response, prepared);
    if ("status" in prepared) return answer(prepared);
    const refused = await judged(prepared, response, parts);
    if (refused !== undefined) answer(refused);
  } catch (error) {
    if (error instanceof BodyAborted) return void response.destroy();
    const message = `a defect of Holdfast kept this from being judged: ${messageOf(error)}`;
    answer(refusalAnswer({ code: "internal", message }, { close: true }));
  } finally {
    crowd.leave(name);
  }
}

async function prepare(lane: Lane, path: string, both: Both, parts: ExchangeParts): Promise<Prepared | OwnAnswer | TextAnswer> {
  const { caller } = lane.session;
  const { heads, options } = parts;
  const key = both.upgraded === undefined ? heads.keyOf(lane, path, both.request) : undefined;
  const known = key === undefined ? undefined : heads.find(caller, key);
  if (known !== undefined) {
    const barred = await caller.barred();
    if (barred !== undefined) return refusalAnswer({ code: "suspended", message: barred });
    if (options.broker.take(caller, known.asked) === known.taken)
      return { ...known, lane, body: NO_BODY, rest: both.request, packed: true, opening: undefined };
  }
  const prepared = await readAnew(lane, path, both, parts);
  const head = key === undefined ? undefined : keepable(prepared);
  if (key !== undefined && head !== undefined) heads.keep(caller, key, head);
  return prepared;
}

async function readAnew(lane: Lane, path: string, both: Both, parts: ExchangeParts): Promise<Prepared | OwnAnswer | TextAnswer> {
  const { request, response } = both;
  const { options } = parts;
  const { scheme, place, session } = lane;
  const read = readRequestHead(request.rawHeaders);
  if ("refused" in read) return protocolRefused(`the request is not let through: ${read.refused}`);
  const upgrade = upgradeOf(request.method ?? "GET", read, both.upgraded);
  if ("refused" in upgrade) return protocolRefused(`the request is not let through: ${upgrade.refused}`, 501);
  const { asked } = upgrade;
  const barred = await session.caller.barred();
  if (barred !== undefined) return refusalAnswer({ code: "suspended", message: barred });
  const host = authorityOf(place, scheme);
  const method = request.method ?? "GET";
  const url = `${scheme}://${host}${path}`;
  const canonical = options.canonical(url);
  const packed = options.packOf(host);
  const head = withoutClient(upgrade.head, packed);
  const sent = "refused" in canonical ? path : canonical.target;
  const brokered = packed === undefined ? undefined : { packed, host, method, target: sent, headers: head.pairs, framing: head.framing };
  const taken: Taken =
    asked?.protocols.some(isCredentialProtocol) === true
      ? { kind: "found", slot: "the header sec-websocket-protocol" }
      : brokered === undefined
        ? unpacked(options, sent, head)
        : options.broker.take(session.caller, brokered);
  const assigned = packed?.assigned === true ? { provider: packed.provider } : {};
  const base = { method, url: "refused" in canonical ? url : `${scheme}://${host}${sent}`, headers: head.pairs, ...assigned };
  if (taken.kind === "found") return foundCredential(lane, { ...base, headers: [] }, { packed, slot: taken.slot }, options);
  if (taken.kind === "refused") return refusedHere(taken);
  if (packed === undefined && asked !== undefined)
    return protocolRefused("the request is not let through: a WebSocket goes to hosts that a pack knows", 501);
  if (packed !== undefined && scheme === "http")
    return protocolRefused(`\`${host}\` is asked by https alone: what it is sent in clear text anybody on the way can read`, 403);
  if (request.headers.expect !== undefined) response.writeContinue();
  const body = await bodyOf(request, head, { lane, packed, taken, byPath: () => options.readsByPath({ ...base, headers: taken.judged }) });
  const opened = taken.opened?.(body) ?? body;
  if (typeof opened === "string") return protocolRefused(`the request is not let through: ${opened}`, 403);
  if (options.broker.holdsSecret(body.first) || (opened !== body && options.broker.holdsSecret(opened.first)))
    return foundCredential(lane, { ...base, headers: [] }, { packed, slot: "its body" }, options);
  const looked = taken.looked?.(opened);
  if (looked !== undefined) return lookedAnswer(looked, { lane, request: base, packed, options });
  const trailers = body.whole ? takeTrailers(request.rawTrailers, packed, options.broker) : [];
  if ("kind" in trailers) return lookedAnswer(trailers, { lane, request: base, packed, options });
  const text = packed === undefined ? { body: "" } : judgedBody(opened, new Map(taken.judged));
  return {
    lane,
    request: {
      ...base,
      ...judgedUrl(`${scheme}://${host}`, taken.judgedTarget),
      headers: asked === undefined ? [...taken.judged, ...trailers] : [["upgrade", "websocket"], ...taken.judged],
      ...text,
    },
    target: sent,
    body,
    trailers,
    rest: request,
    taken,
    raw: head.pairs,
    packed: packed !== undefined,
    asked: brokered,
    opening: asked === undefined || packed === undefined || both.upgraded === undefined ? undefined : { asked, packed, ...both.upgraded },
  };
}

interface BodyParts {
  readonly lane: Lane;
  readonly packed: PackedHost | undefined;
  readonly taken: Extract<Taken, { kind: "clean" }>;
  readonly byPath: () => boolean;
}

async function bodyOf(request: ClientRequest, head: ReadHead, { lane, packed, taken, byPath }: BodyParts): Promise<ReadBody> {
  if (bodiless(lane, head)) return NO_BODY;
  if (packed === undefined) return readBody(request, bytesOf(head), { bytesMax: 0 });
  const { readBytesMax: bytesMax } = taken;
  if (!isGrpc(request.headers["content-type"])) return readBody(request, bytesOf(head), bytesMax === undefined ? {} : { bytesMax });
  return byPath() ? UNREAD : readBody(request, bytesOf(head), { enough: wholeMessages });
}

function judgedUrl(origin: string, target: string | undefined): { readonly url?: string } {
  return target === undefined ? {} : { url: `${origin}${target}` };
}

function formedFor({ place, scheme }: Lane, path: string, { headers }: ClientRequest, own: OwnAnswer, { packOf }: HttpOptions): OwnAnswer {
  const host = authorityOf(place, scheme);
  return inForm(own, packOf(host)?.refusals, { host, path, header: (name) => headers[name]?.toString() });
}

function withoutClient(head: ReadHead, { clientHeaders = [] }: Partial<PackedHost> = {}): ReadHead {
  return clientHeaders.length === 0 ? head : { ...head, pairs: head.pairs.filter(([name]) => !clientHeaders.includes(name)) };
}

/** HTTP/1.1 says in the head whether there is a body. */
function bodiless({ http2 }: Lane, { framing }: ReadHead): boolean {
  return !http2 && framing.kind === "none";
}

function bytesOf({ framing }: ReadHead): number | null {
  return framing.kind === "length" ? framing.bytes : null;
}

/** A host without a pack gets no credential of ours; one of ours is never let out to it all the same. */
function unpacked({ broker }: HttpOptions, target: string, { pairs }: ReadHead): Taken {
  const text = [target, ...pairs.flat()].join("\n");
  if (broker.holdsSecret(Buffer.from(text))) return { kind: "found", slot: "its head" };
  return { kind: "clean", judged: pairs, sent: () => ({ headers: pairs, secrets: [] }) };
}

/** What is to be said in place of an answer of the provider, where it was not sent. */
async function judged(prepared: Prepared, response: ClientResponse, parts: ExchangeParts): Promise<OwnAnswer | undefined> {
  const { guard } = parts.options;
  const { session } = prepared.lane;
  const gone = new Leaving(response);
  const action = session.action(prepared.request);
  // Only reads are answered at once, and nobody is asked about the things of a read.
  const before = prepared.packed && prepared.opening === undefined ? guard.admitNow(action, capabilities) : undefined;
  const atOnce = before === undefined ? undefined : passingNow(before, () => parts.options.rowsOf(prepared.request) !== undefined);
  if (atOnce !== undefined) return forward(prepared, response, { ...atOnce, gone }, parts);
  const { signal } = gone;
  const known =
    prepared.packed && before === undefined
      ? await identified(prepared.request, { ...parts, session, headers: prepared.raw, gone: signal })
      : { request: prepared.request };
  const admission = before ?? (await guard.admit(session.about(action, known.request), capabilities));
  const answered = await passing(admission, { session, ...known, gone: signal }, parts.options);
  if ("status" in answered) return answered;
  if (prepared.opening === undefined) return forward(prepared, response, { ...answered, gone }, parts);
  await openWebSocket(prepared, prepared.opening, response, { passing: answered, gone: signal }, parts);
  return undefined;
}
