/**
 * A safeguard taken away, and what destroys afterwards: in the same session, by others of the same thing, and over a restart, through a
 * real gateway. The stand-in is the judge of what was carried out.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../grants/scene.ts";
import { type Answered, call } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";
import { standInIds } from "./stand-in-railway.ts";

const DISARM = { query: `mutation { volumeInstanceBackupScheduleUpdate(kinds: [], volumeInstanceId: "${standInIds.spareInstance}") }` };
const DESTROY = { query: `mutation { volumeDelete(volumeId: "${standInIds.spare}") }` };
const OTHER = { query: `mutation { environmentDelete(id: "${standInIds.staging}") }` };

let scene: ProxyScene;
before(async () => {
  scene = await openProxyScene();
});
after(() => scene?.stop());

function refusedAsDisarmed({ status, text }: Answered): void {
  assert.equal(status, 403);
  const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
  assert.equal(code, "destructive", text);
  assert.match(message, /a safeguard was taken away shortly before/);
}

/** By another session of the same target. */
async function byAnother(body: unknown): Promise<Answered> {
  const { held, proxy, placeholder } = await scene.another();
  try {
    return await call(proxy, railwayHost, {
      path: railwayPath,
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", authorization: `Bearer ${placeholder}` },
    });
  } finally {
    held.letGo();
  }
}

describe("destroying after a safeguard was taken away", () => {
  test("without one before, it is held", async () => {
    const { headers, text } = await scene.graphql(DESTROY);
    assert.equal(headers["holdfast-decision"], "hold", text);
  });

  test("both in one request: refused, and neither is sent", async () => {
    refusedAsDisarmed(await scene.graphql([DISARM, DESTROY]));
    assert.equal(scene.railway.received.length, 0);
  });

  test("the safeguard goes by a person's yes; afterwards the session destroys nothing, not even something else", async () => {
    const known = (await scene.approvals.approvals()).map(({ id }) => id);
    await scene.graphql(DISARM);
    const asked = await scene.approvals.asked(known);
    assert(
      asked.plan.told?.some((sentence) => sentence.includes("`spare`")),
      JSON.stringify(asked.plan.told),
    );
    await scene.approvals.answer(asked.id, "ada");
    const sent = await scene.graphql(DISARM);
    assert.equal(sent.status, 200, sent.text);
    refusedAsDisarmed(await scene.graphql(DESTROY));
    refusedAsDisarmed(await scene.graphql(OTHER));
  });

  test("another session does not destroy that very thing, called by another id; something else is held as ever", async () => {
    refusedAsDisarmed(await byAnother(DESTROY));
    const { headers, text } = await byAnother(OTHER);
    assert.equal(headers["holdfast-decision"], "hold", text);
  });

  test("a restart forgets none of it", async () => {
    await scene.stop();
    scene = await openProxyScene({ again: scene });
    refusedAsDisarmed(await byAnother(DESTROY));
    assert(scene.railway.volumes.has(standInIds.spare));
  });

  test("one that the provider refuses counts no more", async () => {
    const { held, proxy, placeholder } = await scene.another();
    const send = (body: unknown) =>
      call(proxy, railwayHost, {
        path: railwayPath,
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", authorization: `Bearer ${placeholder}` },
      });
    const known = (await scene.approvals.approvals()).map(({ id }) => id);
    await send({
      query: `mutation { volumeInstanceBackupScheduleUpdate(nonsense: true, volumeInstanceId: "${standInIds.spareInstance}") }`,
    });
    await scene.approvals.answer((await scene.approvals.asked(known)).id, "ada");
    scene.railway.paths.set(railwayPath, (_, response) => {
      response.writeHead(400, { "content-type": "application/json" }).end("{}");
    });
    const failed = await send({
      query: `mutation { volumeInstanceBackupScheduleUpdate(nonsense: true, volumeInstanceId: "${standInIds.spareInstance}") }`,
    });
    assert.equal(failed.status, 400, failed.text);
    scene.railway.paths.clear();
    await until("it is known that it was not carried out", async () => {
      const { headers } = await send(OTHER);
      return headers["holdfast-decision"] === "hold";
    });
    held.letGo();
  });
});
