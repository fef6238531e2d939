/**
 * Chains of chunk signatures: each signs the one before it, the first the request's own.
 * It reads no bytes of a body as they come.
 */
import { sha256Hex } from "./canonical.ts";
import { BodyRefused } from "./chunk-frames.ts";
import { chunkSignature, sameSignature, type Signer, trailerSignature } from "./signing.ts";

/** Where a chain begins. */
export interface Chain {
  readonly signer: Signer;
  readonly stamp: string;
  /** The request's signature. */
  readonly seed: string;
}

const NAME = "x-amz-trailer-signature";

export class ChunkChain {
  readonly #chain: Chain;
  #last: string;

  constructor(chain: Chain) {
    this.#chain = chain;
    this.#last = chain.seed;
  }

  /** The signature of the next chunk; the last one is empty. */
  next(data: Buffer): string {
    this.#last = chunkSignature(this.#chain.signer, this.#chain.stamp, this.#last, sha256Hex(data));
    return this.#last;
  }

  /** The lines, with their signature after them. */
  trailers(lines: readonly string[]): readonly string[] {
    return [...lines, `${NAME}:${trailerSignature(this.#chain.signer, this.#chain.stamp, this.#last, lines)}`];
  }
}

/** Throws {@link BodyRefused} for a signature that does not hold. */
export class ChunkVerifier {
  readonly #chain: ChunkChain;

  constructor(chain: Chain) {
    this.#chain = new ChunkChain(chain);
  }

  next(data: Buffer, signature: string): void {
    if (!sameSignature(this.#chain.next(data), signature)) throw new BodyRefused("the signature of a chunk is not the session's");
  }

  /** Without the signature, which is the last of them. */
  trailers(lines: readonly string[]): readonly string[] {
    const told = lines.slice(0, -1);
    const expected = this.#chain.trailers(told).at(-1) ?? "";
    const came = (lines.at(-1) ?? "").replace(/^([^:]*):\s*/, (_, name: string) => `${name.toLowerCase()}:`);
    if (!sameSignature(expected, came)) throw new BodyRefused("the signature of its trailers is not the session's");
    return told;
  }
}
