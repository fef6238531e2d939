/**
 * What a route is: a method and a path, who may use it, and its answer to a request whose body was read and whose signature was held
 * against the person's key. It does no I/O.
 */
import type { ControlParts, SignedBy } from "./parts.ts";

interface Request {
  /** What stands in the path's place for it, decoded. */
  readonly id: string;
  /** Parsed JSON; `null` where there is none. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The answer stays open after its body, until `until` says its last line; `gone` when the asker leaves first. */
  readonly hold?: { readonly until: Promise<unknown>; readonly gone: () => void };
}

interface Place {
  readonly method: "GET" | "POST" | "DELETE";
  /** `/v1/grants`, or `/v1/grants/` for one with an id behind it. */
  readonly path: string;
  /** Where a body may be larger than anywhere else. */
  readonly bodyBytesMax?: number;
}

/** `signed`: only for a person who signed just this. Such a route cannot be written without the signer in its hands. */
export type Route =
  | (Place & { readonly signed: false; readonly answer: (request: Request, parts: ControlParts) => Promise<Answer> | Answer })
  | (Place & { readonly signed: true; readonly answer: (request: Request, parts: ControlParts, by: SignedBy) => Promise<Answer> | Answer });
