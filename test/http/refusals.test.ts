/** Requests that are written to be misread, each with the answer of guarded-writes in staging; and what never leaves in an answer. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HttpRequest } from "../../src/model/http-request.ts";
import { explainRequest } from "./requests.ts";

const URL = "https://backboard.railway.com/graphql/v2";
const D = 'volumeDelete(volumeId: "3d2c42fb")';
const post = (body: unknown, rest: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "POST",
  url: URL,
  headers: [["Content-Type", "application/json"]],
  body: typeof body === "string" ? body : JSON.stringify(body),
  ...rest,
});
const get = (url: string, headers: HttpRequest["headers"] = []): HttpRequest => ({ method: "GET", url, headers, body: "" });
const POD = "https://kubernetes.default.svc/api/v1/namespaces/shop/pods/web";
const webSocket = ["Upgrade", "websocket"] as const;
const graphqlSocket = ["Sec-WebSocket-Protocol", "graphql-ws"] as const;
const query = (text: string): string => encodeURIComponent(text);
const patch = "mutation ($p: EnvironmentConfig!) { environmentPatchCommit(patch: $p) }";

const cases: readonly (readonly [what: string, request: HttpRequest, answer: string])[] = [
  ["a read", post({ query: "query { me { id } }" }), "allow permitted"],
  ["a short read", post({ query: "{ me { id } }" }), "allow permitted"],
  ["a deployment", post({ query: 'mutation { serviceInstanceDeployV2(serviceId: "s", environmentId: "e") }' }), "allow permitted"],
  ["the incident", post({ query: `mutation { ${D} }` }), "hold destructive"],
  ["by an alias", post({ query: `mutation { me: ${D} }` }), "hold destructive"],
  ["by a fragment", post({ query: `mutation { ...F } fragment F on Mutation { ${D} }` }), "hold destructive"],
  ["in a batch", post([{ query: "{ me { id } }" }, { query: `mutation { ${D} }` }]), "hold destructive"],
  ["in a URL", get(`${URL}?query=${query(`mutation { ${D} }`)}`), "hold destructive"],
  ["named second", post({ query: `query A { me { id } } mutation B { ${D} }`, operationName: "B" }), "hold destructive"],
  ["beside the one that runs", post({ query: `query A { me { id } } mutation B { ${D} }`, operationName: "A" }), "allow permitted"],
  ["not named", post({ query: `query A { me { id } } mutation B { ${D} }` }), "deny not_understood"],
  ["by a variable", post({ query: "mutation ($v: String!) { volumeDelete(volumeId: $v) }", variables: { v: "x" } }), "hold destructive"],
  ["inside a patch", post({ query: patch, variables: { p: { volumes: { v: { isDeleted: true } } } } }), "hold destructive"],
  ["skipped for certain", post({ query: `mutation { ${D} @skip(if: true) deploymentRedeploy(id: 1) { id } }` }), "allow permitted"],
  [
    "skipped and not, by one directive twice",
    post({ query: `mutation { ${D} @include(if: false) @include(if: true) }` }),
    "deny not_understood",
  ],
  ["skipped, perhaps", post({ query: `mutation ($s: Boolean!) { ${D} @skip(if: $s) }` }), "hold destructive"],
  ["by a digest alone", post({ extensions: { persistedQuery: { version: 1, sha256Hash: "ab" } } }), "deny not_understood"],
  ["a fragment that holds itself", post({ query: "{ ...A } fragment A on Query { ...A }" }), "deny not_understood"],
  ["a key twice", post(`{"query":"{ me { id } }","query":"mutation { ${D.replaceAll('"', '\\"')} }"}`), "deny not_understood"],
  [
    "as a form",
    post(`query=${query(`mutation { ${D} }`)}`, { headers: [["Content-Type", "application/x-www-form-urlencoded"]] }),
    "hold destructive",
  ],
  ["compressed", post({ query: "{ me { id } }" }, { headers: [["Content-Encoding", "gzip"]] }), "deny not_understood"],
  ["not GraphQL", post("volumeDelete"), "deny not_understood"],
  ["a change of tomorrow", post({ query: "mutation { volumeObliterate(id: 1) }" }), "hold not_understood"],
  ["a token", post({ query: "mutation { apiTokenCreate(input: {}) }" }), "deny privilege_change"],
  ["variables are secrets", post({ query: 'query { variables(projectId: "p", environmentId: "e") }' }), "deny secret_read"],
  ["a hidden slash", get("https://api.heroku.com/apps%2Fshop"), "deny protocol_refused"],
  ["above the root", get("https://api.heroku.com/../apps"), "deny protocol_refused"],
  ["encoded twice", get("https://api.heroku.com/%2561pps"), "deny protocol_refused"],
  ["beyond ASCII", get("https://api.heroku.com/äpps"), "deny protocol_refused"],
  ["a fragment of a URL", get("https://api.heroku.com/apps#x"), "deny protocol_refused"],
  ["credentials in a URL", get("https://a:b@api.heroku.com/apps"), "deny protocol_refused"],
  [
    "two lengths",
    get("https://api.heroku.com/apps", [
      ["Content-Length", "1"],
      ["Transfer-Encoding", "chunked"],
    ]),
    "deny protocol_refused",
  ],
  ["a folded header", get("https://api.heroku.com/apps", [["X-A", "a\r\n b"]]), "deny protocol_refused"],
  ["another Host", get("https://api.heroku.com/apps", [["Host", "api.render.com"]]), "deny protocol_refused"],
  ["a read with a key twice", get("https://api.heroku.com/apps?a=1&a=2"), "deny not_understood"],
  ["a deployment with a key twice", post('{"a":1,"a":2}', { url: "https://api.heroku.com/apps/shop/builds" }), "deny not_understood"],
  [
    "a deployment with a form's key twice",
    post("a=1&a=2", { url: "https://api.heroku.com/apps/shop/builds", headers: [] }),
    "deny not_understood",
  ],
  ["a host without a pack", get("https://example.com/"), "deny not_permitted"],
  ["a host that ends like one with a pack", get("https://api.heroku.com.example.com/apps"), "deny not_permitted"],
  [
    "an override",
    post("", { url: "https://api.heroku.com/apps/shop", headers: [["X-HTTP-Method-Override", "DELETE"]] }),
    "hold destructive",
  ],
  [
    "an override of a deletion",
    { ...get("https://api.heroku.com/apps/shop", [["X-HTTP-Method-Override", "GET"]]), method: "DELETE" },
    "hold destructive",
  ],
  ["another method by its old name", get("https://api.heroku.com/apps/shop", [["X-Original-Method", "DELETE"]]), "hold destructive"],
  ["another path", get("https://api.heroku.com/apps", [["X-Original-URL", "/apps/shop/config-vars"]]), "deny protocol_refused"],
  ["another path, rewritten", get("https://api.heroku.com/apps", [["X_Rewrite_URL", "/apps/shop/config-vars"]]), "deny protocol_refused"],
  ["a restart is no deletion", { ...get("https://api.heroku.com/apps/shop/dynos"), method: "DELETE" }, "hold change_not_permitted"],
  ["a WebSocket for GraphQL", get(URL, [webSocket, ["Sec-WebSocket-Protocol", "graphql-transport-ws, graphql-ws"]]), "allow permitted"],
  ["one in a protocol that is not read", get(URL, [webSocket, ["Sec-WebSocket-Protocol", "graphql-ws, chat"]]), "deny not_understood"],
  ["one in no protocol", get(URL, [webSocket]), "deny not_understood"],
  ["one that carries a deletion", get(`${URL}?query=${query(`mutation { ${D} }`)}`, [webSocket, graphqlSocket]), "hold destructive"],
  ["one to a path that only reads", get("https://api.heroku.com/apps", [webSocket]), "hold not_understood"],
  ["a command in a pod", get(`${POD}/exec?command=rm&command=-rf`, [webSocket]), "hold change_not_permitted"],
  ["a pod's log with a key twice", get(`${POD}/log?follow=1&follow=0`), "deny not_understood"],
  ["a password by GET", get("https://api.render.com/v1/postgres/dpg-1/connection-info"), "deny secret_read"],
  ["SQL that reads", post({ query: "SELECT 1" }, { url: "https://api.supabase.com/v1/projects/p/database/query" }), "allow permitted"],
  [
    "SQL that does not parse",
    post({ query: "SELEC" }, { url: "https://api.supabase.com/v1/projects/p/database/query" }),
    "deny not_parsed",
  ],
  [
    "SQL through a driver",
    post({ queries: [{ query: "SELECT 1" }, { query: "CREATE ROLE x SUPERUSER" }] }, { url: "https://ep-1.eu.aws.neon.tech/sql" }),
    "deny privilege_change",
  ],
];

describe("guarded-writes in staging", () => {
  for (const [what, request, answer] of cases) {
    test(`${what}: ${answer}`, async () => {
      const { decision, reason } = await explainRequest(request);
      assert.equal(`${decision} ${reason.code}`, answer, reason.message);
    });
  }
});

test("read-only lets none of them through that changes anything", async () => {
  const passing = [];
  for (const [what, request] of cases) if ((await explainRequest(request, "read-only")).decision === "allow") passing.push(what);
  assert.deepEqual(passing, ["a read", "a short read", "beside the one that runs", "a WebSocket for GraphQL", "SQL that reads"]);
});

test("each deletion of a request is one effect, with the name of its thing", async () => {
  const { effects } = await explainRequest(post({ query: 'mutation { a: volumeDelete(volumeId: "v1") b: volumeDelete(volumeId: "v2") }' }));
  assert.deepEqual(
    effects.map(({ resource, reversibility }) => `${resource} ${reversibility}`),
    ["api_resource:railway:volume/v1 irreversible", "api_resource:railway:volume/v2 irreversible"],
  );
});

test("the provider's own undo makes it restorable, but not where the request gives it up", async () => {
  const branch = "https://console.neon.tech/api/v2/projects/p/branches/b";
  const reversibility = async (url: string) => (await explainRequest({ ...get(url), method: "DELETE" })).effects[0]?.reversibility;
  assert.equal(await reversibility(branch), "restorable");
  assert.equal(await reversibility(`${branch}?hard_delete=true`), "irreversible");
});

test("no secret of a request is in the answer", async () => {
  const secret = "s3cr3t-value";
  const headers: HttpRequest["headers"] = [
    ["Authorization", `Bearer ${secret}`],
    ["Cookie", secret],
    ["Project-Access-Token", secret],
  ];
  const mutation = "mutation ($i: In!) { variableUpsert(input: $i) }";
  const requests = [
    post({ query: mutation, variables: { i: { environmentId: "e", value: secret } } }, { headers }),
    get(`https://api.heroku.com/apps?access_token=${secret}`, headers),
    get(`https://example.com/${secret}?key=${secret}`, headers),
    get(`https://${secret}@api.heroku.com/`, headers),
    post({ password: secret }, { method: "PATCH", url: "https://api.supabase.com/v1/projects/p/database/password", headers }),
    post(`{"a":"${secret}","a":1}`, { headers }),
  ];
  for (const request of requests) assert.ok(!JSON.stringify(await explainRequest(request)).includes(secret), request.url);
});
