/**
 * An allowed request on its way and its answer on the way back, with what was put in taken out again, and the outcome recorded.
 * It judges nothing: what it writes is what was judged, with the secrets in their places.
 */
import { messageOf } from "../../base/message-of.ts";
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { type Transform, pipeline as pipelineWith, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Reason } from "../../model/decision.ts";
import type { Outcome } from "../../model/outcome.ts";
import { type ClientResponse, refusalAnswer, writeAnswer } from "./answers.ts";
import { boundsOf } from "./capabilities.ts";
import { answerHeaders, type HeaderPair } from "./codec/headers.ts";
import type { ExchangeParts, Prepared } from "./exchange.ts";
import type { Passing } from "./passing.ts";
import { type AnswerCount, AnswerTooLong, decoded, redacting } from "./response-body.ts";
import { type Came, UpstreamFailed } from "./upstream-port.ts";

/** Settles the admission and the ticket in every case. Never rejects. */
export async function forward(
  prepared: Prepared,
  response: ClientResponse,
  { admission, ticket, gone }: Passing & { readonly gone: AbortSignal },
  parts: ExchangeParts,
): Promise<void> {
  const { guard, clock } = parts.options;
  const began = clock.monotonic();
  const count: AnswerCount = { bytes: 0 };
  const settle = async (outcome: Outcome, how: "used" | "unknown" | "not_reached"): Promise<void> => {
    guard.settle(admission, outcome);
    await ticket?.end(how, outcome.status === "unknown" ? outcome.because : `it ${outcome.status}`).catch(() => undefined);
  };
  const measured = () => ({ elapsedMs: Math.max(0.001, clock.monotonic() - began), bytesReturned: count.bytes });
  try {
    const status = await carried(prepared, response, { ...boundsOf(admission), gone, count, changes: !admission.readOnly }, parts);
    const failed = status >= 400;
    // What a provider answers with an error has arrived all the same.
    await settle(
      failed ? { status: "failed", code: String(status), measured: measured() } : { status: "succeeded", measured: measured() },
      "used",
    );
  } catch (error) {
    const reached = error instanceof UpstreamFailed ? error.reached : true;
    const because = messageOf(error);
    const reason = reasonOf(because, reached, !admission.readOnly);
    writeAnswer(response, refusalAnswer(reason, { decision: "none", close: true }));
    if (reached && !admission.readOnly) await settle({ status: "unknown", because }, "unknown");
    else await settle({ status: "failed", code: reason.code, measured: measured() }, reached ? "used" : "not_reached");
  }
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
  readonly msMax: number | undefined;
  readonly gone: AbortSignal;
  readonly count: AnswerCount;
  readonly changes: boolean;
}

/** Resolves with the provider's status when its answer is through. */
async function carried(
  prepared: Prepared,
  response: ClientResponse,
  carrying: Carrying,
  { options, upstream }: ExchangeParts,
): Promise<number> {
  const { lane, request, target, body, taken } = prepared;
  const filled = await taken.sent(body.whole ? body.first : undefined);
  if (typeof filled === "string") throw new UpstreamFailed(filled, false);
  const plain = filled.secrets.length > 0 ? filled.headers.filter(([name]) => name !== "accept-encoding") : filled.headers;
  const asked: readonly HeaderPair[] = filled.secrets.length > 0 ? [...plain, ["accept-encoding", "identity"]] : plain;
  const { out, answer } = await upstream.send(
    {
      scheme: lane.scheme,
      place: lane.place,
      method: request.method,
      target: filled.target ?? target,
      headers: asked,
      bodyBytes: filled.body === undefined ? (body.whole ? body.first.length : null) : filled.body.bytes,
    },
    lane.http2,
    // A read is given up with its client; what may change something is seen to its end.
    carrying.changes ? new AbortController().signal : carrying.gone,
  );
  const timer =
    carrying.msMax === undefined ? undefined : setTimeout(() => out.destroy(new Error("it took longer than permitted")), carrying.msMax);
  try {
    const sending = sendBody(prepared, filled.body?.through(), out);
    // What was answered before all was sent counts.
    const came = await Promise.race([answer, sending.then(() => answer)]);
    await passBack(came, response, {
      ...carrying,
      cookies: !prepared.packed,
      redaction: filled.secrets.length === 0 ? undefined : options.broker.redaction(filled.secrets),
    });
    return came.status;
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}

/** Resolves when the last byte is handed over. */
async function sendBody({ body, rest }: Prepared, through: Transform | undefined, out: NodeJS.WritableStream): Promise<void> {
  if (body.whole && through === undefined) return void out.end(body.first);
  const source = body.whole ? Readable.from([body.first]) : rest;
  if (!body.whole) (through ?? out).write(body.first);
  await (through === undefined ? pipeline(source, out) : pipeline(source, through, out));
}

interface PassingBack extends Carrying {
  readonly redaction: ReturnType<ExchangeParts["options"]["broker"]["redaction"]> | undefined;
  /** A provider's cookie is a credential, and the client would bring it back as one that it found. */
  readonly cookies: boolean;
}

async function passBack(
  came: Came,
  response: ClientResponse,
  { redaction, cookies, bytesMax, count, changes }: PassingBack,
): Promise<void> {
  const encoding = redaction === undefined ? undefined : came.encoding;
  const steps: Transform[] | undefined = redaction === undefined ? [] : decoded(encoding);
  if (steps === undefined) {
    came.body.destroy();
    throw new UpstreamFailed("its answer is compressed in a way that is not looked into", true);
  }
  steps.push(redacting(redaction, { bytesMax, count }));
  const headers = answerHeaders(came.rawHeaders)
    .filter(([name]) => cookies || name !== "set-cookie")
    .filter(([name]) => steps.length === 1 || (name !== "content-encoding" && name !== "content-length"))
    .map(([name, value]): HeaderPair => [name, redaction?.header(value) ?? value]);
  const write = response as ServerResponse;
  if (response.destroyed) {
    // Nobody reads it any more: what the provider did is still seen.
    came.body.resume();
    if (!changes) return;
    await new Promise<void>((resolve) => came.body.once("close", resolve));
    return;
  }
  write.writeHead(came.status, gathered(headers));
  came.body.once("end", () => {
    const late = came.trailers();
    if (Object.keys(late).length > 0) write.addTrailers(late as OutgoingHttpHeaders);
  });
  try {
    await pipelineOf([came.body, ...steps], write);
  } catch (error) {
    response.destroy();
    if (error instanceof AnswerTooLong || !came.complete()) throw error;
  }
}

/** One entry a name: a name that stands twice keeps both. */
function gathered(headers: readonly HeaderPair[]): OutgoingHttpHeaders {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const before = all[name];
    all[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return all;
}

function pipelineOf(streams: readonly (Readable | Transform)[], last: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    pipelineWith([...streams, last] as never, (error: Error | null | undefined) => (error ? reject(error) : resolve()));
  });
}
