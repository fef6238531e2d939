/** Requests that act on several things by a list: each thing counts by its name. Nothing is sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest } from "../../src/model/http-request.ts";
import { requestEffects } from "./requests.ts";

const form = (body: string): HttpRequest => ({
  method: "POST",
  url: "https://ec2.us-east-1.amazonaws.com/",
  headers: [["content-type", "application/x-www-form-urlencoded"]],
  body: `Action=TerminateInstances&Version=2016-11-15&${body}`,
});
const graphql = (body: unknown): HttpRequest => ({
  method: "POST",
  url: "https://backboard.railway.com/graphql/v2",
  headers: [["content-type", "application/json"]],
  body: JSON.stringify(body),
});
const ids = (count: number): string => Array.from({ length: count }, (_, n) => `InstanceId.${n + 1}=i-${n}`).join("&");

async function named(request: HttpRequest): Promise<readonly string[]> {
  const effects = await requestEffects(request);
  return effects.map(({ detail, resource, extent }) => `${detail} ${resource.name} ${extent.kind}`);
}

test("each thing of a list by itself, once", async () => {
  assert.deepEqual(await named(form("InstanceId.1=i-1&InstanceId.2=i-2&InstanceId.3=i-1")), [
    "destroy aws:machine/i-1 unknown",
    "destroy aws:machine/i-2 unknown",
  ]);
  const query = "mutation($ids: [String!]!) { volumeDelete(volumeIds: $ids) }";
  assert.deepEqual(await named(graphql({ query, variables: { ids: ["a", "b"] } })), [
    "destroy railway:volume/a exact",
    "destroy railway:volume/b exact",
  ]);
  assert.equal((await named(form("Decoy.Name.1=x&GroupName.1=staging&InstanceId.1=i-1"))).length, 2, "of several lists each counts");
  const aliased = 'mutation { one: volumeDelete(volumeId: "a") two: volumeDelete(volumeId: "b") }';
  assert.deepEqual(await named(graphql({ query: aliased })), ["destroy railway:volume/a exact", "destroy railway:volume/b exact"]);
});

test("a list that is long, or is not all plain text, says neither a name nor how many", async () => {
  assert.equal((await named(form(ids(20)))).length, 20);
  assert.deepEqual(await named(form(ids(21))), ["destroy aws:machine/? unknown"]);
  const query = "mutation($ids: [String!]!) { volumeDelete(volumeIds: $ids) }";
  assert.deepEqual(await named(graphql({ query, variables: { ids: ["a", { b: 1 }] } })), ["destroy railway:volume/? unknown"]);
});
