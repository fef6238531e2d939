/**
 * One request from its head to its outcome: who and where, what it carries, what it would do, and only then the first byte upstream.
 * What was judged is what is sent. It opens no listener and holds no secret longer than it takes to write it.
 */
import { messageOf } from "../../base/message-of.ts";
import type { Readable } from "node:stream";
import type { HttpRequest } from "../../model/http-request.ts";
import type { Reason } from "../../model/decision.ts";
import { type ClientRequest, type ClientResponse, type OwnAnswer, protocolRefused, refusalAnswer, writeAnswer } from "./answers.ts";
import { capabilities } from "./capabilities.ts";
import { authorityOf, type Place } from "./codec/authority.ts";
import { type ReadHead, readRequestHead } from "./codec/headers.ts";
import { forward } from "./forward.ts";
import type { HttpSession } from "./http-session.ts";
import type { HttpOptions, PackedHost, Taken } from "./options.ts";
import { passing } from "./passing.ts";
import { BodyAborted, judgedBody, readBody, type ReadBody } from "./request-body.ts";
import type { Upstream } from "./upstream.ts";

/** Where a connection's requests lead, once it is known who sends them. */
export interface Lane {
  readonly scheme: "http" | "https";
  readonly place: Place;
  readonly session: HttpSession;
  /** The client came by HTTP/2. */
  readonly http2: boolean;
}

export interface ExchangeParts {
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
  readonly rest: Readable;
  readonly taken: Extract<Taken, { kind: "clean" }>;
  /** A pack knows the host. */
  readonly packed: boolean;
}

interface Both {
  readonly request: ClientRequest;
  readonly response: ClientResponse;
}

/** Answers in every case. Never rejects. `path` is the request's own, in whatever form it came. */
export function exchange(lane: Lane, path: string, both: Both, parts: ExchangeParts): Promise<void> {
  return lane.session.during(() => exchanged(lane, path, both, parts));
}

async function exchanged(lane: Lane, path: string, { request, response }: Both, parts: ExchangeParts): Promise<void> {
  try {
    const prepared = await prepare(lane, path, { request, response }, parts);
    if ("status" in prepared) return writeAnswer(response, prepared);
    await judged(prepared, response, parts);
  } catch (error) {
    if (error instanceof BodyAborted) return void response.destroy();
    const message = `a defect of Holdfast kept this from being judged: ${messageOf(error)}`;
    writeAnswer(response, refusalAnswer({ code: "internal", message }, { close: true }));
  }
}

async function prepare(lane: Lane, path: string, { request, response }: Both, parts: ExchangeParts): Promise<Prepared | OwnAnswer> {
  const { options } = parts;
  const { scheme, place, session } = lane;
  const head = readRequestHead(request.rawHeaders);
  if ("refused" in head) return protocolRefused(`the request is not let through: ${head.refused}`);
  if (head.upgrade !== undefined && !/^(h2c)?$/i.test(head.upgrade))
    return protocolRefused("the request is not let through: it wants to change the protocol, which is not passed on", 501);
  const barred = await session.caller.barred();
  if (barred !== undefined) return refusalAnswer({ code: "suspended", message: barred });
  const host = authorityOf(place, scheme);
  const method = request.method ?? "GET";
  const url = `${scheme}://${host}${path}`;
  const canonical = options.canonical(url);
  const packed = options.packOf(host);
  const sent = "refused" in canonical ? path : canonical.target;
  const taken = takenFrom(parts, { lane, packed, method, target: sent, head });
  const base = { method, url: "refused" in canonical ? url : `${scheme}://${host}${sent}`, headers: head.pairs };
  if (taken.kind === "found") return found(lane, { ...base, headers: [] }, { packed, slot: taken.slot }, parts);
  if (packed !== undefined && scheme === "http")
    return protocolRefused(`\`${host}\` is asked by https alone: what it is sent in clear text anybody on the way can read`, 403);
  if (request.headers.expect !== undefined) response.writeContinue();
  const body = await readBody(request, packed === undefined ? 0 : undefined);
  if (options.broker.holdsSecret(body.first)) return found(lane, { ...base, headers: [] }, { packed, slot: "its body" }, parts);
  const text = packed === undefined ? { body: "" } : judgedBody(body);
  return {
    lane,
    request: { ...base, headers: taken.judged, ...text },
    target: sent,
    body,
    rest: request,
    taken,
    packed: packed !== undefined,
  };
}

interface Looked {
  readonly lane: Lane;
  readonly packed: PackedHost | undefined;
  readonly method: string;
  readonly target: string;
  readonly head: ReadHead;
}

/** A host without a pack gets no credential of ours; one of ours is never let out to it all the same. */
function takenFrom({ options }: ExchangeParts, { lane, packed, method, target, head }: Looked): Taken {
  const { broker } = options;
  if (packed !== undefined) {
    const host = authorityOf(lane.place, lane.scheme);
    return broker.take(lane.session.caller, { packed, host, method, target, headers: head.pairs });
  }
  const text = [target, ...head.pairs.flat()].join("\n");
  if (broker.holdsSecret(Buffer.from(text))) return { kind: "found", slot: "its head" };
  return { kind: "clean", judged: head.pairs, sent: () => ({ headers: head.pairs, secrets: [] }) };
}

/** Refused and recorded whatever it would do, and told aloud. Nothing of the credential is in the record. */
async function found(
  { session, place, scheme }: Lane,
  request: Omit<HttpRequest, "body">,
  { packed, slot }: { readonly packed: PackedHost | undefined; readonly slot: string },
  { options }: ExchangeParts,
): Promise<OwnAnswer> {
  const host = authorityOf(place, scheme);
  const url = `${scheme}://${host}/`;
  const admission = await options.guard.admit(session.action({ ...request, url, body: "", credential: slot }), capabilities);
  options.alarm({ session: session.session.id, caller: session.caller, provider: packed?.provider ?? "none", host, slot });
  const reason: Reason = {
    code: admission.kind === "deny" ? admission.reason.code : "found_credential",
    message: `the request carries a credential that Holdfast did not give out, in ${slot}; nothing was sent`,
    next: "use the placeholder that the session has; a credential that turned up elsewhere is for a person to look at",
  };
  return refusalAnswer(reason, { close: true });
}

async function judged(prepared: Prepared, response: ClientResponse, parts: ExchangeParts): Promise<void> {
  const { guard } = parts.options;
  const { session } = prepared.lane;
  const gone = new AbortController();
  // After the last byte nobody waits any more.
  response.once("close", () => {
    if (!response.writableEnded) gone.abort();
  });
  const admission = await guard.admit(session.action(prepared.request), capabilities);
  const answered = await passing(admission, { session, request: prepared.request, gone: gone.signal }, parts.options);
  if ("status" in answered) return writeAnswer(response, answered);
  await forward(prepared, response, { ...answered, gone: gone.signal }, parts);
}
