/**
 * The audit log's disk is full: writes and reads are refused with 58030, what was refused is not there, a start after freeing works.
 * Everywhere by the kernel's limit on a file's size; on a small file system of its own too, where this account may mount one.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import pg from "pg";
import { verifyLog } from "../../src/audit/verify.ts";
import { scratchFolder } from "../cli/holdfast.ts";
import { disagreements, quiet } from "./ledger.ts";
import { Load } from "./load.ts";
import { LogReader } from "./log-reader.ts";
import { Marks } from "./marks.ts";
import { seeded } from "../fuzz/wire.ts";
import { eventually, openScene } from "./scene.ts";

interface Disk {
  readonly auditDirectory?: string;
  /** Around the gateway's command while the disk is small. */
  readonly wrapped?: string;
  /** After it there is room for what the gateway starts with, and little more. */
  readonly narrow?: () => void;
  readonly free: () => void;
  readonly remove: () => void;
}

function limitedFiles(): Disk {
  return { wrapped: 'ulimit -f 160; exec "$@"', free: () => undefined, remove: () => undefined };
}

function smallFileSystem(): Disk | undefined {
  const folder = scratchFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "pipe" });
  } catch {
    return undefined;
  }
  const filler = join(folder, "filler");
  return {
    auditDirectory: join(folder, "audit"),
    narrow: () => writeFileSync(filler, Buffer.alloc(1_950_000)),
    free: () => rmSync(filler),
    remove: () => void execFileSync("umount", [folder], { stdio: "pipe" }),
  };
}

const disks: [string, Disk][] = [["a file that may not grow", limitedFiles()]];
const mounted = smallFileSystem();
if (mounted !== undefined) disks.push(["a file system without room", mounted]);

describe("the audit log's disk is full", { timeout: 120_000 }, () => {
  for (const [title, disk] of disks) {
    test(title, async (t) => {
      t.after(() => disk.remove());
      const { auditDirectory } = disk;
      const scene = await openScene(auditDirectory === undefined ? {} : { auditDirectory });
      await scene.gateway.stop();
      await scene.gateway.start(disk.wrapped);
      disk.narrow?.();
      const marks = new Marks();
      const load = new Load({ url: () => scene.url, marks, random: seeded(3), clients: 6 });
      await eventually("a write is refused because of the record", () => [...marks.errors.keys()].includes("ERROR 58030"), 60_000);
      await load.stop();
      assert.equal((await scene.status()).audit.writable, false, "status says so");
      const client = new pg.Client({ connectionString: scene.url });
      client.on("error", () => undefined);
      await client.connect();
      for (const text of ["SELECT 1", "SELECT 12345", "INSERT INTO marks (id, kind) VALUES (-1, 'x')", "BEGIN"]) {
        await assert.rejects(client.query(text), { code: "58030", message: /audit log|record/ }, text);
      }
      await client.end().catch(() => undefined);
      await scene.gateway.kill();
      await quiet(scene.server, scene.role.user);
      const verified = () => verifyLog({ directory: scene.gateway.auditDirectory, publicKey: scene.gateway.publicKey });
      assert.deepEqual((await verified()).problems, [], "the log as the full disk left it");
      disk.free();
      await scene.gateway.start();
      const again = new Load({ url: () => scene.url, marks, random: seeded(4), clients: 3 });
      await eventually("it works again", () => again.answered > 100);
      await again.stop();
      const log = new LogReader(scene.gateway.auditDirectory);
      await log.readOn();
      assert.deepEqual(await disagreements(scene.server, scene.database.name, marks, log), []);
      assert.deepEqual(await scene.server.asSuperuser("SELECT 1 FROM marks WHERE id = -1", scene.database.name), []);
      await scene.end();
    });
  }
});
