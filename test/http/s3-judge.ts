/**
 * Works out by itself whether the signatures of a request hold: of its head, in a header or in its query, and of its body's chunks. It
 * shares no code with what signs, and reads a request as AWS's documentation says that AWS does.
 */
import { createHash, createHmac } from "node:crypto";

export interface RealKey {
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
}

export interface Judged {
  readonly payload: string;
  readonly signingKey: Buffer;
  readonly scope: string;
  readonly date: string;
  readonly signature: string;
  /** What the head's signature would be for a body of this hash; the body's own is known when it came. */
  readonly expected: (bodyHash: string) => string;
  readonly trailerNames: string;
  readonly decodedBytes: string | undefined;
}

interface Head {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const sha = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const mac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();
/** RFC 3986, as AWS wants it: everything but unreserved characters. */
const uri = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(",") : value);

/** A text is AWS's name for why not. */
export function judgeHead(head: Head, keys: ReadonlyMap<string, RealKey>): Judged | string {
  const url = new URL(head.url, `https://${head.host}`);
  const presigned = url.searchParams.has("X-Amz-Signature");
  const authorization = one(head.headers["authorization"]);
  if (!presigned && authorization === undefined) return "AccessDenied";
  if (presigned && authorization !== undefined) return "InvalidRequest";
  const field = (name: string): string => new RegExp(`${name}=([^,\\s]+)`).exec(authorization ?? "")?.[1] ?? "";
  const part = (name: string): string => (presigned ? (url.searchParams.get(`X-Amz-${name}`) ?? "") : field(name));
  const [id = "", day = "", region = "", service = "", end] = part("Credential").split("/");
  const key = keys.get(id);
  if (key === undefined) return "InvalidAccessKeyId";
  const regional = /(?:^|[.-])([a-z]{2}-[a-z]+-\d)\./.exec(head.host)?.[1] ?? region;
  if (end !== "aws4_request" || region !== regional || !head.host.includes(service)) return "AuthorizationHeaderMalformed";
  const date = presigned ? part("Date") : (one(head.headers["x-amz-date"]) ?? "");
  const at = Date.parse(date.replace(/(....)(..)(..T..)(..)(..Z)/, "$1-$2-$3:$4:$5"));
  const life = presigned ? Number(part("Expires")) * 1000 : 900_000;
  if (!date.startsWith(day) || !(Math.abs(Date.now() - at) <= Math.max(life, 1_000))) return "RequestTimeTooSkewed";
  const token = presigned ? (url.searchParams.get("X-Amz-Security-Token") ?? undefined) : one(head.headers["x-amz-security-token"]);
  if (token !== key.token) return "InvalidToken";
  const signed = part("SignedHeaders").split(";");
  const unsigned = Object.keys(head.headers).filter((name) => (name.startsWith("x-amz-") || name === "host") && !signed.includes(name));
  if (unsigned.length > 0) return "AccessDenied";
  const isS3 = service === "s3";
  const raw = head.url.split("?")[0] ?? "/";
  const path = isS3 ? decodeURIComponent(raw).split("/").map(uri).join("/") : raw.split("/").map(uri).join("/");
  const query = [...url.searchParams]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${uri(name)}=${uri(value)}`)
    .sort((first, second) => (first < second ? -1 : 1))
    .join("&");
  const lines = signed.map((name) => `${name}:${(one(head.headers[name]) ?? "").trim().replace(/ +/g, " ")}\n`).join("");
  const word = one(head.headers["x-amz-content-sha256"]) ?? (presigned && isS3 ? "UNSIGNED-PAYLOAD" : "");
  if (isS3 && word === "") return "MissingSecurityHeader";
  const signingKey = [region, service, "aws4_request"].reduce((above, each) => mac(above, each), mac(`AWS4${key.secret}`, day));
  const scope = `${day}/${region}/${service}/aws4_request`;
  return {
    payload: word,
    signingKey,
    scope,
    date,
    signature: part("Signature"),
    expected: (bodyHash) => {
      const canonical = [head.method, path, query, lines, signed.join(";"), word === "" ? bodyHash : word].join("\n");
      return mac(signingKey, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha(canonical)}`).toString("hex");
    },
    trailerNames: one(head.headers["x-amz-trailer"]) ?? "",
    decodedBytes: one(head.headers["x-amz-decoded-content-length"]),
  };
}

export interface BodyJudge {
  readonly trailers: string[];
  push(bytes: Buffer): void;
  /** AWS's name for why the request is not taken; `undefined` where everything holds. */
  end(wireHash: string): string | undefined;
}

/** `content` is told of what the body says, without its chunks. */
export function judgeBody(judged: Judged | string, content: (bytes: Buffer) => void): BodyJudge {
  if (typeof judged === "string") return { trailers: [], push: () => undefined, end: () => judged };
  const { payload, signature, expected } = judged;
  if (payload.startsWith("STREAMING-")) return chunkedBody(judged, content);
  return {
    trailers: [],
    push: content,
    end: (hash) => {
      if (expected(hash) !== signature) return "SignatureDoesNotMatch";
      return payload === "" || payload === "UNSIGNED-PAYLOAD" || payload === hash ? undefined : "XAmzContentSHA256Mismatch";
    },
  };
}

/** Chunk by chunk, each as a whole once it is there. */
function chunkedBody(judged: Judged, content: (bytes: Buffer) => void): BodyJudge {
  const { payload, signingKey, date, scope, signature, expected } = judged;
  const signs = payload.startsWith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
  const hasTrailers = payload.endsWith("-TRAILER");
  const trailers: string[] = [];
  let rest: Buffer = Buffer.alloc(0);
  let last = signature;
  let problem: string | undefined;
  let done = false;
  let total = 0;
  const chain = (kind: string, ...of: readonly string[]): string =>
    mac(signingKey, [`AWS4-HMAC-SHA256-${kind}`, date, scope, last, ...of].join("\n")).toString("hex");
  /** Returns whether there was a whole chunk. */
  const step = (): boolean => {
    const line = rest.indexOf("\r\n");
    if (line < 0 || done || problem !== undefined) return false;
    const [size = "", told] = rest.toString("latin1", 0, line).split(";chunk-signature=");
    const bytes = Number.parseInt(size, 16);
    if (Number.isNaN(bytes) || (told !== undefined) !== signs) return fail("IncompleteBody");
    if (bytes > 0 && rest.length < line + 2 + bytes + 2) return false;
    const data = rest.subarray(line + 2, line + 2 + bytes);
    if (signs) {
      const due = chain("PAYLOAD", sha(""), sha(data));
      if (due !== told) return fail("SignatureDoesNotMatch");
      last = due;
    }
    if (bytes > 0 && rest.toString("latin1", line + 2 + bytes, line + 4 + bytes) !== "\r\n") return fail("IncompleteBody");
    content(data);
    total += bytes;
    rest = rest.subarray(line + 2 + bytes + (bytes > 0 ? 2 : 0));
    done = bytes === 0;
    return !done;
  };
  const fail = (why: string): false => {
    problem = why;
    return false;
  };
  const ending = (): string | undefined => {
    if (!done) return "IncompleteBody";
    const lines = rest.toString("latin1").split("\r\n");
    if (lines.at(-1) !== "" || lines.at(-2) !== "") return "IncompleteBody";
    const told = lines.slice(0, -2);
    if (!hasTrailers) return told.length === 0 ? undefined : "IncompleteBody";
    const seal = signs ? told.pop() : undefined;
    trailers.push(...told);
    if (signs && seal !== `x-amz-trailer-signature:${chain("TRAILER", sha(told.map((each) => `${each}\n`).join("")))}`)
      return "SignatureDoesNotMatch";
    const named = told.map((each) => each.split(":")[0]);
    return judged.trailerNames.split(",").every((name) => named.includes(name.trim())) ? undefined : "MalformedTrailerError";
  };
  return {
    trailers,
    push: (bytes) => {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      while (step());
    },
    end: (hash) => {
      if (expected(hash) !== signature) return "SignatureDoesNotMatch";
      const why = problem ?? ending();
      if (why !== undefined) return why;
      return judged.decodedBytes === String(total) ? undefined : "IncompleteBody";
    },
  };
}
