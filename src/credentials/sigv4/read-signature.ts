/**
 * A client's signature as it stands in a request: in `Authorization`, or in the query of a presigned URL. Other forms are told by name.
 * It verifies nothing.
 */
import { type Pair, percentDecoded, queryPairs } from "./canonical.ts";
import { algorithm, type Scope } from "./signing.ts";

export interface ClientSignature {
  readonly place: "header" | "query";
  readonly keyId: string;
  readonly scope: Scope;
  readonly signed: readonly string[];
  readonly signature: string;
  /** `20150830T123600Z` as it was sent; empty where it is not there once. */
  readonly stamp: string;
  /** Of a presigned URL. */
  readonly expiresS?: number;
}

export type ReadSignature =
  /** Nothing that is signed by a key pair. */
  | { readonly kind: "none" }
  /** A form that is not signed anew; `keyId` where it names one. */
  | { readonly kind: "other"; readonly keyId: string | undefined; readonly slot: string; readonly because: string }
  | { readonly kind: "signed"; readonly signature: ClientSignature };

/** Names of a presigned URL's parameters, lower case: they belong to the signature and to nothing else. */
const presigned: ReadonlySet<string> = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-expires",
  "x-amz-signedheaders",
  "x-amz-signature",
  "x-amz-security-token",
]);

/** Header names in lower case; `query` without `?`. */
export function readSignature(headers: readonly Pair[], query: string): ReadSignature {
  const inHeader = headers.filter(([name, value]) => name === "authorization" && /^AWS/i.test(value));
  const parameters = new Map(queryPairs(query).map(([name, value]) => [plain(name).toLowerCase(), plain(value)]));
  const inQuery = parameters.has("x-amz-algorithm") || parameters.has("x-amz-signature") || parameters.has("x-amz-credential");
  const oldQuery = parameters.has("awsaccesskeyid");
  if (inHeader.length + Number(inQuery) + Number(oldQuery) > 1)
    return { kind: "other", keyId: undefined, slot: "several places at once", because: "it is signed in several places at once" };
  const [, value] = inHeader[0] ?? [];
  if (value !== undefined) return ofHeader(value, headers);
  if (inQuery) return ofQuery(parameters);
  if (!oldQuery) return { kind: "none" };
  const slot = "AWSAccessKeyId of its query";
  return { kind: "other", keyId: parameters.get("awsaccesskeyid"), slot, because: version2 };
}

const version2 = "it is signed by Signature Version 2, which is not signed anew: use version 4";
const version4a = "it is signed by Signature Version 4A (ECDSA), which is not signed anew: use a key pair of one region";
const broken = "its signature is not one of Signature Version 4";

function ofHeader(value: string, headers: readonly Pair[]): ReadSignature {
  const slot = "the header authorization";
  const old = /^AWS +([^:\s]+):/i.exec(value);
  if (old !== null) return { kind: "other", keyId: old[1], slot, because: version2 };
  const [, named = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(value) ?? [];
  const fields = new Map(rest.split(",").map((part) => fieldOf(part.trim())));
  const credential = fields.get("Credential") ?? "";
  const keyId = credential.split("/")[0];
  if (named === "AWS4-ECDSA-P256-SHA256") return { kind: "other", keyId, slot, because: version4a };
  const scope = scopeOf(credential);
  const stamps = headers.filter(([name]) => name === "x-amz-date");
  const [, stamp = ""] = stamps.length === 1 ? (stamps[0] ?? []) : [];
  const signature = fields.get("Signature") ?? "";
  if (named !== algorithm || scope === undefined || fields.size !== 3 || !isSignature(signature))
    return { kind: "other", keyId, slot, because: broken };
  const signed = (fields.get("SignedHeaders") ?? "").split(";");
  return { kind: "signed", signature: { place: "header", keyId: keyId ?? "", scope, signed, signature, stamp } };
}

function ofQuery(parameters: ReadonlyMap<string, string>): ReadSignature {
  const slot = "x-amz-credential of its query";
  const credential = parameters.get("x-amz-credential") ?? "";
  const keyId = credential.split("/")[0];
  const named = parameters.get("x-amz-algorithm");
  if (named === "AWS4-ECDSA-P256-SHA256") return { kind: "other", keyId, slot, because: version4a };
  const scope = scopeOf(credential);
  const signature = parameters.get("x-amz-signature") ?? "";
  const expires = parameters.get("x-amz-expires") ?? "";
  if (named !== algorithm || scope === undefined || !isSignature(signature) || !/^\d{1,6}$/.test(expires))
    return { kind: "other", keyId, slot, because: broken };
  const signed = (parameters.get("x-amz-signedheaders") ?? "").split(";");
  const stamp = parameters.get("x-amz-date") ?? "";
  return {
    kind: "signed",
    signature: { place: "query", keyId: keyId ?? "", scope, signed, signature, stamp, expiresS: Number(expires) },
  };
}

/** What of a query is no part of a signature, as it was sent. */
export function withoutPresigned(query: string): string {
  return query
    .split("&")
    .filter((part) => !presigned.has(plain(part.split("=")[0] ?? "").toLowerCase()))
    .join("&");
}

function fieldOf(part: string): readonly [string, string] {
  const at = part.indexOf("=");
  return [part.slice(0, Math.max(at, 0)), part.slice(at + 1)];
}

function scopeOf(credential: string): Scope | undefined {
  const [, day, region, api] = /^[\w.-]+\/(\d{8})\/([a-z0-9-]{1,40})\/([a-z0-9_.-]{1,60})\/aws4_request$/i.exec(credential) ?? [];
  return day === undefined || region === undefined || api === undefined ? undefined : { day, region, api };
}

function isSignature(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function plain(text: string): string {
  return percentDecoded(text).toString("utf8");
}
