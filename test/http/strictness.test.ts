/**
 * No spelling leads past a decision: a request that is written otherwise is answered as strictly as it was, or more so.
 * The requests are the packs' own examples, of every row of the survey, and the answers those of every preset.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { requestOfText } from "../../src/effects/http/request-text.ts";
import type { HttpRequest } from "../../src/model/http-request.ts";
import { packs } from "../../src/packs/index.ts";
import { strictnessOf } from "./requests.ts";

const requests = packs.flatMap(({ operations }) =>
  operations.flatMap(({ examples }) => examples.matches.map((text) => requestOfText(text))).filter((request) => request !== undefined),
);
const mutations = requests.filter(({ url, body }) => /graphql/.test(url) && body.includes("mutation {"));

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

const withHeader =
  (name: string, value: string): Disguise =>
  (request) => ({ ...request, headers: [...request.headers.filter(([known]) => known.toLowerCase() !== name), [name, value]] });

/** A JSON body with the entries of its objects turned round; any other as it is. */
function reordered(body: string): string {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, turned(inner)]),
    );
  };
  try {
    return JSON.stringify(turned(JSON.parse(body)));
  } catch {
    return body;
  }
}

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
  "a dot behind the host": (request) => ({ ...request, url: request.url.replace(/^(https:\/\/[^/:]+)(?=\/)/, "$1.") }),
  "a body that says it is a form": withHeader("content-type", "application/x-www-form-urlencoded"),
  "a body that says it has several parts": withHeader("content-type", "multipart/form-data; boundary=b"),
  "a body that says it is in another character set": withHeader("content-type", "application/json; charset=utf-16le"),
  "letters of the body's names escaped": (request, at) =>
    /^\s*[[{]/.test(request.body)
      ? {
          ...request,
          body: request.body.replace(/"([a-z])/gi, (all, letter: string) =>
            at % 2 === 0 ? `"\\u00${letter.charCodeAt(0).toString(16)}` : all,
          ),
        }
      : request,
  "the body's entries in another order": (request) => ({ ...request, body: reordered(request.body) }),
  "another key in the body before the rest": (request) => ({
    ...request,
    body: request.body.replace(/^\s*\{(?=\s*")/, '{"zzz":[{"a":1}],'),
  }),
  "a key of the body in the query too": (request) => ({ ...request, url: `${request.url}${request.url.includes("?") ? "&" : "?"}zzz=1` }),
  "the entries of the query in another order": (request) => ({
    ...request,
    url: request.url.replace(/\?(.*)$/, (_all, query: string) => `?${query.split("&").reverse().join("&")}`),
  }),
  "values of the query as lists": (request) => ({
    ...request,
    url: request.url.replace(/\?(.*)$/, (_all, query: string) => `?${query.replace(/(^|&)([A-Za-z_]+)=/g, "$1$2[]=")}`),
  }),
  "names of the query percent-encoded": (request) => ({
    ...request,
    url: request.url.replace(/\?([a-z])/i, (_all, letter: string) => `?%${letter.charCodeAt(0).toString(16)}`),
  }),
  "another spelling of what is true": (request) => ({
    ...request,
    url: request.url.replace(/=true\b/g, "=1"),
    body: request.body.replace(/: ?true\b/g, ":1"),
  }),
  "an empty override of the method": withHeader("x-http-method-override", ""),
  "the method overridden by two": withHeader("x-method-override", "GET, HEAD"),
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

const plainly = new Map<HttpRequest, Promise<readonly number[]>>();

async function strictEnough(plain: HttpRequest, disguised: HttpRequest, what: string): Promise<void> {
  const before = plainly.get(plain) ?? strictnessOf(plain);
  plainly.set(plain, before);
  const after = await strictnessOf(disguised);
  for (const [index, least] of (await before).entries())
    assert.ok(
      (after[index] ?? 0) >= least,
      `${what}: ${plain.method} ${plain.url} is ${(await before).join("")}, and ${JSON.stringify(disguised)} is ${after.join("")}`,
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
