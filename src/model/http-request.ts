/**
 * One request of an HTTP API as it arrived, before anything is read out of it.
 * It does not hold what the request means; `effects/http` finds that out.
 */
import type { ResolvedThing } from "./api-thing.ts";

export interface HttpRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** In their order; a name may stand several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Empty where there is none. */
  readonly body: string;
  /** Why `body` is not the whole of it, or no text: then nothing is read out of it. */
  readonly opaque?: string;
  /** `body` is what its compressed body holds: its header `content-encoding` is of what was sent. */
  readonly uncompressed?: true;
  /** Its first bytes in base64, where an operation is read out of bytes: a push of git. */
  readonly bytes?: string;
  /** Where it carries a credential that is not ours to send, in a clause: then it is refused whatever it would do. */
  readonly credential?: string;
  /** Whose host it is, where an operator said so and the host itself does not. */
  readonly provider?: string;
  /** What its provider says of the things that it would change, asked before it is judged. Absent: nobody asked. */
  readonly resolved?: readonly ResolvedThing[];
}

/** Why a body is opaque that came whole and is no UTF-8: then `body` is its bytes in base64. */
export const NOT_TEXT = "its body is no text";
