/**
 * Every operation of every AWS service, as the models have it: a request that calls it, in each form that its service speaks, is read so.
 * The totals are those of the models; another release changes them here, and what is new is looked at.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonicalRequest } from "../../src/effects/http/canonical-request.ts";
import { apisOf, type ModelApi, type ModelOperation } from "../../src/effects/http/model-apis.ts";
import { withParameters } from "../../src/effects/http/model-body.ts";
import { type ModelCall, modelCalls } from "../../src/effects/http/model-calls.ts";
import { operationsNamed } from "../../src/effects/http/model-operations.ts";
import type { HttpRequest } from "../../src/model/http-request.ts";
import { aws } from "../../src/packs/aws.ts";
import type { PackModels } from "../../src/packs/models.ts";

const models = aws.models as PackModels;
const { all } = apisOf(models);

function callsOf(request: HttpRequest): readonly ModelCall[] {
  const canonical = canonicalRequest(request);
  assert.ok(!("refused" in canonical), JSON.stringify(request));
  const found = modelCalls(models, withParameters(canonical));
  assert.equal(found.kind, "calls", `${JSON.stringify(request)}: ${JSON.stringify(found)}`);
  return found.kind === "calls" ? found.calls : [];
}

/** Where a service answers: its first endpoint, with what varies in it filled. */
function hostOf({ endpoints }: ModelApi): string {
  const endpoint = endpoints.find((each) => !/[*{]/.test(each)) ?? endpoints[0] ?? "";
  return `${endpoint.replace("{}", "bucket-x").replaceAll("*", "123456789012")}.eu-central-1.amazonaws.com`;
}

const request = (method: string, url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method,
  url,
  headers: [],
  body: "",
  ...more,
});

function namedRequests(api: ModelApi, { name }: ModelOperation): readonly HttpRequest[] {
  const origin = `https://${hostOf(api)}`;
  const target = api.target === undefined ? [] : [api.target];
  return [
    ...(api.forms.some((form) => form === "query" || form === "ec2")
      ? [request("POST", `${origin}/`, { body: `Action=${name}&Version=1` }), request("GET", `${origin}/?Action=${name}`)]
      : []),
    ...target.map((prefix) => request("POST", `${origin}/`, { headers: [["X-Amz-Target", `${prefix}.${name}`]], body: "{}" })),
    ...target.map((prefix) =>
      request("POST", `${origin}/service/${prefix}/operation/${name}`, { headers: [["Smithy-Protocol", "rpc-v2-cbor"]] }),
    ),
  ];
}

function routedRequest(api: ModelApi, { route }: ModelOperation): HttpRequest {
  const [place = "", ...headers] = (route?.uri ?? "").split("#");
  const url = `https://${hostOf(api)}${place.replaceAll(/\{([^}+]+)(\+?)\}/g, (_, name: string, greedy: string) => (greedy === "+" ? `${name}/Zz9` : `${name}Zz9`))}`;
  return request(route?.method ?? "", url, { headers: headers.map((name) => [name, "/b/k"] as const) });
}

test("the models are whole: 429 services with 18,993 operations, and 59 of older versions", () => {
  const head = JSON.parse(models.apis().split("\n")[0] ?? "") as Record<string, unknown>;
  assert.deepEqual([head["services"], head["operations"], head["older"], head["licence"]], [429, 18_993, 59, "Apache-2.0"]);
  assert.equal(all.length, 429);
  const names = all.flatMap((api) => [...api.operations().values()]);
  assert.ok(names.every(({ name }) => /^[A-Z]\w*$/.test(name)));
  const forms = new Set(all.flatMap((api) => api.forms));
  assert.deepEqual([...forms].sort(), ["ec2", "json", "query", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"]);
  const ec2 = all.find(({ id }) => id === "ec2");
  assert.equal([...(ec2?.operations().values() ?? [])].filter(({ trial }) => trial).length, 756);
});

/** Names of operations that another of the same service has the very same route as: one operation to the server. */
const sameRoute: ReadonlySet<string> = new Set(
  [
    "GetBucketLifecycle GetBucketLifecycleConfiguration PutBucketLifecycle PutBucketLifecycleConfiguration ListBuckets",
    "ListDirectoryBuckets",
    "GetBucketNotification GetBucketNotificationConfiguration PutBucketNotification PutBucketNotificationConfiguration",
  ].flatMap((names) => names.split(" ").map((name) => `s3 ${name}`)),
);

describe("each operation is read out of a request that calls it", () => {
  for (const form of ["ec2", "json", "query", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"]) {
    test(form, () => {
      const wrong: string[] = [];
      for (const api of all.filter(({ forms }) => forms[0] === form)) {
        const operations = form.startsWith("rest-") ? api.routed() : [...api.operations().values()];
        for (const operation of operations) {
          const requests = form.startsWith("rest-") ? [routedRequest(api, operation)] : namedRequests(api, operation);
          for (const each of requests) {
            const names = callsOf(each).map(({ name }) => name ?? "");
            const others = names.filter((name) => name !== operation.name);
            if (others.length === names.length || others.some((name) => !sameRoute.has(`${api.id} ${name}`)))
              wrong.push(`${api.id} ${operation.name}: ${each.method} ${each.url} is ${names.join("+")}`);
          }
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
});

test("each operation has a class, but for the few that nobody has looked at", () => {
  const counted = new Map<string, number>();
  const unknown: string[] = [];
  for (const api of all)
    for (const operation of api.operations().values()) {
      const { operations } = operationsNamed(aws, models, { api, name: operation.name, operation });
      if (operations.length === 0) unknown.push(`${api.id} ${operation.name}`);
      for (const { class: ofClass } of operations) counted.set(ofClass, (counted.get(ofClass) ?? 0) + 1);
    }
  assert.ok(unknown.length <= 25, unknown.join(", "));
  assert.deepEqual(
    [...counted.keys()].sort(),
    ["credential", "destroy", "disarm", "exec", "money", "outage", "publish", "read", "restore", "transfer", "wipe", "write"].sort(),
  );
});

test("no operation that is called after destroying is a read or a plain write", () => {
  const harmless: string[] = [];
  for (const api of all)
    for (const operation of api.operations().values()) {
      if (
        !/^(Batch)?(Delete|Terminate|Purge|Deregister|Destroy|Disable|Restore|Reset|Reboot|Stop|Detach|Remove|Revoke)[A-Z]/.test(
          operation.name,
        )
      )
        continue;
      const { operations } = operationsNamed(aws, models, { api, name: operation.name, operation });
      if (operations.some(({ class: ofClass }) => ofClass === "read" || ofClass === "write")) harmless.push(`${api.id} ${operation.name}`);
    }
  // A query of logs is stopped, and nothing else.
  assert.deepEqual(
    harmless.filter((each) => !/ StopQuery$/.test(each)),
    [],
  );
});
