/**
 * The whole way on each version of the server but 15, by the programs a person types: the gateway's own base backup and WAL, a wrong
 * DELETE, a drill, the comparison, and the rows back. Of these only the server itself is there, named by its folder.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TargetBackupsView } from "../../src/control/backups-contract.ts";
import { callControl } from "../../src/control/client.ts";
import type { Drill } from "../../src/model/recovery.ts";
import { until } from "../backup/ground.ts";
import { backupLogin } from "../backup/login.ts";
import { openScene, type Scene } from "../grants/scene.ts";
import { environmentOf, openShop, provisionShop, type Shop } from "../provision/shop.ts";
import { serverVersions, type ServerVersion } from "../support/postgres/binaries.ts";
import { startServer, type TestServer } from "../support/servers.ts";
import { start } from "./program.ts";
import { programsOf } from "./scratch-parts.ts";

// Of 15 `restore.test.ts` goes it, and farther.
for (const version of serverVersions.filter((each) => each !== 15))
  describe(`backup, drill and restore on ${version}`, { timeout: 400_000 }, () => {
    test("a wrong DELETE is found and its rows come back", () => wholeWay(version));
  });

async function wholeWay(version: ServerVersion): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-versions-"));
  chmodSync(folder, 0o711);
  const server = await startServer({ version });
  let scene: Scene | undefined;
  try {
    const shop = await openShop(server);
    await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
    await server.asSuperuser(`GRANT EXECUTE ON FUNCTION pg_switch_wal() TO ${shop.owner.user}`, shop.database);
    await provisionShop(shop);
    scene = await openScene(server, { shop, shared: true, target: await backupOf(server, version, folder) });
    await backedUp(scene);
    await harmAndRestore(scene, server, shop);
  } finally {
    await scene?.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function backupOf(server: TestServer, version: ServerVersion, folder: string): Promise<string> {
  const programs = `, programs: [${programsOf(version).join(", ")}]`;
  const drill = `drill: { folder: ${join(folder, "s")}, tables: [public.orders], every: 30d }`;
  return `backup: { repository: ${join(folder, "repository")}, login: ${await backupLogin(server)}, partial: 1s, ${drill}${programs} }`;
}

async function backedUp({ socket }: Scene): Promise<void> {
  await until("there is a backup, and WAL behind it", async () => {
    const { targets } = (await callControl(socket, { method: "GET", path: "/v1/backups" })) as { targets: [TargetBackupsView] };
    return targets[0].backups.length > 0 && targets[0].running === null && targets[0].wal?.state === "streaming";
  });
}

async function harmAndRestore(scene: Scene, server: TestServer, shop: Shop): Promise<void> {
  const env = environmentOf(shop, shop.owner);
  const run = (...words: string[]) =>
    start([...words, "--config", join(scene.folder, "holdfast.yaml")], { folder: scene.folder, env }).over;
  const rows = async () =>
    (await server.asSuperuser<{ all: string }>("SELECT string_agg(o::text, '|' ORDER BY id) AS all FROM orders o", shop.database))[0]?.all;
  const before = await rows();
  const agent = await scene.connect(await scene.program());
  await agent.query("DELETE FROM orders WHERE id > 4").finally(() => agent.end());
  const act = (await scene.events("intent")).at(-1)?.action ?? "";
  await server.asSuperuser("SELECT pg_switch_wal()");

  const drilled = await run("backup", "drill", "--json");
  assert.equal(drilled.code, 0, drilled.out + drilled.err);
  assert.deepEqual(
    (JSON.parse(drilled.out) as Drill).checks.filter(({ passed }) => !passed),
    [],
  );
  const compared = await run("restore", "--before", act, "--to", "compare", "--json");
  assert.equal(compared.code, 0, compared.err);
  const { differences } = JSON.parse(compared.out) as { differences: { table: string; state: string; onlyThen: number }[] };
  assert.deepEqual(
    differences.filter(({ state }) => state !== "same").map(({ table, onlyThen }) => [table, onlyThen > 0]),
    [["public.orders", true]],
  );
  const written = await run("restore", "--before", act, "--table", "public.orders", "--out", "back.sql");
  assert.equal(written.code, 0, written.err);
  await server.asSuperuser(readFileSync(join(scene.folder, "back.sql"), "utf8"), shop.database);
  assert.equal(await rows(), before);
}
