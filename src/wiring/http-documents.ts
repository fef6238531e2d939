/**
 * GraphQL documents that clients name by their digest alone, once a request has shown them whole. A digest is of one document, whoever
 * showed it, so that nothing is trusted but the arithmetic.
 * It judges nothing, and forgets the oldest.
 */
import { limits } from "../base/limits.ts";
import { sha256Hex } from "../base/canonical.ts";
import { documentsIn, speaksGraphql } from "../effects/graphql/envelope.ts";
import { canonicalRequest } from "../effects/http/canonical-request.ts";
import { packOf } from "../effects/http/pack-of.ts";
import type { Action, HttpPayload } from "../model/action.ts";
import type { Guard } from "../pipeline/guard.ts";

export class SeenDocuments {
  readonly #known = new Map<string, string>();

  /** The same guard, with the documents that requests name put beside them. */
  naming(guard: Guard): Guard {
    const { admitApproved } = guard;
    return {
      ...guard,
      admit: (action, can) => guard.admit(this.#named(action), can),
      admitNow: (action, can) => guard.admitNow(this.#named(action), can),
      ...(admitApproved === undefined
        ? {}
        : { admitApproved: (action, can, approved) => admitApproved(this.#named(action), can, approved) }),
    };
  }

  #named(action: Action): Action {
    const { payload } = action;
    if (payload.kind !== "http") return action;
    const request = canonicalRequest(payload.request);
    const pack = "refused" in request ? undefined : packOf(request.host, request.provider);
    if ("refused" in request || pack === undefined || !speaksGraphql(pack, request.path)) return action;
    const { shown, named } = documentsIn(request);
    for (const document of shown) this.#keep(document);
    const documents = new Map(named.flatMap((digest) => (this.#known.has(digest) ? [[digest, this.#known.get(digest) ?? ""]] : [])));
    return documents.size === 0 ? action : { ...action, payload: { ...payload, documents } satisfies HttpPayload };
  }

  #keep(document: string): void {
    if (document.length > limits.graphqlSeenCharactersMax) return;
    const digest = sha256Hex(document);
    this.#known.delete(digest);
    this.#known.set(digest, document);
    if (this.#known.size > limits.graphqlSeenMax) this.#known.delete(this.#known.keys().next().value as string);
  }
}
