/**
 * Trailers of a request: fields that come after its body. Those that came before it was judged are judged like headers; later ones may only
 * be sums over the body, which change nothing of what it asks for.
 * It takes nothing out: what may not go on stops the request.
 */
import type { FoundIn, RefusedHere } from "../../model/brokered.ts";
import { authorityOf } from "./codec/authority.ts";
import { type HeaderPair, trailerPairs } from "./codec/headers.ts";
import type { RequestTrailers } from "./codec/request-head.ts";
import type { Prepared } from "./exchange.ts";
import type { Broker, HttpOptions } from "./options.ts";

/** In any protocol's words: RFC 9530, and what stores of objects call theirs. */
const SUM = /^(content-|repr-)?digest$|(^|-)(sum|checksum|hash|md5|sha1|sha256|crc32c?|crc64nvme)(-|$)/;

/** As they are judged and sent, or why nothing is. */
export function takeTrailers(
  raw: readonly string[],
  packed: Parameters<Broker["trailers"]>[0],
  broker: Broker,
): readonly HeaderPair[] | FoundIn | RefusedHere {
  if (raw.length === 0) return [];
  const read = trailerPairs(raw);
  if ("broken" in read) return { kind: "refused", because: read.broken };
  const found = broker.trailers(packed, read.pairs);
  if (found !== undefined) return found;
  return read.odd === undefined ? read.pairs : { kind: "refused", because: `its trailer \`${read.odd}\` belongs into its head` };
}

/** For the way to the provider; absent where there are none and can be none. */
export function trailersOf(prepared: Prepared, options: HttpOptions): RequestTrailers | undefined {
  const { trailers = [], body, rest } = prepared;
  if (body.whole) return trailers.length === 0 ? undefined : { names: namesOf(trailers), last: () => trailers };
  if (rest.rawTrailers === undefined) return undefined;
  return { names: "", last: () => lateTrailers(rest.rawTrailers ?? [], prepared, options) };
}

/** Throws where the request must not come to its end. */
function lateTrailers(raw: readonly string[], { lane, packed }: Prepared, { packOf, broker, alarm }: HttpOptions): readonly HeaderPair[] {
  const { session, place, scheme } = lane;
  const host = authorityOf(place, scheme);
  const known = packed ? packOf(host) : undefined;
  const taken = takeTrailers(raw, known, broker);
  if (!("kind" in taken)) {
    const unjudged = packed ? taken.find(([name]) => !SUM.test(name)) : undefined;
    if (unjudged === undefined) return taken;
    throw new Error(`its trailer \`${unjudged[0]}\` came after it was judged, and is no sum over its body`);
  }
  if (taken.kind === "refused") throw new Error(taken.because);
  alarm({ session: session.session.id, caller: session.caller, provider: known?.provider ?? "none", host, slot: taken.slot });
  throw new Error("its trailers hold a secret, and it was cut off before the end of it");
}

function namesOf(trailers: readonly HeaderPair[]): string {
  return [...new Set(trailers.map(([name]) => name))].join(", ");
}
