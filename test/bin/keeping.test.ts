/** What a gateway does about a bin without being asked: records what came in and was not told, empties what is too old or too much. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callControl } from "../../src/control/client.ts";
import type { BinView } from "../../src/control/contract.ts";
import { binStatements, binVersion } from "../../src/recovery/bin/install.ts";
import { login, openScene, type Scene, until } from "../grants/scene.ts";
import { openShop, provisionShop } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";

test("a gateway that starts records what is not on record, and empties the oldest, each on record", async () => {
  const server = await testServer(18);
  const shop = await openShop(server);
  await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
  await provisionShop(shop, { bin: { statements: binStatements, version: binVersion } });
  const options = {
    shop,
    policy: "guarded-writes",
    environment: "development",
    approves: ["development"] as const,
    target: "bin: { keep: 1h, size: 1MiB }",
  };
  let scene: Scene | undefined = await openScene(server, options);
  try {
    const list = async (at: Scene) => ((await callControl(at.socket, { method: "GET", path: "/v1/bin/-" })) as BinView).entries;
    for (const name of ["old", "large", "small", "young"]) {
      await server.asSuperuser(`SET ROLE ${shop.owner.user}; CREATE TABLE public.${name} AS SELECT 1 AS id`, shop.database);
      const client = await login(scene);
      await client.query(`DROP TABLE public.${name}`).finally(() => client.end());
    }
    const [young, small, large, old] = await list(scene);
    assert(old !== undefined && large !== undefined && small !== undefined && young !== undefined);
    const first = scene;
    await until("they are on record", async () => (await first.events("bin_put")).length === 4);
    await scene.stop();
    // As if a gateway had died before it told of the youngest; the other times and sizes are what nobody waits for.
    await server.asSuperuser(
      `UPDATE holdfast_bin.entry SET at = at - interval '2 hours' WHERE name = '${old.id}';
       UPDATE holdfast_bin.entry SET bytes = 2 * 1024 * 1024 WHERE name = '${large.id}';
       UPDATE holdfast_bin.entry SET told = false WHERE name = '${young.id}'`,
      shop.database,
    );
    scene = await openScene(server, { ...options, folder: first.folder });
    const second = scene;
    await until("two have gone", async () => (await list(second)).length === 2);
    assert.deepEqual(
      (await list(second)).map(({ id }) => id),
      [young.id, small.id],
    );
    await until("on record", async () => (await second.events("bin_emptied")).length === 2);
    const emptied: readonly unknown[] = await second.events("bin_emptied");
    assert.deepEqual(
      (emptied as readonly { entry: string; person?: string; because: string }[]).map(({ entry, person, because }) => [
        entry,
        person,
        because,
      ]),
      [
        [old.id, undefined, "it rested as long as bin.keep says"],
        [large.id, undefined, "there is more in the bin than bin.size says"],
      ],
    );
    const puts = (await second.events("bin_put")).filter(({ entry }) => entry === young.id);
    assert.equal(puts.length, 2, "told once by each gateway");
    const rest = await server.asSuperuser("SELECT nspname FROM pg_namespace WHERE nspname ~ '^holdfast_bin_[0-9]'", shop.database);
    assert.equal(rest.length, 2);
  } finally {
    await scene.stop();
  }
});
