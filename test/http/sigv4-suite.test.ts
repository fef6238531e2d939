/**
 * The published test suite of Signature Version 4 (sigv4-suite.json names its origin), against what signs and against what verifies; and
 * the examples of Amazon S3's documentation for bodies in chunks.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, test } from "node:test";
import { rechained } from "../../src/credentials/sigv4/body-streams.ts";
import { canonicalText, type Pair, sha256Hex, type SignedParts } from "../../src/credentials/sigv4/canonical.ts";
import type { Chain } from "../../src/credentials/sigv4/chunk-chain.ts";
import { pathAndQuery, type SigningRequest } from "../../src/credentials/sigv4/read-request.ts";
import { type ClientSignature, readSignature } from "../../src/credentials/sigv4/read-signature.ts";
import { resigned } from "../../src/credentials/sigv4/resigned.ts";
import { signedInHeader, signedInQuery } from "../../src/credentials/sigv4/sign-anew.ts";
import { emptyHash, requestSignature, signerFor, timeOfStamp } from "../../src/credentials/sigv4/signing.ts";

interface Case {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly Pair[];
  readonly body?: string;
  readonly normalised: boolean;
  readonly signsBody: boolean;
  readonly token?: string;
  readonly tokenAfterwards?: boolean;
  readonly header: { readonly canonical: string; readonly signature: string };
  readonly query: { readonly canonical: string; readonly signature: string };
}

interface Suite {
  readonly key: { readonly id: string; readonly secret: string };
  readonly region: string;
  readonly api: string;
  readonly stamp: string;
  readonly expiresS: number;
  readonly cases: readonly Case[];
}

const suite = JSON.parse(readFileSync(join(import.meta.dirname, "sigv4-suite.json"), "utf8")) as Suite;
const { key, region, api, stamp, expiresS } = suite;
const scope = { day: stamp.slice(0, 8), region, api };
const signer = signerFor(key.secret, scope);

/** What of a case is signed in a header. */
function inHeader({ method, target, headers, body = "", signsBody, token, tokenAfterwards }: Case): SignedParts {
  const [path, query] = pathAndQuery(target);
  const payload = sha256Hex(body);
  const all: readonly Pair[] = [
    ...headers.map(([name, value]): Pair => [name.toLowerCase(), value]),
    ["x-amz-date", stamp],
    ...(signsBody ? [["x-amz-content-sha256", payload] as const] : []),
    ...(token === undefined || tokenAfterwards === true ? [] : [["x-amz-security-token", token] as const]),
  ];
  return { method, path, query, headers: all, signed: [...new Set(all.map(([name]) => name))], payload };
}

/** What of a case is signed in the query. */
function inQuery(each: Case): SignedParts {
  const { method, target, headers, body = "", token, tokenAfterwards } = each;
  const [path, query] = pathAndQuery(target);
  const all = headers.map(([name, value]): Pair => [name.toLowerCase(), value]);
  const signed = [...new Set(all.map(([name]) => name))].toSorted();
  const told = [
    ...(query === "" ? [] : [query]),
    "X-Amz-Algorithm=AWS4-HMAC-SHA256",
    `X-Amz-Credential=${key.id}/${signer.scope}`,
    `X-Amz-Date=${stamp}`,
    `X-Amz-Expires=${expiresS}`,
    `X-Amz-SignedHeaders=${signed.join(";")}`,
    ...(token === undefined || tokenAfterwards === true ? [] : [`X-Amz-Security-Token=${encodeURIComponent(token)}`]),
  ];
  return { method, path, query: told.join("&"), headers: all, signed, payload: sha256Hex(body) };
}

/** Verified as the signature of a request of the suite's own key. */
function verified(request: SigningRequest, signature: ClientSignature, each: Case): boolean {
  const form = each.normalised ? "normalised" : "as_sent";
  const secret = { name: "suite", goesTo: () => true, pair: () => key };
  const clock = { now: () => timeOfStamp(stamp) ?? 0 };
  const rest = { kind: "clean" as const, judged: [], sent: () => ({ headers: [], secrets: [] }) };
  const word = sha256Hex(each.body ?? "");
  const parts = {
    principal: "suite",
    request,
    signature,
    form,
    secret,
    dummy: key,
    clock,
    payload: { kind: "hashed", hash: word },
    word,
    wrapping: [],
  } as const;
  return typeof resigned(parts, rest, request.target) !== "string";
}

function requestOf(
  { method, headers, path, query }: SignedParts,
  more: { readonly headers?: readonly Pair[]; readonly query?: string },
): SigningRequest {
  const length = headers.find(([name]) => name === "content-length")?.[1];
  const all = more.query ?? query;
  return {
    packed: { provider: "suite", authSlots: [] },
    host: "example.amazonaws.com",
    method,
    target: all === "" ? path : `${path}?${all}`,
    headers: [...headers.filter(([name]) => name !== "host" && name !== "content-length"), ...(more.headers ?? [])],
    ...(length === undefined ? {} : { framing: { kind: "length" as const, bytes: Number(length) } }),
  };
}

describe("the published suite", () => {
  test("has the cases that it is known to have", () => assert.equal(suite.cases.length, 38));

  for (const each of suite.cases) {
    const form = each.normalised ? "normalised" : "as_sent";
    test(`${each.name}: signed and verified in a header`, () => {
      const parts = inHeader(each);
      assert.equal(canonicalText(parts, form), each.header.canonical);
      const signature = requestSignature(signer, stamp, parts, form);
      assert.equal(signature, each.header.signature);
      const authorization = `AWS4-HMAC-SHA256 Credential=${key.id}/${signer.scope}, SignedHeaders=${parts.signed.toSorted().join(";")}, Signature=${signature}`;
      const request = requestOf(parts, { headers: [["authorization", authorization]] });
      const read = readSignature(request.headers, pathAndQuery(request.target)[1]);
      assert.equal(read.kind, "signed");
      assert(read.kind === "signed");
      assert(verified(request, read.signature, each));
      assert(!verified({ ...request, method: "PUT" }, read.signature, each));
      assert(!verified({ ...request, target: `${request.target}${request.target.includes("?") ? "&" : "?"}more=1` }, read.signature, each));
    });

    test(`${each.name}: signed and verified in the query`, () => {
      const parts = inQuery(each);
      assert.equal(canonicalText(parts, form), each.query.canonical);
      const signature = requestSignature(signer, stamp, parts, form);
      assert.equal(signature, each.query.signature);
      const request = requestOf(parts, { query: `${parts.query}&X-Amz-Signature=${signature}` });
      const read = readSignature(request.headers, pathAndQuery(request.target)[1]);
      assert(read.kind === "signed");
      assert.equal(read.signature.expiresS, expiresS);
      assert(verified(request, read.signature, each));
      assert(!verified({ ...request, target: request.target.replace("Expires=3600", "Expires=3601") }, read.signature, each));
    });

    // What belongs to one connection is not signed by us: the suite signs a length in two of its cases.
    if (each.headers.every(([name]) => name.toLowerCase() !== "content-length") && each.tokenAfterwards !== true)
      test(`${each.name}: made by what signs anew`, () => {
        const { headers, signed, method, payload } = inHeader(each);
        const own = headers.filter(([name]) => !["host", "x-amz-date", "x-amz-security-token"].includes(name));
        const asked = {
          method,
          host: "example.amazonaws.com",
          target: each.target,
          headers: own,
          payload,
          signed,
          scope,
          form,
          stamp,
        } as const;
        const pair = each.token === undefined ? key : { ...key, token: each.token };
        assert.equal(signedInHeader(asked, pair).signature, each.header.signature);
        const plain = { ...asked, headers: own.filter(([name]) => name !== "x-amz-content-sha256") };
        assert.equal(signedInQuery(plain, pair, expiresS).signature, each.query.signature);
      });
  }
});

/** Amazon S3 API reference, "Transferring Payload in Multiple Chunks" and "Including Trailing Headers": the examples of both. */
const example = { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const exampleStamp = "20130524T000000Z";
const exampleSigner = signerFor(example.secret, { day: "20130524", region: "us-east-1", api: "s3" });
const a = (count: number): string => "a".repeat(count);
const examples = [
  {
    name: "chunks",
    word: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    more: [["content-length", "66824"]] as readonly Pair[],
    seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    chunks: [
      "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
      "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ],
    trailers: "",
  },
  {
    name: "chunks with a trailer",
    word: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    more: [["x-amz-trailer", "x-amz-checksum-crc32c"]] as readonly Pair[],
    seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    chunks: [
      "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
      "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
      "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ],
    trailers:
      "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
  },
] as const;

describe("the documentation's examples", () => {
  for (const { name, word, more, seed, chunks, trailers } of examples) {
    const headers: readonly Pair[] = [
      ["host", "s3.amazonaws.com"],
      ["x-amz-date", exampleStamp],
      ["x-amz-storage-class", "REDUCED_REDUNDANCY"],
      ["x-amz-content-sha256", word],
      ["content-encoding", "aws-chunked"],
      ["x-amz-decoded-content-length", "66560"],
      ...more,
    ];
    const [one, two, last] = chunks;
    const first = `10000;chunk-signature=${one}\r\n${a(65_536)}\r\n`;
    const second = `400;chunk-signature=${two}\r\n${a(1_024)}\r\n`;
    const rest = `0;chunk-signature=${last}\r\n${trailers}\r\n`;
    const body = `${first}${second}${rest}`;
    const form = { signed: true, trailers: trailers !== "" };
    const theirs: Chain = { signer: exampleSigner, stamp: exampleStamp, seed };
    const through = (text: string, ours: Chain, pieces: number): Promise<string> => {
      const bytes = Buffer.from(text);
      const cut = Array.from({ length: Math.ceil(bytes.length / pieces) }, (_, at) => bytes.subarray(at * pieces, (at + 1) * pieces));
      return buffer(Readable.from(cut).compose(rechained(theirs, ours, form, 66_560))).then(String);
    };

    test(`${name}: the request signs to the seed`, () => {
      const parts = { method: "PUT", path: "/examplebucket/chunkObject.txt", query: "", headers, payload: word };
      const signed = headers.map(([each]) => each);
      assert.equal(requestSignature(exampleSigner, exampleStamp, { ...parts, signed }, "as_sent"), seed);
    });

    test(`${name}: verified, and the same when chained anew with the same key, however it is cut`, async () => {
      if (name === "chunks") assert.equal(body.length, 66_824);
      for (const pieces of [1_000_000, 65_536, 1_023, 7]) assert.equal(await through(body, theirs, pieces), body);
    });

    test(`${name}: chained anew with another key it has the same length, and holds for that key alone`, async () => {
      const seeded: Chain = {
        signer: signerFor("another", { day: "20260101", region: "x", api: "s3" }),
        stamp: "20260101T000000Z",
        seed: emptyHash,
      };
      const anew = await through(body, seeded, 5_000);
      assert.equal(anew.length, body.length);
      assert.notEqual(anew, body);
      await assert.rejects(through(anew, seeded, 5_000), /not the session's/);
      const back = Readable.from([Buffer.from(anew)]).compose(rechained(seeded, theirs, form, 66_560));
      assert.equal(String(await buffer(back)), body);
    });

    test(`${name}: a byte, a chunk or an end that is another is refused`, async () => {
      const others = {
        "a byte": body.replace("aaa\r\n0;", "aab\r\n0;"),
        "chunks in another order": `${second}${first}${rest}`,
        "a chunk less": `${first}${rest}`,
        "a chunk twice": `${first}${first}${rest}`,
        "no end": body.slice(0, -2),
        "more after it": `${body}x`,
        "a longer size": body.replace("400;", "401;"),
        "no signature": body.replace(`;chunk-signature=${two}`, ""),
        ...(trailers === ""
          ? {}
          : {
              "another trailer": body.replace("sOO8", "sOO9"),
              "a trailer more": body.replace("x-amz-trailer-s", "x-amz-meta-x:1\r\nx-amz-trailer-s"),
            }),
      };
      for (const [what, other] of Object.entries(others)) {
        assert.notEqual(other, body, what);
        await assert.rejects(through(other, theirs, 1_500), { name: "BodyRefused" }, what);
      }
    });
  }
});
