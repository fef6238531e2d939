/**
 * Bodies that come compressed: judged by what they hold, sent on as they came, searched for secrets, and refused by name where two readers
 * could read them differently. The stand-in undoes what it gets as a lenient server does, and loses its volumes when it is told to.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { Answered } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene } from "./proxy-scene.ts";
import { standInIds } from "./stand-in-railway.ts";

const READ = { query: "{ me { name } }" };
const DEPLOY = { query: 'mutation { serviceInstanceDeployV2(serviceId: "s", environmentId: "e") }' };
const DELETE = { query: `mutation { volumeDelete(volumeId: "${standInIds.spare}") }` };

const ways: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  "gzip, br": (bytes) => brotliCompressSync(gzipSync(bytes)),
};

let scene: ProxyScene;
const reasonOf = ({ headers }: Answered): unknown => headers["holdfast-reason"];
/** Resolves with what came of it, and whether it arrived as it was sent. */
async function sent(body: Buffer, encoding: string): Promise<{ answer: Answered; arrived: boolean }> {
  scene.railway.received.length = 0;
  const answer = await scene.graphql("", { body, headers: { "content-encoding": encoding } });
  const length = String(body.length);
  const arrived = scene.railway.received.some(
    ({ body: came, headers }) => came.equals(body) && headers["content-encoding"] === encoding && headers["content-length"] === length,
  );
  assert(arrived || scene.railway.received.length === 0, "it arrived as something else");
  return { answer, arrived };
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe("compressed bodies", () => {
  before(async () => {
    scene = await openProxyScene();
  });
  after(() => scene?.stop());

  for (const [encoding, compress] of Object.entries(ways)) {
    test(`${encoding}: a read and a deployment pass as they came, what would destroy is held, and a secret is found`, async () => {
      for (const passes of [READ, DEPLOY]) {
        const { answer, arrived } = await sent(compress(json(passes)), encoding);
        assert.deepEqual([answer.status, arrived], [200, true], answer.text);
        assert.match(answer.text, /staging bot|deployment-1/);
      }
      const held = await sent(compress(json(DELETE)), encoding);
      assert.deepEqual([held.answer.status, held.answer.headers["holdfast-decision"], held.arrived], [403, "hold", false]);
      const found = await sent(compress(json({ ...READ, variables: { note: scene.token } })), encoding);
      assert.deepEqual([reasonOf(found.answer), found.arrived], ["found_credential", false]);
      assert.ok(scene.railway.volumes.has(standInIds.spare));
    });
  }

  test("what two readers could read differently, and what is too long, is refused by name", async () => {
    const [first, second] = [gzipSync(json(READ)), gzipSync(json(DELETE))];
    const cases: readonly (readonly [Buffer, string, RegExp])[] = [
      [Buffer.concat([first, second]), "gzip", /stands behind the end/],
      [Buffer.concat([zstdCompressSync(json(READ)), zstdCompressSync(json(DELETE))]), "zstd", /stands behind the end/],
      [Buffer.concat([first, Buffer.from(`&query=${DELETE.query}`)]), "gzip", /stands behind the end/],
      [gzipSync(Buffer.concat([json(READ), Buffer.alloc(2_000_000, " ")])), "gzip", /longer than what is read/],
      [zstdCompressSync(Buffer.alloc(200_000_000)), "zstd", /longer than what is read/],
      [json(DELETE), "gzip", /not compressed as it says/],
      [first, "snappy", /not known/],
      [first.subarray(0, -9), "gzip", /not compressed as it says/],
    ];
    for (const [body, encoding, problem] of cases) {
      const { answer, arrived } = await sent(body, encoding);
      assert.deepEqual([answer.status, arrived], [403, false], answer.text);
      assert.match(answer.text, problem);
    }
    assert.ok(scene.railway.volumes.has(standInIds.spare));
  });

  test("a person reads what it holds, and it is sent once", async () => {
    const body = gzipSync(json(DELETE));
    const { answer } = await sent(body, "gzip");
    const id = String(answer.headers["holdfast-approval"]);
    const view = (await scene.approvals.approvals()).find((each) => each.id === id);
    assert.match(view?.plan.act.shown ?? "", /volumeDelete/);
    await scene.approvals.answer(id, "ada");
    const other = await sent(gzipSync(json({ query: `mutation { volumeDelete(volumeId: "${standInIds.volume}") }` })), "gzip");
    assert.deepEqual([other.answer.status, other.arrived], [403, false]);
    const again = await sent(body, "gzip");
    assert.deepEqual([again.answer.status, again.arrived], [200, true], again.answer.text);
    assert.deepEqual([...scene.railway.volumes], [standInIds.volume]);
  });
});
