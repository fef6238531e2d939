/**
 * A stand-in for Amazon S3, STS, DynamoDB and Lambda over TLS on loopback, with buckets whose objects are really gone once deleted. It
 * works signatures out by other code than what signs, and takes nothing whose signature does not hold: the judge of what arrived.
 */
import { createHash } from "node:crypto";
import { createServer as createTlsServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { selfSigned } from "../support/certificates.ts";
import { judgeBody, judgeHead, type RealKey, type Judged } from "./s3-judge.ts";

export interface StoredObject {
  readonly bytes: number;
  readonly sha256: string;
  /** Of small ones. */
  readonly text: string | undefined;
  /** Trailing checksums that came with it, and how its payload was signed. */
  readonly payload: string;
  readonly trailers: readonly string[];
}

export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders: readonly string[];
  /** Why it was not taken, as AWS names it; `undefined` where every signature in it holds. */
  refused: string | undefined;
  bodyHash: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

export interface StandInS3 {
  readonly port: number;
  /** PEM of the authority that signed for it. */
  readonly ca: string;
  /** By bucket and key, with a slash between them. */
  readonly objects: Map<string, StoredObject>;
  readonly buckets: Set<string>;
  readonly arrived: Arrived[];
  /** Keys that open it. */
  readonly keys: Map<string, RealKey>;
  /** Buckets that keep versions: what is removed there is marked, and what is written over is kept. */
  readonly versioned: Set<string>;
  /** Tags of buckets, as XML. */
  readonly tags: Map<string, string>;
  /** What other services answer: by `rds DescribeDBInstances`, with `DryRun` after it where that is asked. */
  readonly answers: Map<string, ApiAnswer>;
  close(): Promise<void>;
}

export const s3Host = "s3.eu-central-1.amazonaws.com";
/** As URLs are presigned for regions all the same. */
const globalHost = "s3.amazonaws.com";
const region = "eu-central-1";
/** What is asked of this key comes back with the request's own head, as an error page would show it. */
const ECHO = "echo";
const TEXT_BYTES_MAX = 256 * 1024;

export const awsHosts = [
  s3Host,
  `*.${s3Host}`,
  globalHost,
  `*.${globalHost}`,
  ...["sts", "dynamodb", "lambda", "rds", "ec2"].map((api) => `${api}.${region}.amazonaws.com`),
];

/** Opened by `key`, and by what is put into `keys` later. */
export async function startS3(key: RealKey): Promise<StandInS3> {
  const state: State = {
    objects: new Map(),
    buckets: new Set(["shop-staging"]),
    uploads: new Map(),
    keys: new Map([[key.id, key]]),
    arrived: [],
    versioned: new Set(),
    tags: new Map(),
    answers: new Map(),
  };
  const { ca, certificate, key: serverKey } = selfSigned(awsHosts);
  const server = createTlsServer({ cert: certificate, key: serverKey }, (request, response) => {
    void served(request, response, state).catch((error: unknown) => {
      // A defect of the stand-in must be seen as one; an upload that was given up is none.
      response.destroy();
      if (!request.complete) return;
      state.arrived.push({ method: "DEFECT", url: String(error), host: "", headers: {}, rawHeaders: [], refused: "defect", bodyHash: "" });
    });
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ...state,
    port: (server.address() as AddressInfo).port,
    ca,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface State {
  readonly objects: Map<string, StoredObject>;
  readonly buckets: Set<string>;
  readonly uploads: Map<string, Map<number, StoredObject>>;
  readonly keys: Map<string, RealKey>;
  readonly arrived: Arrived[];
  readonly versioned: Set<string>;
  readonly tags: Map<string, string>;
  readonly answers: Map<string, ApiAnswer>;
}

async function served(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const { method = "", url = "", headers, rawHeaders } = request;
  const host = headers.host ?? "";
  const record: Arrived = { method, url, host, headers, rawHeaders, refused: undefined, bodyHash: "" };
  state.arrived.push(record);
  const judged = judgeHead({ method, url, host, headers }, state.keys);
  const body = await received(request, judged);
  record.bodyHash = body.wireSha256;
  record.refused = body.refused;
  if (record.refused !== undefined)
    return xml(response, 403, `<Error><Code>${record.refused}</Code><Message>the stand-in says no</Message></Error>`);
  if (!host.includes("s3")) return otherApi({ host, url, body, headers }, response, state);
  storage(request, body, response, state);
}

interface ReceivedBody {
  readonly refused: string | undefined;
  readonly object: StoredObject;
  readonly text: string;
  readonly wireSha256: string;
}

/** Streams: nothing but the first bytes of what was said is kept. */
async function received(request: IncomingMessage, judged: Judged | string): Promise<ReceivedBody> {
  const wire = createHash("sha256");
  const hash = createHash("sha256");
  const kept: Buffer[] = [];
  let bytes = 0;
  const reader = judgeBody(judged, (piece) => {
    hash.update(piece);
    if (bytes < TEXT_BYTES_MAX) kept.push(Buffer.from(piece));
    bytes += piece.length;
  });
  for await (const chunk of request as AsyncIterable<Buffer>) {
    wire.update(chunk);
    reader.push(chunk);
  }
  const wireSha256 = wire.digest("hex");
  const refused = reader.end(wireSha256);
  const text = Buffer.concat(kept).toString("utf8");
  const object: StoredObject = {
    bytes,
    sha256: hash.digest("hex"),
    text: bytes <= TEXT_BYTES_MAX ? text : undefined,
    payload: typeof judged === "string" ? "" : judged.payload,
    trailers: reader.trailers,
  };
  return { refused, object, text, wireSha256 };
}

/** Path-style and virtual-hosted. */
function placeOf(host: string, pathname: string): { readonly bucket: string; readonly key: string } {
  const virtual = [s3Host, globalHost].find((each) => host.endsWith(`.${each}`));
  const [, first = "", ...rest] = pathname.split("/");
  const decoded = (text: string): string => decodeURIComponent(text);
  return virtual === undefined
    ? { bucket: first, key: decoded(rest.join("/")) }
    : { bucket: host.slice(0, -virtual.length - 1), key: decoded([first, ...rest].join("/")) };
}

function storage(request: IncomingMessage, body: ReceivedBody, response: ServerResponse, state: State): void {
  const { method = "", headers } = request;
  const { pathname, searchParams } = new URL(request.url ?? "/", `https://${headers.host ?? s3Host}`);
  const { bucket, key } = placeOf(headers.host ?? "", pathname);
  const name = `${bucket}/${key}`;
  if (bucket === "")
    return xml(
      response,
      200,
      `<ListAllMyBucketsResult><Buckets>${[...state.buckets].map((each) => `<Bucket><Name>${each}</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>`).join("")}</Buckets></ListAllMyBucketsResult>`,
    );
  if (key === "") return ofBucket(method, { bucket, searchParams, body }, response, state);
  const upload = searchParams.get("uploadId");
  if (method === "POST" && searchParams.has("uploads")) {
    const id = `upload-${state.uploads.size + 1}`;
    state.uploads.set(id, new Map());
    return xml(
      response,
      200,
      `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${escaped(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }
  if (upload !== null) return ofUpload(method, { upload, name, searchParams, body }, response, state);
  if (method === "PUT") {
    const source = headers["x-amz-copy-source"];
    if (source !== undefined) return copied(name, decodeURIComponent(source.toString()), response, state);
    state.objects.set(name, body.object);
    return void response.writeHead(200, { etag: `"${body.object.sha256.slice(0, 32)}"` }).end();
  }
  const stored = state.objects.get(name);
  if (key === ECHO) return void response.writeHead(200).end(`${request.url ?? ""}\n${request.rawHeaders.join("\n")}`);
  if (method === "DELETE") {
    state.objects.delete(name);
    return void response.writeHead(204).end();
  }
  if (stored === undefined) return xml(response, 404, "<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>");
  const content = Buffer.from(stored.text ?? "");
  response.writeHead(200, {
    "content-length": method === "HEAD" ? stored.bytes : content.length,
    etag: `"${stored.sha256.slice(0, 32)}"`,
    "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT",
  });
  response.end(method === "HEAD" ? undefined : content);
}

function copied(name: string, source: string, response: ServerResponse, { objects }: State): void {
  const from = objects.get(source.replace(/^\//, ""));
  if (from === undefined) return xml(response, 404, "<Error><Code>NoSuchKey</Code></Error>");
  objects.set(name, from);
  xml(response, 200, `<CopyObjectResult><ETag>"copy"</ETag></CopyObjectResult>`);
}

interface OfBucket {
  readonly bucket: string;
  readonly searchParams: URLSearchParams;
  readonly body: ReceivedBody;
}

function ofBucket(method: string, { bucket, searchParams, body }: OfBucket, response: ServerResponse, state: State): void {
  if (method === "GET" && searchParams.has("versioning")) {
    const status = state.versioned.has(bucket) ? "<Status>Enabled</Status>" : "";
    return xml(response, 200, `<VersioningConfiguration>${status}</VersioningConfiguration>`);
  }
  if (method === "GET" && searchParams.has("tagging")) {
    const tags = state.tags.get(bucket);
    return tags === undefined ? xml(response, 404, "<Error><Code>NoSuchTagSet</Code></Error>") : xml(response, 200, tags);
  }
  if (method === "PUT") {
    state.buckets.add(bucket);
    return void response.writeHead(200).end();
  }
  if (method === "DELETE") {
    state.buckets.delete(bucket);
    return void response.writeHead(204).end();
  }
  if (method === "POST" && searchParams.has("delete")) {
    for (const [, key = ""] of body.text.matchAll(/<Key>([^<]*)<\/Key>/g)) state.objects.delete(`${bucket}/${key}`);
    return xml(response, 200, "<DeleteResult/>");
  }
  const own = [...state.objects].filter(([name]) => name.startsWith(`${bucket}/`));
  const listed = own.map(
    ([name, { bytes }]) =>
      `<Contents><Key>${escaped(name.slice(bucket.length + 1))}</Key><Size>${bytes}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`,
  );
  xml(
    response,
    200,
    `<ListBucketResult><Name>${bucket}</Name><KeyCount>${own.length}</KeyCount><IsTruncated>false</IsTruncated>${listed.join("")}</ListBucketResult>`,
  );
}

interface OfUpload {
  readonly upload: string;
  readonly name: string;
  readonly searchParams: URLSearchParams;
  readonly body: ReceivedBody;
}

function ofUpload(method: string, { upload, name, searchParams, body }: OfUpload, response: ServerResponse, state: State): void {
  const parts = state.uploads.get(upload);
  if (parts === undefined) return xml(response, 404, "<Error><Code>NoSuchUpload</Code></Error>");
  if (method === "PUT") {
    parts.set(Number(searchParams.get("partNumber")), body.object);
    return void response.writeHead(200, { etag: `"${body.object.sha256.slice(0, 32)}"` }).end();
  }
  state.uploads.delete(upload);
  if (method === "DELETE") return void response.writeHead(204).end();
  const all = [...parts.values()];
  const bytes = all.reduce((sum, part) => sum + part.bytes, 0);
  const payload = [...new Set(all.map((part) => part.payload))].join(" ");
  state.objects.set(name, { bytes, sha256: "of its parts", text: undefined, payload, trailers: all.flatMap(({ trailers }) => trailers) });
  xml(response, 200, `<CompleteMultipartUploadResult><Key>${escaped(name)}</Key><ETag>"whole"</ETag></CompleteMultipartUploadResult>`);
}

interface OtherAsked {
  readonly host: string;
  readonly url: string;
  readonly body: ReceivedBody;
  readonly headers: IncomingMessage["headers"];
}

/** `rds DescribeDBInstances`, `ec2 TerminateInstances DryRun`. */
function calledIn({ host, url, body, headers }: OtherAsked): string {
  const form = new URLSearchParams(body.text || (url.split("?")[1] ?? ""));
  const name = headers["x-amz-target"]?.toString().split(".")[1] ?? form.get("Action") ?? "";
  return `${host.split(".")[0]} ${name}${form.get("DryRun") === "true" ? " DryRun" : ""}`;
}

function otherApi(asked: OtherAsked, response: ServerResponse, { answers }: State): void {
  const { host, url, body, headers } = asked;
  const given = answers.get(calledIn(asked));
  if (given !== undefined) {
    const type = given.text.startsWith("<") ? "text/xml" : "application/x-amz-json-1.0";
    return void response.writeHead(given.status, { "content-type": type }).end(given.text);
  }
  if (host.startsWith("sts."))
    return xml(
      response,
      200,
      `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/staging</Arn><UserId>U1</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
    );
  const answer = host.startsWith("lambda.")
    ? { Configuration: { FunctionName: decodeURIComponent(url) } }
    : { Asked: headers["x-amz-target"], TableNames: ["orders"], Length: body.object.bytes };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function xml(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "application/xml" }).end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
}
