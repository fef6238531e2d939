/**
 * Who may do what only a person may: the port through which the control API asks for a challenge and has a signed request verified.
 * It holds no key and derives none; `authority.ts` fulfils it, and the client's side is `sign-request.ts`.
 */
import type { Environment } from "../model/principal.ts";

/** What a person signs is bound to one request: this purpose, the method, the path, the nonce and the digest of the canonical body. */
export const signedPurpose = "holdfast control request v1";

/** Header names of a signed request, lower case as Node gives them. */
export const signatureHeaders = {
  person: "x-holdfast-person",
  nonce: "x-holdfast-nonce",
  signature: "x-holdfast-signature",
} as const;

/** Single use, short-lived. `key` is what the client needs to derive the person's key; a name nobody has gets one too. */
export interface Challenge {
  readonly nonce: string;
  readonly expiresAtMs: number;
  readonly key: Readonly<Record<string, string | number>>;
}

/** A request as it arrived. `body` is the parsed JSON, `null` where there is none; the signature covers its canonical form. */
export interface SignedRequest {
  readonly person: string;
  readonly nonce: string;
  readonly signature: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface VerifiedPerson {
  readonly name: string;
  /** Environments whose targets this person may open something on. */
  readonly approves: readonly Environment[];
}

/** For the audit log, so that a third party can verify later who signed what. */
export interface SignatureEvidence {
  /** The control socket's path, as it was signed. */
  readonly gateway: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly nonce: string;
  readonly bodyDigest: string;
}

export type Verification =
  | { readonly ok: true; readonly person: VerifiedPerson; readonly evidence: SignatureEvidence }
  /** `message` never says which of name and passphrase was wrong. */
  | { readonly ok: false; readonly message: string; readonly next: string };

export interface Authority {
  /** False: nobody is registered, and nothing that takes a person can be done. */
  readonly anyone: boolean;
  /** Rejects when too many are open. */
  challenge(person: string): Promise<Challenge>;
  /** Uses the nonce up whatever comes of it. Never rejects: what fails inside is not verified. */
  verify(request: SignedRequest): Promise<Verification>;
}
