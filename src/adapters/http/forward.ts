/**
 * An allowed request on its way and its answer on the way back, with what was put in taken out again, and the outcome recorded.
 * It judges nothing: what it writes is what was judged, with the secrets in their places.
 */
import { messageOf } from "../../base/message-of.ts";
import type { Reason } from "../../model/decision.ts";
import type { Outcome } from "../../model/outcome.ts";
import { AnswerPath } from "./answer-path.ts";
import { type ClientResponse, type OwnAnswer, refusalAnswer } from "./answers.ts";
import type { Allowed } from "../../pipeline/guard.ts";
import { boundsOf, carriesSql } from "./capabilities.ts";
import { authorityOf } from "./codec/authority.ts";
import type { ExchangeParts, Prepared } from "./exchange.ts";
import type { HeaderPair } from "./codec/headers.ts";
import type { Filled, HttpOptions } from "./options.ts";
import type { Passing } from "./passing.ts";
import { RowCounter } from "./row-counter.ts";
import { sendBody } from "./request-body.ts";
import { trailersOf } from "./request-trailers.ts";
import { type Outgoing, UpstreamFailed } from "./upstream-port.ts";

/** Whether its client waits no more. */
type Gone = Pick<AbortSignal, "aborted">;

/** Settles the admission and the ticket in every case; what nobody answered is for the caller to say. Never rejects. */
export async function forward(
  prepared: Prepared,
  response: ClientResponse,
  { admission, ticket, gone }: Passing & { readonly gone: Gone },
  parts: ExchangeParts,
): Promise<OwnAnswer | undefined> {
  const { guard, clock } = parts.options;
  const began = clock.monotonic();
  const changes = !admission.readOnly;
  const settle = async (outcome: Outcome, how: "used" | "unknown" | "not_reached"): Promise<void> => {
    guard.settle(admission, outcome);
    await ticket?.end(how, outcome.status === "unknown" ? outcome.because : `it ${outcome.status}`).catch(() => undefined);
  };
  const rows = counterOf(admission, prepared, parts);
  const { result, bytes } = await carried(prepared, response, { ...boundsOf(admission), rows, changes, gone }, parts);
  const counted = rows === undefined ? {} : { rowsReturned: rows.rows };
  const measured = { elapsedMs: Math.max(0.001, clock.monotonic() - began), bytesReturned: bytes, ...counted };
  if (!(result instanceof UpstreamFailed)) {
    // What a provider answers with an error has arrived all the same.
    if (result.status < 400) await settle({ status: "succeeded", measured }, "used");
    else await settle({ status: "failed", code: String(result.status), measured }, "used");
    return undefined;
  }
  const { message: because, reached } = result;
  const over: Reason | undefined =
    rows?.problem === undefined ? undefined : { code: "rows_returned_limit", message: because, next: "ask for fewer rows" };
  const reason = over ?? (result instanceof SecretMissing ? secretMissing(because) : reasonOf(because, reached, changes));
  if (reached && changes) await settle({ status: "unknown", because }, "unknown");
  else await settle({ status: "failed", code: reason.code, measured }, reached ? "used" : "not_reached");
  return refusalAnswer(reason, { decision: "none", close: true });
}

/** Of SQL alone that only reads: what a change moves is not told by what it returns. */
function counterOf(admission: Allowed, { request }: Prepared, { options }: ExchangeParts): RowCounter | undefined {
  const { rowsMax } = boundsOf(admission);
  if (rowsMax === undefined || !admission.readOnly || !carriesSql(admission)) return undefined;
  return new RowCounter(options.rowsOf(request) ?? [], rowsMax);
}

/** What would be sent is not to be had: it never goes out without. */
class SecretMissing extends UpstreamFailed {
  constructor(because: string) {
    super(because, false);
  }
}

function secretMissing(because: string): Reason {
  const next = "a person puts the secret right, or the provider's refusal; the same request can be sent again then";
  return { code: "credential_unavailable", message: `nothing was sent: ${because}`, next };
}

function reasonOf(because: string, reached: boolean, changes: boolean): Reason {
  if (reached && changes)
    return {
      code: "outcome_unknown",
      message: `the provider was lost after the request was sent, which may have taken effect: ${because}`,
      next: "look at what is there before it is sent again",
    };
  return { code: "host_not_reachable", message: `nothing came back: ${because}` };
}

interface Carrying {
  readonly bytesMax: number;
  readonly rows: RowCounter | undefined;
  readonly msMax: number | undefined;
  readonly changes: boolean;
  readonly gone: Gone;
}

interface Carried {
  /** The provider's status, once its answer is through. */
  readonly result: { readonly status: number } | UpstreamFailed;
  readonly bytes: number;
}

/** Never rejects. */
async function carried(prepared: Prepared, response: ClientResponse, carrying: Carrying, parts: ExchangeParts): Promise<Carried> {
  let path: AnswerPath | undefined;
  try {
    const { body, taken } = prepared;
    const { changes, gone } = carrying;
    const made = taken.sent(body.whole ? body.first : undefined);
    const filled = made instanceof Promise ? await made : made;
    if (typeof filled === "string") throw new SecretMissing(filled);
    // A read is given up with its client; what may change something is seen to its end.
    if (gone.aborted && !changes) throw new UpstreamFailed("the client has gone", false);
    return await new Promise<Carried>((resolve, reject) => {
      const own = new AnswerPath({
        response,
        redaction: filled.secrets.length === 0 ? undefined : parts.options.broker.redaction(filled.secrets),
        cookies: !prepared.packed,
        bytesMax: carrying.bytesMax,
        rows: carrying.rows,
        toItsEnd: changes,
        over: (result) => resolve({ result, bytes: own.bytes }),
      });
      path = own;
      void sent(own, filled, { prepared, response, carrying, parts }).catch(reject);
    });
  } catch (error) {
    const result = error instanceof UpstreamFailed ? error : new UpstreamFailed(messageOf(error), true);
    return { result, bytes: path?.bytes ?? 0 };
  }
}

interface Sending {
  readonly prepared: Prepared;
  readonly response: ClientResponse;
  readonly carrying: Carrying;
  readonly parts: ExchangeParts;
}

/** Rejects where nothing was sent. */
async function sent(path: AnswerPath, filled: Filled, { prepared, response, carrying, parts }: Sending): Promise<void> {
  const { body, rest, lane } = prepared;
  const given = parts.upstream.send(outgoingOf(prepared, filled, parts.options), lane.http2, path);
  const request = given instanceof Promise ? await given : given;
  path.of(request);
  response.once("close", () => path.left());
  if (carrying.msMax !== undefined) path.within(carrying.msMax);
  const secret = (bytes: Buffer): boolean => secretIn(bytes, prepared, parts);
  if (request.out !== undefined) sendBody(body, rest, { out: request.out, through: filled.body?.through(), secret });
}

/** What is streamed on is looked at as it goes: the beginning of it was judged before there was an end. */
function secretIn(bytes: Buffer, { lane, packed }: Prepared, { options }: ExchangeParts): boolean {
  if (!options.broker.holdsSecret(bytes)) return false;
  const { session, place, scheme } = lane;
  const host = authorityOf(place, scheme);
  const provider = packed ? (options.packOf(host)?.provider ?? "none") : "none";
  options.alarm({ session: session.session.id, caller: session.caller, provider, host, slot: "its body" });
  return true;
}

function outgoingOf(prepared: Prepared, filled: Filled, options: HttpOptions): Outgoing {
  const { lane, request, target, body } = prepared;
  const own = trailersOf(prepared, options);
  const trailers = own === undefined || filled.body === undefined ? own : { ...own, last: () => none(own.last()) };
  const whole = body.whole && filled.body === undefined && trailers === undefined;
  const bytes = body.whole && trailers !== undefined ? null : body.bytes;
  return {
    scheme: lane.scheme,
    place: lane.place,
    method: request.method,
    target: filled.target ?? target,
    headers: filled.secrets.length === 0 ? filled.headers : readable(filled.headers),
    body: whole ? body.first : { bytes: filled.body === undefined ? bytes : filled.body.bytes },
    ...(trailers === undefined ? {} : { trailers }),
  };
}

/** A body that is made anew on its way has the end that it is made with. */
function none(trailers: readonly HeaderPair[]): readonly HeaderPair[] {
  if (trailers.length > 0) throw new Error("trailers do not follow a body that is signed, or that a secret is put into");
  return trailers;
}

/** What comes back must be looked at. */
function readable(headers: Filled["headers"]): Filled["headers"] {
  // gRPC compresses each message by itself.
  const asked = headers.map(([name, value]): HeaderPair => (name === "grpc-accept-encoding" ? [name, "identity"] : [name, value]));
  return [...asked.filter(([name]) => name !== "accept-encoding"), ["accept-encoding", "identity"]];
}
