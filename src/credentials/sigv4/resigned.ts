/**
 * One request whose signature is the session's: how its body is read, what of it is judged, and how it is signed anew when it is sent.
 * The real key is fetched at the moment it signs.
 */
import { PassThrough, type Transform } from "node:stream";
import type { Clock } from "../../base/clock.ts";
import { limits } from "../../base/limits.ts";
import type { BodyRead, Clean } from "../../model/brokered.ts";
import { framesHeld, hashHeld, rechained, unwrapped } from "./body-streams.ts";
import { type Pair, type PathForm, percentDecoded, sha256Hex } from "./canonical.ts";
import type { Chain } from "./chunk-chain.ts";
import { BodyRefused } from "./chunk-frames.ts";
import { type KeyPair, secretParts } from "./key-pair.ts";
import type { PayloadForm } from "./payload.ts";
import { pathAndQuery, signedHeaders, type SigningRequest } from "./read-request.ts";
import type { ClientSignature } from "./read-signature.ts";
import { type SignedAnew, signedInHeader, signedInQuery, type ToSign } from "./sign-anew.ts";
import { requestSignature, sameSignature, signerFor, stampOf, timeOfStamp } from "./signing.ts";

/** A key pair as the configuration binds it. */
export interface SigningSecret {
  readonly name: string;
  readonly goesTo: (host: string) => boolean;
  /** As it is now, or made at this moment; a reason why it is not to be had. Never rejects. */
  readonly pair: (principal: string) => KeyPair | { readonly problem: string } | Promise<KeyPair | { readonly problem: string }>;
}

/** What a signature adds to what is looked at anyway. */
export type Resigned = Clean & Required<Pick<Clean, "judgedTarget" | "opened">>;

interface Signing {
  /** For whom it is signed: what is made for a session is its own. */
  readonly principal: string;
  readonly request: SigningRequest;
  readonly signature: ClientSignature;
  readonly form: PathForm;
  readonly secret: SigningSecret;
  readonly dummy: KeyPair;
  readonly clock: Pick<Clock, "now">;
}

interface Verifying extends Signing {
  readonly payload: PayloadForm;
  /** What the signature says of the body; absent: the hash of it. */
  readonly word: string | undefined;
  readonly wrapping: readonly Pair[];
}

/** A presigned URL that is signed anew is on its way already. */
const EXPIRES_S_MAX = 300;
const notTheSessions = "its signature is not the session's over what would be sent";

/** A text where the signature does not hold. */
export function resigned(parts: Verifying, rest: Clean, judgedTarget: string): Resigned | string {
  const { word, payload } = parts;
  // Where the hash stands in no header, the signature can only be verified with the body.
  let verified = word !== undefined;
  if (word !== undefined && !holds(parts, word)) return notTheSessions;
  return {
    ...rest,
    judgedTarget,
    ...(word === undefined ? { readBytesMax: limits.httpSignedBodyBytesMax } : {}),
    opened: (body) => {
      if (word !== undefined) return opened(body, parts);
      if (!body.whole) return `its body is longer than ${limits.httpSignedBodyBytesMax} bytes, and its hash is in no header`;
      verified = holds(parts, sha256Hex(body.first));
      return verified ? judgedPart(body) : notTheSessions;
    },
    sent: async (body) => {
      if (!verified) return "its signature was not verified";
      const filled = await rest.sent(body);
      if (typeof filled === "string") return filled;
      const told = word ?? sha256Hex(body ?? "");
      const headers = [...filled.headers.filter(([name]) => name !== "content-encoding" || payload.kind !== "chunks"), ...parts.wrapping];
      const asked = { ...parts, target: judgedTarget, headers, payload: told, signed: parts.signature.signed };
      const made = await signedAnew(asked);
      if (typeof made === "string") return made;
      const { signed, secrets } = made;
      const through = throughOf(parts, body, signed);
      return {
        headers: signed.headers,
        secrets: [...filled.secrets, ...secrets],
        ...(parts.signature.place === "query" ? { target: signed.target } : {}),
        ...(through === undefined ? {} : { body: { through, bytes: bytesOf(parts.request, body) } }),
      };
    },
  };
}

/** A request of Holdfast's own. */
export function ownClean(parts: Signing, rest: Clean): Resigned {
  const { target } = parts.request;
  return {
    ...rest,
    judgedTarget: target,
    opened: (body) => body,
    sent: async (body) => {
      const filled = await rest.sent(body);
      if (typeof filled === "string") return filled;
      const payload = sha256Hex(body ?? "");
      // Amazon S3's documentation, "Signature Calculations": it is required there, and taken by every other service.
      const headers: readonly Pair[] = [...filled.headers, ["x-amz-content-sha256", payload]];
      const asked = { ...parts, target, headers, payload, signed: ["content-type"] };
      const made = await signedAnew({ ...asked, signature: { ...parts.signature, place: "header" } });
      return typeof made === "string" ? made : { headers: made.signed.headers, secrets: [...filled.secrets, ...made.secrets] };
    },
  };
}

interface Asked extends Signing, Pick<ToSign, "target" | "headers" | "payload" | "signed"> {}

async function signedAnew(asked: Asked): Promise<{ readonly signed: SignedAnew; readonly secrets: readonly string[] } | string> {
  const { request, signature, secret, clock } = asked;
  const pair = await secret.pair(asked.principal);
  if ("problem" in pair) return `the secret \`${secret.name}\` is not to be had: ${pair.problem}`;
  const now = clock.now();
  const toSign: ToSign = { ...asked, method: request.method, host: request.host, scope: signature.scope, stamp: stampOf(now) };
  const until = (timeOfStamp(signature.stamp) ?? now) + (signature.expiresS ?? 0) * 1_000;
  const expires = Math.max(1, Math.min(EXPIRES_S_MAX, Math.floor((until - now) / 1_000)));
  const signed = signature.place === "header" ? signedInHeader(toSign, pair) : signedInQuery(toSign, pair, expires);
  return { signed, secrets: [...secretParts(pair), pair.id, signed.signature] };
}

function holds({ request, signature, form, dummy }: Verifying, payload: string): boolean {
  const { stamp, signed } = signature;
  const signer = signerFor(dummy.secret, signature.scope);
  const [path, whole] = pathAndQuery(request.target);
  const query = signature.place === "header" ? whole : withoutSignature(whole);
  // Some clients sign the port that their connection has, though it says nothing.
  const hosts = request.host.includes(":") ? [request.host] : [request.host, `${request.host}:443`];
  if (!signed.includes("host") || new Set(signed).size !== signed.length) return false;
  return hosts.some((host) => {
    const headers = signedHeaders(request.headers, host, request.framing);
    const expected = requestSignature(signer, stamp, { method: request.method, path, query, headers, signed, payload }, form);
    return sameSignature(expected, signature.signature);
  });
}

function withoutSignature(query: string): string {
  const named = (part: string): string =>
    percentDecoded(part.split("=")[0] ?? "")
      .toString("latin1")
      .toLowerCase();
  return query
    .split("&")
    .filter((part) => named(part) !== "x-amz-signature")
    .join("&");
}

function opened(body: BodyRead, parts: Verifying): BodyRead | string {
  const { payload } = parts;
  if (!body.whole) return body;
  if (payload.kind === "hashed") return sha256Hex(body.first) === payload.hash ? body : "its body is not the one that was signed";
  if (payload.kind === "unsigned") return body;
  try {
    const first = unwrapped(body.first, payload, decodedBytes(parts), payload.signed ? theirs(parts) : undefined);
    return { first, whole: true };
  } catch (error) {
    if (error instanceof BodyRefused) return error.message;
    throw error;
  }
}

function judgedPart(body: BodyRead): BodyRead {
  const most = limits.httpBodyBytesMax;
  return body.first.length <= most ? body : { first: body.first.subarray(0, most), whole: false };
}

/** `undefined`: the body goes as it came. */
function throughOf(parts: Verifying, body: Buffer | undefined, made: SignedAnew): (() => Transform) | undefined {
  const { payload } = parts;
  if (payload.kind === "chunks") {
    const decoded = decodedBytes(parts);
    const ours: Chain = { ...made, seed: made.signature };
    return payload.signed ? () => rechained(theirs(parts), ours, payload, decoded) : () => framesHeld(payload, decoded);
  }
  if (body !== undefined) return undefined;
  const hash = payload.kind === "hashed" ? payload.hash : undefined;
  return hash === undefined ? () => new PassThrough() : () => hashHeld(hash);
}

/** Nothing that is put in place of a signature is longer or shorter. */
function bytesOf({ framing }: SigningRequest, body: Buffer | undefined): number | null {
  if (body !== undefined) return body.length;
  return framing?.kind === "length" ? framing.bytes : null;
}

function theirs({ dummy, signature }: Verifying): Chain {
  return { signer: signerFor(dummy.secret, signature.scope), stamp: signature.stamp, seed: signature.signature };
}

function decodedBytes({ wrapping }: Verifying): number | undefined {
  const told = wrapping.find(([name]) => name === "x-amz-decoded-content-length")?.[1];
  return told === undefined || !/^\d{1,15}$/.test(told) ? undefined : Number(told);
}
