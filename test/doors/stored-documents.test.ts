/**
 * GraphQL documents that are named by their digest: known once a request has shown them, and judged then as if they stood there.
 * The stand-in for Railway says what arrived.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { openProxyScene, type ProxyScene } from "../http/proxy-scene.ts";

let scene: ProxyScene;
before(async () => {
  scene = await openProxyScene();
});
after(() => scene.stop());

const digestOf = (document: string): string => createHash("sha256").update(document).digest("hex");
const stored = (digest: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: digest } } });
const read = "query { me { name } }";
const destroy = 'mutation { volumeDelete(volumeId: "spare") }';

/** The refusal's code, or `sent`. */
async function answered(body: unknown): Promise<string> {
  const before = scene.railway.received.length;
  const { text } = await scene.graphql(body);
  if (scene.railway.received.length > before) return "sent";
  return (JSON.parse(text) as { error: { code: string } }).error.code;
}

describe("a document that is named by its digest", () => {
  test("that nobody has shown is not known, whatever it may be", async () => {
    assert.equal(await answered(stored(digestOf(read))), "not_understood");
    assert.equal(await answered(stored(digestOf(destroy))), "not_understood");
  });

  test("is sent once it was shown, when it reads", async () => {
    assert.equal(await answered({ query: read, ...stored(digestOf(read)) }), "sent");
    assert.equal(await answered(stored(digestOf(read))), "sent");
    assert.equal(await answered([stored(digestOf(read)), { query: read }]), "sent");
  });

  test("is held as it would be whole, when it destroys", async () => {
    assert.equal(await answered({ query: destroy }), "approval_required");
    assert.equal(await answered(stored(digestOf(destroy))), "approval_required");
    assert.notEqual(await answered([stored(digestOf(read)), stored(digestOf(destroy))]), "sent");
    assert.ok(scene.railway.volumes.has("spare"));
  });

  test("is not another than the one that stands beside it, and no name but a digest is known", async () => {
    assert.equal(await answered({ query: read, ...stored(digestOf(destroy)) }), "not_understood");
    assert.equal(await answered({ query: read, extensions: { persistedQuery: "x" } }), "not_understood");
    for (const name of ["id", "documentId", "doc_id", "queryId"]) {
      assert.equal(await answered({ [name]: digestOf(destroy) }), "not_understood");
      assert.equal(await answered({ query: read, [name]: digestOf(destroy) }), "not_understood");
    }
    assert.equal(await answered({ query: "query { __schema { types { name } } }" }), "sent");
  });
});
