/**
 * kill -9 of a gateway while it backs up, again and again: what is in the repository afterwards is whole, and nothing half counts.
 * Every start is a real process; the moments of the kills come from a seed that is printed.
 */
import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readEvents } from "../../src/audit/events.ts";
import { systemRandom } from "../../src/base/ids.ts";
import type { TargetBackupsView } from "../../src/control/backups-contract.ts";
import { callControl } from "../../src/control/client.ts";
import { openRepository } from "../../src/recovery/backup/repository.ts";
import { verifyBackup } from "../../src/recovery/backup/verify.ts";
import { openScene } from "../grants/scene.ts";
import { environmentOf, newFolder } from "../provision/shop.ts";
import { startServer } from "../support/servers.ts";
import { until } from "./ground.ts";
import { backupLogin } from "./login.ts";

type Child = ChildProcessByStdio<null, Readable, null>;

/** Rejects where anything half is left, or counted. */
export async function killWhileBackingUp(kills: number): Promise<void> {
  const server = await startServer({ version: 18 });
  try {
    const repository = join(newFolder(), "repository");
    const first = await openScene(server, {
      target: `backup: { repository: ${repository}, login: ${await backupLogin(server)}, every: 1min }`,
    });
    const { shop, folder, socket } = first;
    await first.stop();
    const view = async (): Promise<TargetBackupsView> => {
      const { targets } = (await callControl(socket, { method: "GET", path: "/v1/backups" })) as { targets: [TargetBackupsView] };
      return targets[0];
    };
    const start = async (): Promise<Child> => {
      const child = spawn(process.execPath, [fileURLToPath(new URL("../grants/gateway-child.ts", import.meta.url)), folder], {
        env: { ...process.env, ...environmentOf(shop) },
        stdio: ["ignore", "pipe", "inherit"],
      });
      await new Promise((resolve, reject) => {
        child.stdout.once("data", resolve);
        child.once("exit", () => reject(new Error("the gateway did not start")));
      });
      return child;
    };
    const seed = systemRandom(1)[0] ?? 0;
    console.log(`kills during backups: ${kills}, seed ${seed}`);
    for (let times = 0; times < kills; times++) {
      const child = await start();
      await callControl(socket, { method: "POST", path: "/v1/backups", body: { target: shop.target } }).catch(() => undefined);
      // Over the whole length of a backup, which takes about a second here.
      await delay(((seed + times * 97) % 256) * 6);
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
      await demandWhole(repository, shop.target);
    }
    const last = await start();
    try {
      const ids = new Set((await view()).backups.map(({ id }) => id));
      await until("one more is made, and WAL comes again", async () => {
        const { backups, running, wal } = await view();
        const made = backups.some(({ id }) => !ids.has(id));
        if (!made && running === null)
          await callControl(socket, { method: "POST", path: "/v1/backups", body: { target: shop.target } }).catch(() => undefined);
        return made && running === null && wal?.state === "streaming";
      });
    } finally {
      const gone = new Promise((resolve) => last.once("exit", resolve));
      last.kill("SIGTERM");
      await Promise.race([gone, delay(5_000).then(() => last.kill("SIGKILL"))]);
      await gone;
    }
    await demandWhole(repository, shop.target);
    await demandTold(join(folder, ".holdfast", "audit"), repository, shop.target);
  } finally {
    await server.stop();
  }
}

async function demandWhole(folder: string, target: string): Promise<void> {
  const repository = await openRepository({ folder, random: systemRandom });
  const { backups, broken } = await repository.list(target);
  assert.deepEqual(broken, []);
  const [newest] = backups;
  if (newest === undefined) return;
  const failed = (await verifyBackup(repository, newest)).filter(({ passed }) => !passed);
  assert.deepEqual(failed, [], newest.folder);
}

/** Each that began has one end; each that is there is one that the log calls done, with this manifest. */
async function demandTold(directory: string, folder: string, target: string): Promise<void> {
  const begun = new Set<string>();
  const ended = new Map<string, string>();
  for await (const { event } of readEvents({ directory })) {
    if (event.kind === "backup_started") begun.add(event.backup);
    if (event.kind === "backup_done") ended.set(event.backup, event.manifest);
    if (event.kind === "backup_failed") ended.set(event.backup, "");
  }
  const open = [...begun].filter((id) => !ended.has(id));
  const repository = await openRepository({ folder, random: systemRandom });
  const { backups } = await repository.list(target);
  assert.deepEqual(open, []);
  for (const { manifest, digest } of backups) assert.equal(ended.get(manifest.backup.id), digest);
  assert.deepEqual(
    readdirSync(join(folder, target, "backups")).filter((name) => name.startsWith(".")),
    [],
  );
  assert.ok(readFileSync(join(folder, "README.txt"), "utf8").includes("manifest.json"));
}
