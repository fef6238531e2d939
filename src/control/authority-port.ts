/**
 * What the control routes ask before they do what only a person may: who signed this very request.
 * It decides nothing about sessions or grants. The signed body must hold every term of what is asked (tables, operations, limits, the
 * environment), because the person's client cannot trust what the socket shows it; the route acts on the body alone.
 */
import type { Environment } from "../model/principal.ts";

/** How a person's key is made from the passphrase. Public: it helps nobody who does not know the passphrase. */
export interface PersonKeyParameters {
  /** 16 bytes or more, base64. */
  readonly salt: string;
  /** scrypt's N, r and p. */
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

/** Answer to `POST /v1/challenges` with `{ "person": NAME }`. */
export interface Challenge {
  /** Single use, for this person alone. */
  readonly nonce: string;
  readonly expiresAtMs: number;
  readonly key: PersonKeyParameters;
}

/** What a person's client adds to a request; on the wire it stands in the `authority` field of the JSON body, beside the terms. */
export interface PersonSignature {
  readonly person: string;
  readonly nonce: string;
  /** Ed25519 over the statement of `signed-statement.ts`, base64. */
  readonly signature: string;
}

export interface SignedRequest extends PersonSignature {
  readonly method: string;
  /** As the request line has it, query included. */
  readonly path: string;
  /** The JSON body without its `authority` field; `null` where there is none. */
  readonly body: unknown;
}

export type Authorised =
  | {
      readonly ok: true;
      readonly person: string;
      /** Environments whose acts this person may approve or grant. The route holds the session's own against it. */
      readonly approves: readonly Environment[];
      /** To be recorded with what is done: a third party verifies with it who agreed to exactly what. */
      readonly statement: string;
      readonly signature: string;
      readonly publicKey: string;
    }
  | {
      readonly ok: false;
      readonly status: 401 | 403 | 429;
      readonly code: "no_person" | "not_signed" | "too_many_attempts";
      /** For whoever asked, an agent included: it names no secret, and says what to do. */
      readonly message: string;
    };

export interface Authority {
  /** Whether anybody is registered: without one whatever needs a person is refused. */
  readonly persons: readonly string[];
  /** Also for a name that nobody has, so that the answer tells nothing. `null`: too many are asked for, wait. */
  challenge(person: string): Challenge | null;
  /** Uses up the nonce whatever comes of it, and records the attempt. Never throws. */
  verify(request: SignedRequest): Authorised;
}
