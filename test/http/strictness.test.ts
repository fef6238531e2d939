/**
 * No spelling leads past a decision: a request that is written otherwise is answered as strictly as it was, or more so.
 * The requests are the packs' own examples, under a policy that permits, holds and forbids.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { requestOfText } from "../../src/effects/http/request-text.ts";
import type { HttpRequest } from "../../src/model/http-request.ts";
import { packs } from "../../src/packs/index.ts";
import { explainRequest } from "./requests.ts";

const requests = packs.flatMap(({ operations }) =>
  operations.flatMap(({ examples }) => examples.matches.map((text) => requestOfText(text))).filter((request) => request !== undefined),
);
const mutations = requests.filter(({ url, body }) => /graphql/.test(url) && body.includes("mutation {"));
const rank = { allow: 0, hold: 1, deny: 2 };

/** `at` chooses where, so that the same disguise falls on other places. */
type Disguise = (request: HttpRequest, at: number) => HttpRequest;

function onPath(change: (path: string, at: number) => string): Disguise {
  return (request, at) => {
    const [, origin = "", path = "", query = ""] = /^(https:\/\/[^/]+)([^?]*)(.*)$/.exec(request.url) ?? [];
    return { ...request, url: `${origin}${change(path, at)}${query}` };
  };
}

const slashes = (path: string): number[] => [...path].flatMap((character, index) => (character === "/" ? [index] : []));
const insertAtSlash =
  (text: string) =>
  (path: string, at: number): string => {
    const places = slashes(path);
    const place = places[at % places.length] ?? 0;
    return path.slice(0, place) + text + path.slice(place);
  };

const disguises: Readonly<Record<string, Disguise>> = {
  "a letter percent-encoded": onPath((path, at) => {
    const index = 1 + (at % Math.max(1, path.length - 1));
    const character = path[index] ?? "";
    return /[A-Za-z0-9]/.test(character) && !path.includes("%")
      ? `${path.slice(0, index)}%${character.charCodeAt(0).toString(16)}${path.slice(index + 1)}`
      : path;
  }),
  "the path in capitals": onPath((path) => path.toUpperCase()),
  "a slash doubled": onPath(insertAtSlash("/")),
  "a dot segment": onPath(insertAtSlash("/.")),
  "up and down again": onPath(insertAtSlash("/x/%2e%2e")),
  "parameters of a segment": onPath(insertAtSlash(";v=1")),
  "a slash at the end": onPath((path) => `${path}/`),
  "the host in capitals, with its port": (request) => ({
    ...request,
    url: request.url.replace(/^https:\/\/([^/:]+)(?=\/)/, (all) => `${all.toUpperCase()}:443`),
  }),
  "the method in small letters": (request) => ({ ...request, method: request.method.toLowerCase() }),
  "the method overridden by a harmless one": (request) => ({
    ...request,
    headers: [...request.headers, ["X-HTTP-Method-Override", "GET"]],
  }),
  "the method put into a header": (request) => ({
    ...request,
    method: "POST",
    headers: [...request.headers, ["x-http-method", request.method]],
  }),
  "the method put into the query": (request) => ({
    ...request,
    method: "POST",
    url: `${request.url}${request.url.includes("?") ? "&" : "?"}_method=${request.method}`,
  }),
  "a key of the query twice": (request) => ({ ...request, url: `${request.url}${request.url.includes("?") ? "&" : "?"}a=1&a=2` }),
  "a body of unknown kind": (request) =>
    request.body === "" ? { ...request, body: "\u0001\u0002", headers: [...request.headers, ["content-type", "application/x"]] } : request,
  "a compressed body": (request) => ({ ...request, headers: [...request.headers, ["Content-Encoding", "br"]] }),
  "white space around the body": (request) => ({ ...request, body: request.body === "" ? "" : `\n ${request.body}\n` }),
};

const documents: Readonly<Record<string, (document: string) => object>> = {
  "an alias": (document) => ({ query: document.replace("{ ", "{ harmless: ") }),
  "a comment and a byte order mark": (document) => ({ query: `\ufeff# query\n${document}` }),
  "another operation first": (document) => ({
    query: `query Q { me { id } } ${document.replace("mutation", "mutation M")}`,
    operationName: "M",
  }),
  "a fragment": (document) => {
    const inner = document.slice(document.indexOf("{") + 1, document.lastIndexOf("}"));
    return { query: `mutation { ...F } fragment F on Mutation { ${inner} }` };
  },
  "an inline fragment that is included": (document) => {
    const inner = document.slice(document.indexOf("{") + 1, document.lastIndexOf("}"));
    return { query: `mutation ($yes: Boolean = true) { ... @include(if: $yes) { ${inner} } }` };
  },
  twice: (document) => {
    const inner = document.slice(document.indexOf("{") + 1, document.lastIndexOf("}"));
    return { query: `mutation { a: ${inner.trim()} b: ${inner.trim()} }` };
  },
  "the operation not named": (document) => ({ query: `${document} query Q { me { id } }` }),
  "a stored document beside it": (document) => ({ query: document, extensions: { persistedQuery: { sha256Hash: "0" } } }),
};

async function strictEnough(plain: HttpRequest, disguised: HttpRequest, what: string): Promise<void> {
  const before = await explainRequest(plain);
  const after = await explainRequest(disguised);
  assert.ok(
    rank[after.decision] >= rank[before.decision],
    `${what}: ${plain.method} ${plain.url} was ${before.decision}, and ${JSON.stringify(disguised)} is ${after.decision}`,
  );
}

for (const [what, disguise] of Object.entries(disguises)) {
  test(`never less strict: ${what}`, async () => {
    for (const [index, request] of requests.entries()) await strictEnough(request, disguise(request, index), what);
  });
}

for (const [what, rewrite] of Object.entries(documents)) {
  test(`never less strict: ${what}`, async () => {
    assert.ok(mutations.length > 30);
    for (const request of mutations) {
      const { query } = JSON.parse(request.body) as { query: string };
      await strictEnough(request, { ...request, body: JSON.stringify(rewrite(query)) }, what);
    }
  });
}

test("never less strict: any disguises one after the other, and a batch of any order", async () => {
  const several = fc.array(fc.constantFrom(...Object.values(disguises)), { minLength: 1, maxLength: 4 });
  const property = fc.asyncProperty(fc.constantFrom(...requests), several, fc.nat(60), async (request, list, at) => {
    await strictEnough(
      request,
      list.reduce((changed, disguise) => disguise(changed, at), request),
      "several",
    );
  });
  await fc.assert(property, { numRuns: 300 });
  const batch = fc.asyncProperty(fc.constantFrom(...mutations), fc.nat(3), async (request, place) => {
    const reads = Array.from({ length: 3 }, () => '{"query":"query { me { id } }"}');
    await strictEnough(
      request,
      { ...request, body: `[${[...reads.slice(0, place), request.body, ...reads.slice(place)].join(",")}]` },
      "batch",
    );
  });
  await fc.assert(batch, { numRuns: 60 });
});
