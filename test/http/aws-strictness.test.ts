/**
 * No way to write a request to AWS leads past a decision: for operations chosen from all of the models by chance, each of the forms that a
 * server may take it by, and each disguise, is answered as strictly as the plain request, or more so.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { apisOf, type ModelApi, type ModelOperation } from "../../src/effects/http/model-apis.ts";
import { type HttpRequest, NOT_TEXT } from "../../src/model/http-request.ts";
import { aws } from "../../src/packs/aws.ts";
import { explainRequest } from "./requests.ts";

assert(aws.models !== undefined);
const rank = { allow: 0, hold: 1, deny: 2 };
const called = apisOf(aws.models).all.flatMap((api) => [...api.operations().values()].map((operation) => ({ api, operation })));
const byName = called.filter(({ api, operation }) => operation.route === undefined && !/[*{]/.test(api.endpoints[0] ?? "*"));
const byRoute = called.filter(({ api, operation }) => operation.route !== undefined && !/[*{]/.test(api.endpoints[0] ?? "*"));

const hostOf = ({ endpoints }: ModelApi): string => `${endpoints[0]}.eu-central-1.amazonaws.com`;

function plainRequest({ api, operation }: { readonly api: ModelApi; readonly operation: ModelOperation }): HttpRequest {
  const origin = `https://${hostOf(api)}`;
  if (operation.route === undefined) {
    const url = `${origin}/`;
    if (api.target === undefined) return { method: "POST", url, headers: [], body: `Action=${operation.name}&Name=x` };
    return { method: "POST", url, headers: [["X-Amz-Target", `${api.target}.${operation.name}`]], body: '{"Name":"x"}' };
  }
  const [uri = "", ...headers] = operation.route.uri.split("#");
  const url = `${origin}${uri.replaceAll(/\{[^}]+\}/g, "Zz9")}`;
  return { method: operation.route.method, url, headers: headers.map((name) => [name, "/b/k"] as const), body: "" };
}

type Disguise = (request: HttpRequest, at: number) => HttpRequest;
const withQuery = (request: HttpRequest, part: string): HttpRequest => ({
  ...request,
  url: `${request.url}${request.url.includes("?") ? "&" : "?"}${part}`,
});
const withHeader = (request: HttpRequest, name: string, value: string): HttpRequest => ({
  ...request,
  headers: [...request.headers, [name, value]],
});

const disguises: readonly Disguise[] = [
  (request) => withQuery(request, "Action=DescribeInstances"),
  (request) => withQuery(request, "action=ListUsers&Version=2010-05-08"),
  (request) => withQuery(request, "x-id=GetObject"),
  (request) => withQuery(request, "X-Amz-Credential=AKID%2F20260101%2Feu-central-1%2Fs3%2Faws4_request"),
  (request) => withHeader(request, "X-Amz-Target", "DynamoDB_20120810.ListTables"),
  (request) => withHeader(request, "Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/sts/aws4_request"),
  (request) => withHeader(request, "X-HTTP-Method-Override", "GET"),
  (request) => ({ ...request, headers: request.headers.map(([name, value]) => [name.toUpperCase(), value.toUpperCase()] as const) }),
  (request) => ({ ...request, body: request.body === "" ? "" : ` \n${request.body}\n` }),
  (request) => ({ ...request, body: request.body === "" ? "Action=DescribeInstances" : `${request.body}&Action=DescribeInstances` }),
  (request) => ({ ...request, body: "AP8=", opaque: NOT_TEXT }),
  (request) => ({ ...request, body: "<a><b></a>" }),
  (request) => ({ ...request, url: request.url.replace(/^https:\/\/[^/]+/, (origin) => origin.toUpperCase()) }),
  (request) => ({ ...request, url: request.url.replace(/(?<!^https:|^https:\/)\//, "//./") }),
  (request, at) => {
    const from = request.url.indexOf("/", 8);
    const letters = [...request.url.slice(from)].flatMap((sign, index) =>
      /[a-z]/i.test(sign) && !request.url.includes("%") ? [from + index] : [],
    );
    const place = letters[at % Math.max(1, letters.length)];
    if (place === undefined) return request;
    return {
      ...request,
      url: `${request.url.slice(0, place)}%${request.url.charCodeAt(place).toString(16)}${request.url.slice(place + 1)}`,
    };
  },
];

test("never less strict: any disguises of any operation, whatever form it is called by", async () => {
  const several = fc.array(fc.constantFrom(...disguises), { minLength: 1, maxLength: 3 });
  const property = fc.asyncProperty(fc.constantFrom(...byRoute, ...byName), several, fc.nat(80), async (chosen, list, at) => {
    const plain = plainRequest(chosen);
    const disguised = list.reduce((request, disguise) => disguise(request, at), plain);
    const [before, after] = [await explainRequest(plain), await explainRequest(disguised)];
    assert.ok(
      rank[after.decision] >= rank[before.decision],
      `${chosen.api.id} ${chosen.operation.name}: ${JSON.stringify(plain)} was ${before.decision}, ${JSON.stringify(disguised)} is ${after.decision}`,
    );
  });
  await fc.assert(property, { numRuns: 400 });
});

test("an operation that is called by its name is decided alike by every form that a server may take it by", async () => {
  const targets = byName.filter(({ api }) => api.target !== undefined);
  const property = fc.asyncProperty(fc.constantFrom(...targets), async ({ api, operation }) => {
    const origin = `https://${hostOf(api)}`;
    const forms: readonly HttpRequest[] = [
      plainRequest({ api, operation }),
      { method: "POST", url: `${origin}/`, headers: [], body: `Action=${operation.name}&Name=x` },
      { method: "GET", url: `${origin}/?Action=${operation.name}`, headers: [], body: "" },
      { method: "POST", url: `${origin}/service/${api.target}/operation/${operation.name}`, headers: [], body: "" },
    ];
    const decisions = new Set<string>();
    for (const form of forms) decisions.add((await explainRequest(form)).decision);
    assert.equal(decisions.size, 1, `${api.id} ${operation.name}: ${[...decisions].join(", ")}`);
  });
  await fc.assert(property, { numRuns: 200 });
});
