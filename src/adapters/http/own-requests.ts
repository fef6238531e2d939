/**
 * Requests of Holdfast itself to the provider that a client's request goes to: by the same way, with the broker's secret and nothing of the
 * client's. It knows neither packs nor what an answer means; an answer is read whole, within a bound of size and time.
 */
import { messageOf } from "../../base/message-of.ts";
import { placeOf } from "./codec/authority.ts";
import type { HeaderPair } from "./codec/headers.ts";
import type { OwnAsked, OwnReply, Broker, Caller, HttpOptions } from "./options.ts";
import type { Upstream } from "./upstream.ts";
import { wholeAnswer } from "./whole-answer.ts";

const ASK_MS_MAX = 4_000;

export interface OwnRequestParts {
  readonly options: Pick<HttpOptions, "broker" | "packOf" | "canonical">;
  readonly upstream: Pick<Upstream, "send">;
  readonly caller: Caller;
  /** As the client sent them: where its placeholder stands, the secret will. */
  readonly headers: readonly HeaderPair[];
  readonly gone: AbortSignal;
}

/** A sentence where nothing came back. Never rejects. */
export async function ownRequest(asked: OwnAsked, parts: OwnRequestParts): Promise<OwnReply | string> {
  const { options, caller, headers } = parts;
  const { method, host, body = "", contentType, headers: more = [] } = asked;
  try {
    const packed = options.packOf(host);
    const place = placeOf(host, 443);
    const canonical = options.canonical(`https://${host}${asked.target}`);
    if (packed === undefined || place === undefined || "refused" in canonical) return "it cannot be asked in a form that is let through";
    const credentials = credentialsOf(options.broker, { caller, packed, host, headers });
    const own: readonly HeaderPair[] = [
      ...credentials,
      ["accept", "application/json"],
      ["user-agent", "holdfast"],
      ...(contentType === undefined ? [] : [["content-type", contentType] as const]),
      ...more,
    ];
    const { target } = canonical;
    const taken = options.broker.take(caller, { packed, host, method, target, headers: own, own: true });
    if (taken.kind !== "clean") return "no secret of this session is for it";
    const bytes = Buffer.from(body);
    const filled = await taken.sent(bytes);
    if (typeof filled === "string") return filled;
    if (filled.secrets.length === 0) return "no secret of this session is for it";
    const outgoing = { scheme: "https" as const, place, method, target: filled.target ?? target, body: bytes };
    const all: readonly HeaderPair[] = [...filled.headers, ["accept-encoding", "identity"]];
    const reply = await wholeAnswer({ ...outgoing, headers: all }, { ...parts, msMax: ASK_MS_MAX, goneBecause: "the client has gone" });
    if (typeof reply === "string") return reply;
    const redaction = options.broker.redaction(filled.secrets);
    const text = Buffer.concat([redaction.step(reply.bytes), redaction.end()]).toString("utf8");
    return { status: reply.status, text };
  } catch (error) {
    return messageOf(error);
  }
}

interface Whose {
  readonly caller: Caller;
  readonly packed: Parameters<Broker["take"]>[1]["packed"];
  readonly host: string;
  readonly headers: readonly HeaderPair[];
}

/** Of the client's headers those alone in which the broker finds its placeholder. */
function credentialsOf(broker: Broker, { caller, packed, host, headers }: Whose): readonly HeaderPair[] {
  return headers.filter((pair) => {
    const bare = broker.take(caller, { packed, host, method: "GET", target: "/", headers: [pair], own: true });
    return bare.kind === "clean" && !bare.judged.some(([name]) => name === pair[0]);
  });
}
