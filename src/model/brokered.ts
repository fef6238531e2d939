/**
 * What the broker says of a request before it is judged, and what becomes of it when it is sent: the words that the proxy and the broker
 * share. Secrets are in {@link Filled} alone, which is made at the moment of sending.
 */
import type { Transform } from "node:stream";

type Pair = readonly [name: string, value: string];

/** A request as it leaves, with secrets in it. */
export interface Filled {
  readonly headers: readonly Pair[];
  /** What must not come back in the answer. */
  readonly secrets: readonly string[];
  /** Path and query, where a secret stands in them; what was judged otherwise. */
  readonly target?: string;
  /** What the body becomes: for one that is signed piece by piece, or that a secret stands in. */
  readonly body?: {
    readonly through: () => Transform;
    /** Bytes after it; `null` where that is not known before. */
    readonly bytes: number | null;
  };
}

/** Something that is no placeholder of ours; `slot` says where, and never what. */
export interface FoundIn {
  readonly kind: "found";
  readonly slot: string;
}

/** The session's own credential in a place or a form that is not sent: refused by name, and nobody is alarmed. */
export interface RefusedHere {
  readonly kind: "refused";
  /** A clause. */
  readonly because: string;
  /** What the client, or the operator, can do. */
  readonly next?: string;
}

/** Holdfast answers it itself, and nothing is sent: the provider's token endpoint, asked with a placeholder. */
export interface AnsweredHere {
  readonly kind: "answered";
  readonly status: number;
  /** JSON. */
  readonly text: string;
  /** The credential's name in the configuration. */
  readonly credential: string;
}

/** As much of a body as was read before the judgement. */
export interface BodyRead {
  readonly first: Buffer;
  /** All of it is in `first`. */
  readonly whole: boolean;
}

export interface Clean {
  readonly kind: "clean";
  /** Without anything secret: what is judged, recorded and asked about. */
  readonly judged: readonly Pair[];
  /** Path and query without anything secret, where something of it stands in them. */
  readonly judgedTarget?: string;
  /** More of the body is needed than is judged. */
  readonly readBytesMax?: number;
  /** The body as it is judged, without its wrapping; a clause where it is not what the request says of it. Absent: as it came. */
  readonly opened?: (body: BodyRead) => BodyRead | string;
  /** What its body says about it; absent: bodies of it are not looked into for placeholders. */
  readonly looked?: (body: BodyRead) => FoundIn | RefusedHere | AnsweredHere | undefined;
  /**
   * The secrets in their places, fetched or made at this moment; `body` is all of it where it was read whole. A text says why they are
   * not to be had. Never rejects.
   */
  readonly sent: (body: Buffer | undefined) => Filled | string | Promise<Filled | string>;
}

export type Taken = FoundIn | RefusedHere | Clean;
