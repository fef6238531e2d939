/**
 * The client's side of one SCRAM-SHA-256 exchange: how Holdfast proves itself to a server, and the server to it.
 * It does not derive the key itself (that is slow and goes to the thread pool): it says what to derive and is given the result.
 */
import { timingSafeEqual } from "node:crypto";
import { scram, scramKeyBytes } from "./scram.ts";

/** How the exchange is tied to the TLS connection. */
export type ChannelBinding =
  /** No TLS, or a certificate whose hash is not defined. */
  | { readonly kind: "unsupported" }
  /** We could, the server did not offer it. */
  | { readonly kind: "not_offered" }
  /** SCRAM-SHA-256-PLUS: the hash of the server's certificate (RFC 5929). */
  | { readonly kind: "tls-server-end-point"; readonly data: Uint8Array };

export type Derivation = { readonly kind: "derive"; readonly salt: Buffer; readonly iterations: number };
export type Failed = { readonly kind: "failed"; readonly because: string };

const SERVER_FIRST = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9][0-9]{0,8})(?:,.*)?$/s;
const SERVER_FINAL = /^v=([A-Za-z0-9+/]{43}=)(?:,.*)?$/s;

export class ScramClient {
  readonly #gs2: string;
  readonly #bindingData: Uint8Array;
  readonly #ownNonce: string;
  readonly #iterationsMax: number;
  #serverFirst = "";
  #nonce = "";
  #serverSignature: Buffer | undefined;

  constructor(how: { readonly binding: ChannelBinding; readonly ownNonce: string; readonly iterationsMax: number }) {
    const { binding } = how;
    this.#gs2 = binding.kind === "unsupported" ? "n,," : binding.kind === "not_offered" ? "y,," : "p=tls-server-end-point,,";
    this.#bindingData = binding.kind === "tls-server-end-point" ? binding.data : Buffer.alloc(0);
    this.#ownNonce = how.ownNonce;
    this.#iterationsMax = how.iterationsMax;
  }

  /** client-first-message. The name stays empty: PostgreSQL takes it from the start-up packet. */
  first(): string {
    return `${this.#gs2}${this.#firstBare()}`;
  }

  /** Takes server-first-message; says which key to derive from the password. */
  received(serverFirst: string): Derivation | Failed {
    const found = SERVER_FIRST.exec(serverFirst);
    if (found === null) return { kind: "failed", because: "the server's first SCRAM message is malformed" };
    const [, nonce = "", salt = "", count = ""] = found;
    if (!nonce.startsWith(this.#ownNonce) || nonce.length === this.#ownNonce.length) {
      return { kind: "failed", because: "the server's SCRAM nonce does not extend ours" };
    }
    const iterations = Number(count);
    if (iterations > this.#iterationsMax) return { kind: "failed", because: `the server asks for ${iterations} SCRAM iterations` };
    this.#serverFirst = serverFirst;
    this.#nonce = nonce;
    return { kind: "derive", salt: Buffer.from(salt, "base64"), iterations };
  }

  /** client-final-message, made with the salted password that was derived. */
  final(salted: Uint8Array): string {
    const binding = Buffer.concat([Buffer.from(this.#gs2), this.#bindingData]).toString("base64");
    const withoutProof = `c=${binding},r=${this.#nonce}`;
    const authMessage = `${this.#firstBare()},${this.#serverFirst},${withoutProof}`;
    const clientKey = scram.clientKey(salted);
    const proof = scram.xor(clientKey, scram.hmac(scram.hash(clientKey), authMessage));
    this.#serverSignature = scram.hmac(scram.serverKey(salted), authMessage);
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  /** Takes server-final-message: true only when the server proved that it knows the password's verifier. */
  verified(serverFinal: string): boolean {
    const given = Buffer.from(SERVER_FINAL.exec(serverFinal)?.[1] ?? "", "base64");
    return this.#serverSignature !== undefined && given.length === scramKeyBytes && timingSafeEqual(given, this.#serverSignature);
  }

  #firstBare(): string {
    return `n=,r=${this.#ownNonce}`;
  }
}
