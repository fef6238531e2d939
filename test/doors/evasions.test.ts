/**
 * Ways past the packs that somebody has thought of, one a line: each is answered as strictly as what it stands for, by every preset. A new
 * one is a new line here before it is closed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest } from "../../src/model/http-request.ts";
import { strictnessOf } from "../http/requests.ts";

const railway = "https://backboard.railway.com";
const document = 'mutation{volumeDelete(volumeId:"v")}';
const inQuery = `query=${encodeURIComponent(document)}`;
const held = [2, 1, 1, 1];
const denied = [2, 2, 2, 2];

type Line = readonly [what: string, request: string, least: readonly number[], headers?: HttpRequest["headers"], body?: string];

const form: HttpRequest["headers"] = [["content-type", "application/x-www-form-urlencoded"]];
const json: HttpRequest["headers"] = [["content-type", "application/json"]];

const lines: readonly Line[] = [
  ["a mutation by GET, a slash behind the path", `GET ${railway}/graphql/v2/?${inQuery}`, held],
  ["a mutation by GET at a version that the pack does not name", `GET ${railway}/graphql/v3?${inQuery}`, held],
  ["a mutation by GET below the path", `GET ${railway}/graphql/v2/batch?${inQuery}`, held],
  ["a mutation by GET in capitals", `GET ${railway}/GRAPHQL/V2?${inQuery}`, held],
  [
    "a read in the query, a mutation in the body",
    `POST ${railway}/graphql/v2?query=%7Bme%7Bid%7D%7D`,
    held,
    json,
    JSON.stringify({ query: document }),
  ],
  [
    "JSON that reads, which as a form destroys",
    `POST ${railway}/graphql/v2`,
    denied,
    form,
    `{"query":"query{me{id}}","x":"&query=${document.replaceAll('"', "'")}&y="}`,
  ],
  ["a name in another letter case", `POST ${railway}/graphql/v2`, denied, json, `{"query":"{me{id}}","Query":${JSON.stringify(document)}}`],
  ["a document in a list", `POST ${railway}/graphql/v2`, denied, json, JSON.stringify({ query: [document] })],
  ["a document by itself", `POST ${railway}/graphql/v2`, held, [["content-type", "application/graphql"]], document],
  [
    "several parts",
    `POST ${railway}/graphql/v2`,
    denied,
    [["content-type", "multipart/form-data; boundary=b"]],
    `--b\r\n\r\n${document}\r\n--b--`,
  ],
  ["a stored document beside a read", `POST ${railway}/graphql/v2`, denied, json, JSON.stringify({ query: "{me{id}}", documentId: "d" })],
  ["a method in the query", "GET https://api.render.com/v1/postgres/x?_method=DELETE", held],
  ["a method in the query, as a list", "GET https://api.render.com/v1/postgres/x?_method[]=DELETE", held],
  ["a method in the query, as a header's name", "GET https://api.render.com/v1/postgres/x?x-http-method-override=DELETE", held],
  ["a method in the query, plainly", "GET https://api.render.com/v1/postgres/x?method=delete", held],
  ["a method in a header with low lines", "GET https://api.render.com/v1/postgres/x", held, [["X_HTTP_Method_Override", "DELETE"]]],
  ["a method in a form", "POST https://api.render.com/v1/postgres/x", held, form, "_method=DELETE"],
  ["a method that nobody knows", "PURGE https://api.render.com/v1/postgres/x", held],
  ["an encoded letter, a dot behind the host", "DELETE https://API.RENDER.COM./v1/%70ostgres/x", held],
  ["parameters in front of dots", "DELETE https://api.render.com/v1/x;a/..;b/postgres/x", held],
  ["a hidden slash", "DELETE https://api.render.com/v1%2Fpostgres/x", denied],
  ["the way through a cluster to a kubelet", "GET https://kubernetes.default.svc/api/v1/nodes/n/proxy/run/ns/p/c?cmd=id", held],
  ["the way through a cluster to an application", "GET https://kubernetes.default.svc/api/v1/namespaces/n/services/s/proxy/x", held],
  ["secrets that are watched", "GET https://kubernetes.default.svc/api/v1/watch/secrets", denied],
  ["variables that are decrypted", "GET https://api.vercel.com/v9/projects/p/env?decrypt=true", denied],
  ["the root key of a vault", "GET https://api.supabase.com/v1/projects/p/pgsodium", denied],
  ["SQL behind a suffix", 'POST https://api.supabase.com/v1/projects/p/database/query.json {"query":"DROP TABLE x"}', held],
  ["a push that names no list", "POST https://github.com/acme/shop.git/git-receive-pack", held],
];

for (const [what, text, least, headers = [], body] of lines)
  test(what, async () => {
    const [method = "", url = "", ...rest] = text.split(" ");
    const decided = await strictnessOf({ method, url, headers, body: body ?? rest.join(" ") });
    assert.ok(
      decided.every((each, index) => each >= (least[index] ?? 2)),
      `${text}: ${decided.join("")}`,
    );
  });

test("what they hide behind passes", async () => {
  for (const [url, body] of [
    [`${railway}/graphql/v2`, '{"query":"query{me{id}}"}'],
    [`${railway}/graphql/v2?query=%7Bme%7Bid%7D%7D`, ""],
    ["https://api.render.com/v1/postgres?limit=20", ""],
  ] as const) {
    const decided = await strictnessOf({ method: body === "" ? "GET" : "POST", url, headers: body === "" ? [] : json, body });
    assert.deepEqual(decided, [0, 0, 0, 0], url);
  }
});
