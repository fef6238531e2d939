/**
 * How a signed request says what its body is: by its hash, not at all, or by chunks that are signed one after the other.
 * It reads no body.
 */

export type PayloadForm =
  /** In the header, or worked out of the body where no header names it. */
  | { readonly kind: "hashed"; readonly hash: string | undefined }
  | { readonly kind: "unsigned" }
  | { readonly kind: "chunks"; readonly signed: boolean; readonly trailers: boolean };

/** Names of headers that belong to the form of a body and not to what it says. */
export const wrappingHeaders: ReadonlySet<string> = new Set(["x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer"]);

/** `word` is what `x-amz-content-sha256` says. A text says why the form is not taken. */
export function payloadForm(word: string | undefined): PayloadForm | string {
  if (word === undefined) return { kind: "hashed", hash: undefined };
  if (/^[0-9a-f]{64}$/.test(word)) return { kind: "hashed", hash: word };
  switch (word) {
    case "UNSIGNED-PAYLOAD":
      return { kind: "unsigned" };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
      return { kind: "chunks", signed: true, trailers: false };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { kind: "chunks", signed: true, trailers: true };
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { kind: "chunks", signed: false, trailers: true };
    case "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD":
    case "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER":
      return "its chunks are signed by Signature Version 4A (ECDSA), which is not signed anew";
    case "STREAMING-AWS4-HMAC-SHA256-EVENTS":
      return "it is a stream of signed events, which is not signed anew";
    default:
      return "its `x-amz-content-sha256` is neither a hash nor a form that is known";
  }
}
