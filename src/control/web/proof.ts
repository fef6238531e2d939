/**
 * From a passphrase typed into the console to the same signature that the command line makes, held against the person's key at once.
 * The key exists for the moment of signing; neither it nor the passphrase is kept, recorded or part of any message.
 */
import { passphraseBytes } from "../../base/passphrase-key.ts";
import type { Authority, SignatureEvidence, VerifiedPerson } from "../authority-port.ts";
import { ControlRefusal } from "../parts.ts";
import { signRequest } from "../sign-request.ts";
import type { Guesses } from "./guesses.ts";

/** What the signature covers, beside the gateway and the nonce. */
export interface ToProve {
  readonly person: string;
  readonly passphrase: string;
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly body: unknown;
  /** Whose tries it counts against: a person's before and after the login are two, so that nobody outside can use up those inside. */
  readonly bucket: string;
}

export interface Proven {
  readonly person: VerifiedPerson;
  readonly evidence: SignatureEvidence;
}

export interface ProofParts {
  readonly authority: Authority | undefined;
  /** The control socket's path: what is signed here opens nothing at another gateway. */
  readonly gateway: string;
  readonly guesses: Guesses;
}

const passphraseCharactersMax = 1_000;

/** Rejects with {@link ControlRefusal}, the same for a name that nobody has and for a wrong passphrase. */
export async function proven({ authority, gateway, guesses }: ProofParts, wanted: ToProve): Promise<Proven> {
  const { person, method, path, body } = wanted;
  if (authority === undefined || !authority.anyone)
    throw new ControlRefusal("person_needed", "nobody is registered who could log in", "register a person: holdfast person add NAME");
  if (wanted.passphrase.length > passphraseCharactersMax) throw new ControlRefusal("bad_request", "the passphrase is too long");
  const found = await guesses.attempt(wanted.bucket, async () => {
    const passphrase = passphraseBytes(wanted.passphrase);
    try {
      const challenge = await authority.challenge(person);
      const signed = await signRequest({ person, passphrase, challenge, gateway, method, path, body });
      const verified = await authority.verify({ ...signed, method, path, body });
      return verified.ok ? { person: verified.person, evidence: verified.evidence } : null;
    } finally {
      passphrase.fill(0);
    }
  });
  if (found === null) throw new ControlRefusal("person_needed", "the name or the passphrase is wrong");
  return found;
}

/** A passphrase out of a request's body, just as it was typed. */
export function passphraseOf(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new ControlRefusal("bad_request", "`passphrase` must be a text");
  return value;
}
