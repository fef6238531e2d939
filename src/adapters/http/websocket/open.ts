/**
 * A WebSocket that may be opened: the handshake with the provider, then with the client, then both joined, and the outcome of the whole.
 * What a provider answers in place of it goes back to the client. It judges no handshake: that was done as for any request.
 */
import type { Socket } from "node:net";
import { messageOf } from "../../../base/message-of.ts";
import type { Outcome } from "../../../model/outcome.ts";
import { type ClientResponse, refusalAnswer, writeAnswer, writeHead } from "../answers.ts";
import { boundsOf, capabilities } from "../capabilities.ts";
import { answerFields, type HeaderPair } from "../codec/headers.ts";
import { authorityOf } from "../codec/authority.ts";
import type { ExchangeParts, Prepared } from "../exchange.ts";
import { foundCredential } from "../found.ts";
import { identified } from "../identify.ts";
import type { PackedHost, Redaction } from "../options.ts";
import { type Passing, passing as passingOf } from "../passing.ts";
import { UpstreamFailed } from "../upstream-port.ts";
import type { Course, RelayEnd } from "./course.ts";
import { dial, type Dialling, type Switched } from "./dial.ts";
import { GraphqlAct } from "./graphql-act.ts";
import { GraphqlCourse } from "./graphql-course.ts";
import { graphqlProtocols, isGraphqlProtocol } from "./graphql-messages.ts";
import { acceptOf, readSwitch, type WebSocketAsked } from "./handshake.ts";
import { PlainCourse, type PlainParts } from "./plain-course.ts";
import { relay } from "./relay.ts";

/** A client's connection that wants to become a WebSocket. */
export interface Opening {
  readonly asked: WebSocketAsked;
  readonly packed: PackedHost;
  /** Takes the socket out of HTTP's hands, with what it said already in front. */
  readonly release: () => Socket;
}

export interface Opened {
  readonly passing: Passing;
  /** The client has gone before it was opened. */
  readonly gone: AbortSignal;
}

/** Settles the admission and the ticket in every case. Never rejects. */
export async function openWebSocket(
  prepared: Prepared,
  opening: Opening,
  response: ClientResponse,
  { passing, gone }: Opened,
  parts: ExchangeParts,
): Promise<void> {
  const { guard, clock } = parts.options;
  const { admission, ticket } = passing;
  const began = clock.monotonic();
  const settle = async (outcome: Outcome, how: "used" | "unknown" | "not_reached"): Promise<void> => {
    guard.settle(admission, outcome);
    await ticket?.end(how, outcome.status === "unknown" ? outcome.because : `it ${outcome.status}`).catch(() => undefined);
  };
  const measured = (bytesReturned = 0) => ({ elapsedMs: Math.max(0.001, clock.monotonic() - began), bytesReturned });
  try {
    const { bytes, outcome } = await opened(prepared, opening, response, { passing, gone }, parts);
    if (outcome === "succeeded") await settle({ status: outcome, measured: measured(bytes) }, "used");
    else if (!admission.readOnly && "because" in outcome) await settle({ status: "unknown", because: outcome.because }, "unknown");
    else await settle({ status: "failed", code: outcome.code, measured: measured(bytes) }, "used");
  } catch (error) {
    const reached = error instanceof UpstreamFailed ? error.reached : true;
    const because = messageOf(error);
    const unclear = reached && !admission.readOnly;
    const next = "look at what is there before it is sent again";
    const message = unclear ? `the provider was lost after the request was sent: ${because}` : `nothing came back: ${because}`;
    const reason = unclear ? { code: "outcome_unknown" as const, message, next } : { code: "host_not_reachable" as const, message };
    writeAnswer(response, refusalAnswer(reason, { decision: "none", close: true }));
    if (unclear) await settle({ status: "unknown", because }, "unknown");
    else await settle({ status: "failed", code: reason.code, measured: measured() }, reached ? "used" : "not_reached");
  }
}

interface Ended {
  readonly bytes: number;
  readonly outcome: "succeeded" | { readonly code: string; readonly because?: string };
}

async function opened(
  prepared: Prepared,
  opening: Opening,
  response: ClientResponse,
  { passing, gone }: Opened,
  parts: ExchangeParts,
): Promise<Ended> {
  const { options, upstream } = parts;
  const { lane, target, taken } = prepared;
  const filled = await taken.sent(undefined);
  if (typeof filled === "string") throw new UpstreamFailed(filled, false);
  const put = new Set(filled.secrets);
  // A new one for each message: what was put in later must not come back either.
  const redaction = (): Redaction | undefined => (put.size === 0 ? undefined : options.broker.redaction([...put]));
  const dialling: Dialling = {
    place: lane.place,
    target: filled.target ?? target,
    headers: filled.headers.filter(([name]) => name !== "accept-encoding"),
    gone,
  };
  const came = await dial(dialling, { upstream, random: options.random });
  const { fields, encoding } = answerFields(came.rawHeaders, { cookies: false, redaction: redaction() });
  if (came.kind === "answered") {
    const masked = redaction();
    const whole = masked === undefined ? came.body : Buffer.concat([masked.step(came.body), masked.end()]);
    // Compressed, it could hold what was put in: nobody asked for that.
    const body = encoding === undefined ? whole : Buffer.alloc(0);
    writeHead(response, came.status, withLength(fields, body.length));
    response.end(body);
    const outcome = came.status < 400 ? "succeeded" : { code: String(came.status) };
    return { bytes: body.length, outcome };
  }
  const { protocol } = switched(came, opening.asked);
  const client = opening.release();
  client.write(switchText(opening.asked.key, protocol, fields), "latin1");
  const { bytesMax, msMax } = boundsOf(passing.admission);
  const looked: PlainParts = {
    take: (message) =>
      options.broker.message(lane.session.caller, { ...message, packed: opening.packed, host: authorityOf(lane.place, "https") }),
    holdsSecret: (bytes) => options.broker.holdsSecret(bytes),
    found: async (slot) => {
      const request = { method: "GET", url: prepared.request.url, headers: [] };
      await foundCredential(lane, request, { packed: opening.packed, slot }, options);
    },
    put: (secrets) => {
      for (const secret of secrets) put.add(secret);
    },
  };
  const { bytes, end } = await relay({
    client,
    server: came.socket,
    course: courseOf(protocol, prepared, { looked, redaction, parts }),
    mask: () => options.random(4),
    redaction,
    bytesMax,
    msMax,
    barred: () => lane.session.caller.barred(),
    refused: (payload) => options.broker.holdsSecret(payload),
    clock: options.clock,
  });
  return { bytes, outcome: outcomeOf(end) };
}

/** Rejects what is no answer to what was asked. */
function switched({ socket, key, rawHeaders }: Switched, asked: WebSocketAsked): { readonly protocol: string | undefined } {
  const headers = rawHeaders.flatMap((name, at): HeaderPair[] => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ""]] : []));
  const read = readSwitch(headers, key, asked);
  // Without a name for it, what goes over it could be GraphQL that nobody reads.
  const unnamed = "protocol" in read && read.protocol === undefined && asked.protocols.some((each) => isGraphqlProtocol(each));
  if (!("refused" in read) && !unnamed) return read;
  socket.destroy();
  throw new UpstreamFailed("refused" in read ? read.refused : `it chose none of ${graphqlProtocols.join(" and ")}`, true);
}

function courseOf(
  protocol: string | undefined,
  { lane, request, raw }: Prepared,
  {
    looked,
    redaction,
    parts,
  }: { readonly looked: PlainParts; readonly redaction: () => Redaction | undefined; readonly parts: ExchangeParts },
): Course {
  if (!isGraphqlProtocol(protocol)) return new PlainCourse(looked);
  const { options } = parts;
  const { guard, clock } = options;
  const { session } = lane;
  return new GraphqlCourse({
    ...looked,
    protocol,
    url: request.url,
    redaction,
    admit: async (asked, { gone, header }) => {
      const headers = header === undefined ? raw : [...raw.filter(([name]) => name !== header[0]), header];
      const known = await identified(asked, { ...parts, session, headers, gone });
      const admission = await guard.admit(session.action(known.request), capabilities);
      return passingOf(admission, { session, ...known, gone }, options);
    },
    act: (passing, cut) => new GraphqlAct(passing, { guard, clock, cut }),
  });
}

function outcomeOf(end: RelayEnd): Ended["outcome"] {
  switch (end.kind) {
    case "closed":
      return "succeeded";
    case "lost":
      return { code: "host_not_reachable", because: "the provider was lost while its WebSocket was open" };
    case "stopped":
      return { code: "protocol_refused", because: `its WebSocket was ended: ${end.because}` };
  }
}

function withLength(fields: readonly string[], bytes: number): string[] {
  const kept = fields.filter((_, at) => fields[at - (at % 2)] !== "content-length");
  return [...kept, "content-length", String(bytes)];
}

function switchText(key: string, protocol: string | undefined, fields: readonly string[]): string {
  let head = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${acceptOf(key)}\r\n`;
  if (protocol !== undefined) head += `sec-websocket-protocol: ${protocol}\r\n`;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    if (!/^(sec-websocket-.*|content-length)$/.test(fields[at] ?? "")) head += `${fields[at]}: ${fields[at + 1]}\r\n`;
  }
  return `${head}\r\n`;
}
