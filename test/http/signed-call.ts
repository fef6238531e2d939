/**
 * Signed requests as clients make them, in every form of body. What comes of them is judged by others: the stand-in knows another key.
 */
import { createHash } from "node:crypto";
import type { Pair } from "../../src/credentials/sigv4/canonical.ts";
import { ChunkChain } from "../../src/credentials/sigv4/chunk-chain.ts";
import { signedInHeader, signedInQuery, type ToSign } from "../../src/credentials/sigv4/sign-anew.ts";
import type { Call } from "./proxy-client.ts";

export interface Chunked {
  readonly said: string;
  readonly chunkBytes: number;
}

export interface Signing {
  readonly pair: { readonly id: string; readonly secret: string };
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: readonly Pair[];
  readonly body?: string | Chunked;
  /** What `x-amz-content-sha256` says; the body's hash when left out, and no header for an empty text. */
  readonly payload?: string;
  readonly region?: string;
  readonly api?: string;
  readonly stamp?: string;
  /** In the scope, where it is not the stamp's. */
  readonly day?: string;
  /** For so many seconds, in the query. */
  readonly presigned?: number;
}

const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

export function chunked(said: string, chunkBytes: number): Chunked {
  return { said, chunkBytes };
}

export function signedCall(signing: Signing): Call {
  const { pair, host, method, path, headers = [], body = "", region = "eu-central-1", api = "s3", presigned } = signing;
  const stamp = signing.stamp ?? new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const said = typeof body === "string" ? body : body.said;
  const hash = sha(said);
  const word = signing.payload ?? hash;
  const form = api === "s3" ? ("as_sent" as const) : ("normalised" as const);
  const trailing = word.endsWith("-TRAILER");
  const wrapped: readonly Pair[] =
    typeof body === "string"
      ? []
      : [
          ["content-encoding", "aws-chunked"],
          ["x-amz-decoded-content-length", String(Buffer.byteLength(said))],
        ];
  const all: readonly Pair[] = [
    ...headers,
    ...wrapped,
    ...(trailing ? [["x-amz-trailer", "x-amz-checksum-sha256"] as const] : []),
    ...(word === "" || presigned !== undefined ? [] : [["x-amz-content-sha256", word] as const]),
  ];
  const payload = presigned !== undefined && api === "s3" ? "UNSIGNED-PAYLOAD" : word === "" ? hash : word;
  const asked: ToSign = {
    method,
    host,
    target: path,
    headers: all,
    payload,
    signed: all.map(([name]) => name),
    scope: { region, api },
    form,
    stamp,
  };
  if (presigned !== undefined) {
    const made = signedInQuery(asked, pair, presigned);
    return { method, path: made.target, headers: Object.fromEntries(made.headers), body: said };
  }
  const made = signedInHeader(asked, pair);
  const sent = Object.fromEntries(
    made.headers.map(([name, value]) => [name, signing.day === undefined ? value : value.replace(/\/\d{8}\//, `/${signing.day}/`)]),
  );
  if (typeof body === "string") return { method, path, headers: sent, body };
  const chain = word.startsWith("STREAMING-AWS4") ? new ChunkChain({ signer: made.signer, stamp, seed: made.signature }) : undefined;
  return { method, path, headers: sent, body: wire(body, chain, trailing) };
}

function wire({ said, chunkBytes }: Chunked, chain: ChunkChain | undefined, trailing: boolean): string {
  const head = (piece: string): string => {
    const size = Buffer.byteLength(piece).toString(16);
    return chain === undefined ? `${size}\r\n` : `${size};chunk-signature=${chain.next(Buffer.from(piece))}\r\n`;
  };
  const pieces = said.match(new RegExp(`[\\s\\S]{1,${chunkBytes}}`, "g")) ?? [];
  const chunks = pieces.map((piece) => `${head(piece)}${piece}\r\n`).join("");
  const checksum = `x-amz-checksum-sha256:${createHash("sha256").update(said).digest("base64")}`;
  const last = head("");
  const trailers = trailing ? (chain?.trailers([checksum]) ?? [checksum]) : [];
  return `${chunks}${last}${trailers.map((line) => `${line}\r\n`).join("")}\r\n`;
}
