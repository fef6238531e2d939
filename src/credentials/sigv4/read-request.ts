/**
 * A client's signed request taken apart: what its signature is, what belongs to the signature alone, and what is asked beside it.
 * It verifies nothing.
 */
import type { Pair } from "./canonical.ts";
import { wrappingHeaders } from "./payload.ts";
import { withoutPresigned } from "./read-signature.ts";

/** How a body ends, as the head of its request says. */
export type Framing = { readonly kind: "none" } | { readonly kind: "length"; readonly bytes: number } | { readonly kind: "chunked" };

export interface SigningRequest {
  readonly packed: { readonly provider: string; readonly authSlots: readonly string[] };
  readonly host: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly Pair[];
  readonly framing?: Framing;
  /** Made by Holdfast: a signature in it is of the request that it is made for, and was verified there. */
  readonly own?: true;
}

/** What says how a client sends it again, and not what it wants. */
const ofClient = /^amz-sdk-(invocation-id|request)$/;
/** Of the signature: they are made anew. */
const ofSignature: ReadonlySet<string> = new Set(["authorization", "x-amz-date", "x-amz-security-token", "date"]);

export function pathAndQuery(target: string): readonly [path: string, query: string] {
  const at = target.indexOf("?");
  return at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at + 1)];
}

/** Without anything that a signature brings along; what is judged. */
export function bareTarget(target: string): string {
  const [path, query] = pathAndQuery(target);
  const rest = withoutPresigned(query);
  return rest === "" ? path : `${path}?${rest}`;
}

export interface SplitHeaders {
  /** What is asked. */
  readonly asked: readonly Pair[];
  /** How the body is wrapped: they go with it as they came. */
  readonly wrapping: readonly Pair[];
}

/** `chunks`: the body is in chunks, whose coding is then no part of what it says. */
export function splitHeaders(headers: readonly Pair[], chunks: boolean): SplitHeaders {
  const asked: Pair[] = [];
  const wrapping: Pair[] = [];
  for (const [name, value] of headers) {
    if (ofSignature.has(name) || ofClient.test(name)) continue;
    if (wrappingHeaders.has(name)) wrapping.push([name, value]);
    else if (name === "content-encoding" && chunks) {
      const codings = value.split(",").map((each) => each.trim());
      const inner = codings.filter((each) => each !== "aws-chunked");
      wrapping.push([name, value]);
      if (inner.length > 0) asked.push([name, inner.join(", ")]);
    } else asked.push([name, value]);
  }
  return { asked, wrapping };
}

/** As they are signed: with what belongs to the connection, as the client sent it. */
export function signedHeaders(headers: readonly Pair[], host: string, framing: Framing | undefined): readonly Pair[] {
  const framed: readonly Pair[] =
    framing?.kind === "length"
      ? [["content-length", String(framing.bytes)]]
      : framing?.kind === "chunked"
        ? [["transfer-encoding", "chunked"]]
        : [];
  return [["host", host], ...framed, ...headers];
}

/** A header of AWS that is not signed could be anybody's. */
export function unsignedHeader(headers: readonly Pair[], signed: readonly string[]): string | undefined {
  return headers.map(([name]) => name).find((name) => name.startsWith("x-amz-") && !signed.includes(name));
}
