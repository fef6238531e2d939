/**
 * The server's side of one SCRAM-SHA-256 exchange, against a verifier.
 * It does not offer channel binding (TLS ends here, and the messages say so), and it goes through the same steps for a
 * name that does not exist.
 */
import { timingSafeEqual } from "node:crypto";
import type { ScramVerifier } from "./options.ts";
import { scram, scramKeyBytes } from "./scram.ts";

export type ScramStep =
  | { readonly kind: "send"; readonly message: string }
  /** The exchange was well formed and the proof is wrong: answer as for a wrong password. */
  | { readonly kind: "refused" }
  /** The message breaks the protocol. */
  | { readonly kind: "malformed"; readonly because: string };

/** What is compared against: `genuine` is false for a name that does not exist, and then no proof is right. */
export interface ScramSubject {
  readonly verifier: ScramVerifier;
  readonly genuine: boolean;
}

const FIRST = /^([yn]|p=[A-Za-z0-9.-]+),(?:a=[^,]*)?,((?:m=[^,]*,)?n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s;
const FINAL = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,]*)*),p=([A-Za-z0-9+/]{43}=)$/s;

export class ScramServer {
  readonly #subject: ScramSubject;
  readonly #ownNonce: string;
  #gs2 = "";
  #firstBare = "";
  #serverFirst = "";
  #nonce = "";

  /** `ownNonce` is printable ASCII without a comma, at least 18 random bytes' worth. */
  constructor(subject: ScramSubject, ownNonce: string) {
    this.#subject = subject;
    this.#ownNonce = ownNonce;
  }

  /** Takes client-first-message and gives server-first-message. */
  first(message: string): ScramStep {
    const found = FIRST.exec(message);
    if (found === null) return { kind: "malformed", because: "the first SCRAM message is malformed" };
    const [, flag = "", bare = "", nonce = ""] = found;
    if (flag.startsWith("p")) return { kind: "malformed", because: "channel binding was not offered" };
    if (bare.startsWith("m=")) return { kind: "malformed", because: "a mandatory SCRAM extension is not known" };
    this.#gs2 = message.slice(0, message.length - bare.length);
    this.#firstBare = bare;
    this.#nonce = nonce + this.#ownNonce;
    const { salt, iterations } = this.#subject.verifier;
    this.#serverFirst = `r=${this.#nonce},s=${Buffer.from(salt).toString("base64")},i=${iterations}`;
    return { kind: "send", message: this.#serverFirst };
  }

  /** Takes client-final-message and gives server-final-message when the proof is right. */
  final(message: string): ScramStep {
    const found = FINAL.exec(message);
    if (found === null || this.#serverFirst === "") return { kind: "malformed", because: "the final SCRAM message is malformed" };
    const [, withoutProof = "", binding = "", nonce = "", proofText = ""] = found;
    if (binding !== Buffer.from(this.#gs2).toString("base64")) {
      return { kind: "malformed", because: "the SCRAM channel binding data does not match" };
    }
    if (nonce !== this.#nonce) return { kind: "malformed", because: "the SCRAM nonce does not match" };
    const proof = Buffer.from(proofText, "base64");
    if (proof.length !== scramKeyBytes) return { kind: "malformed", because: "the SCRAM proof is malformed" };
    const { storedKey, serverKey } = this.#subject.verifier;
    const authMessage = `${this.#firstBare},${this.#serverFirst},${withoutProof}`;
    const clientKey = scram.xor(proof, scram.hmac(storedKey, authMessage));
    // Both steps run for a name that does not exist too, so that time tells nothing.
    const right = timingSafeEqual(scram.hash(clientKey), storedKey);
    const signature = scram.hmac(serverKey, authMessage).toString("base64");
    return right && this.#subject.genuine ? { kind: "send", message: `v=${signature}` } : { kind: "refused" };
  }
}

/**
 * The subject for a name that does not exist: the same salt at each try, as a real account has, made from a secret of this
 * process, and keys that nobody knows a password for.
 */
export function mockSubject(name: string, secret: Uint8Array, iterations: number): ScramSubject {
  const part = (what: string) => scram.hmac(secret, `${what}:${name}`);
  return {
    verifier: { iterations, salt: part("salt").subarray(0, 16), storedKey: part("stored"), serverKey: part("server") },
    genuine: false,
  };
}
