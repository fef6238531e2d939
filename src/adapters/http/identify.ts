/**
 * A request with what its provider says of its things, right before it is judged: for a request as for a message that is an act of its own.
 * It knows no pack; without somebody to ask the request stays as it is.
 */
import type { HttpRequest } from "../../model/http-request.ts";
import type { HeaderPair } from "./codec/headers.ts";
import type { HttpSession } from "./http-session.ts";
import type { HttpOptions, Identifying } from "./options.ts";
import { ownRequest } from "./own-requests.ts";
import type { Upstream } from "./upstream.ts";

export interface IdentifyParts {
  readonly options: HttpOptions;
  readonly upstream: Pick<Upstream, "send">;
  readonly session: HttpSession;
  /** As the client sent them, its placeholder among them. */
  readonly headers: readonly HeaderPair[];
  readonly gone: AbortSignal;
}

export interface Identified {
  readonly request: HttpRequest;
  /** What the provider says that it would do: asked where a person is to be asked about it. Never rejects. */
  readonly preview?: () => Promise<readonly string[]>;
}

/** Never rejects. */
export async function identified(request: HttpRequest, { options, upstream, session, headers, gone }: IdentifyParts): Promise<Identified> {
  const { things } = options;
  if (things === undefined) return { request };
  const { caller } = session;
  const asking: Omit<Identifying, "request"> = {
    caller,
    session: session.session.id,
    ask: (asked) => ownRequest(asked, { options, upstream, caller, headers, gone }),
  };
  const known = await things.identify({ ...asking, request });
  return { request: known, preview: () => things.preview({ ...asking, request: known }) };
}
