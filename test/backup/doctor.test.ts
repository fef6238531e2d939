/** What `holdfast doctor` says of a repository whose newest backup this machine could not restore. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newBackupId, systemRandom } from "../../src/base/ids.ts";
import { examineBackups } from "../../src/cli/doctor/backups.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { createRepository } from "../../src/recovery/backup/repository.ts";
import { newFolder } from "../provision/shop.ts";

/** No server has that version. */
const MAJOR = 99;

test("a server that is not here is named, with what to do; one whose folder is named is not", async () => {
  const folder = newFolder();
  const nowMs = Date.UTC(2026, 10, 22);
  const repository = await createRepository({ folder: join(folder, "repository"), random: systemRandom });
  const id = newBackupId();
  const draft = await repository.draft("shop", id, nowMs);
  const backup = { id, target: "shop", method: "basebackup", startedAtMs: nowMs, endedAtMs: nowMs, bytes: 1 } as const;
  await draft.finish({
    format: 1,
    backup: { ...backup, serverVersion: MAJOR * 10_000, databases: [] },
    files: [],
    wal: "archive",
    tools: {},
    leftOut: [],
    server: { bytes: 1, tables: 0 },
  });
  const lacking = async (more: string) => {
    const target = `listen: 127.0.0.1:6432, upstream: { host: db, role: app }, backup: { repository: repository${more} }`;
    const loaded = loadConfig({ text: `version: 1\ntargets:\n  shop: { ${target} }\n`, directory: folder });
    assert.ok("config" in loaded, JSON.stringify(loaded));
    const [shop] = loaded.config.targets;
    assert.ok(shop !== undefined);
    return (await examineBackups(shop, undefined, nowMs)).find((each) => each.id === "backup-no-server");
  };
  const found = await lacking("");
  assert.equal(found?.state, "weak");
  assert.match(found.text, /the server of PostgreSQL 99 is not installed here/);
  assert.match(found.next ?? "", /backup\.programs/);
  const own = join(folder, "pg-99", "bin");
  mkdirSync(own, { recursive: true });
  // Stands in for a server: it tells its version and no more.
  writeFileSync(join(own, "postgres"), "#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n");
  chmodSync(join(own, "postgres"), 0o755);
  assert.equal(await lacking(', programs: ["pg-%/bin"]'), undefined);
});
