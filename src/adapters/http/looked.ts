/**
 * What a broker said of a request's body, as an answer: somebody else's credential, a placeholder where none is filled in, or a token that
 * Holdfast hands out itself. Nothing of it is sent.
 */
import type { AnsweredHere, FoundIn, RefusedHere } from "../../model/brokered.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import { type OwnAnswer, protocolRefused, type TextAnswer } from "./answers.ts";
import { authorityOf } from "./codec/authority.ts";
import type { Lane } from "./exchange.ts";
import { foundCredential } from "./found.ts";
import type { HttpOptions, PackedHost } from "./options.ts";

export interface LookedParts {
  readonly lane: Lane;
  readonly request: Omit<HttpRequest, "body">;
  readonly packed: PackedHost | undefined;
  readonly options: HttpOptions;
}

export async function lookedAnswer(
  looked: FoundIn | RefusedHere | AnsweredHere,
  { lane, request, packed, options }: LookedParts,
): Promise<OwnAnswer | TextAnswer> {
  switch (looked.kind) {
    case "found":
      return foundCredential(lane, { ...request, headers: [] }, { packed, slot: looked.slot }, options);
    case "refused":
      return refusedHere(looked);
    case "answered": {
      const { session, place, scheme } = lane;
      const { credential, status, text } = looked;
      const host = authorityOf(place, scheme);
      const provider = packed?.provider ?? "none";
      options.tokenAnswered({ session: session.session.id, caller: session.caller, provider, host, credential, status });
      return { status, text };
    }
  }
}

/** The session's own credential in a place or a form that is not sent. */
export function refusedHere({ because, next }: RefusedHere): OwnAnswer {
  const { reason, ...answer } = protocolRefused(`the request is not let through: ${because}`, 403);
  return { ...answer, reason: next === undefined ? reason : { ...reason, next } };
}
