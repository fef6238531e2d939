import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadConfig } from "./load-config.ts";

function load(backup: string) {
  const text = `version: 1
targets:
  shop:
    listen: 127.0.0.1:6432
    upstream: { host: db.example, port: 5433, role: app, password: { env: P }, server_name: shop.example }
    backup: ${backup}
`;
  return loadConfig({ text, directory: "/srv/shop" });
}

function backupOf(text: string) {
  const loaded = load(text);
  assert.ok("config" in loaded, JSON.stringify(loaded));
  return loaded.config.targets[0]?.backup;
}

function problemsOf(text: string): readonly string[] {
  const loaded = load(text);
  return "problems" in loaded ? loaded.problems.map(({ message }) => message) : [];
}

describe("`backup` of a target", () => {
  test("takes a folder alone: daily base backups with WAL, as the upstream's own role", () => {
    const backup = backupOf("{ repository: backups }");
    assert.equal(backup?.method, "basebackup");
    assert.equal(backup.repository, "/srv/shop/backups");
    assert.deepEqual(backup.schedule, { kind: "every", ms: 86_400_000 });
    assert.deepEqual(backup.keep, { full: 7, ageMs: 30 * 86_400_000 });
    assert.deepEqual([backup.wal, backup.partialEveryMs, backup.lagBytesMax], [true, 30_000, 512 * 1024 ** 2]);
    assert.equal(backup.oldMs, 2.5 * 86_400_000);
    assert.deepEqual([backup.login.role, backup.login.port, backup.login.serverName], ["app", 5433, "shop.example"]);
  });

  test("a login that names no server is one at the upstream's; one that does is its own", () => {
    const here = backupOf("{ repository: /b, login: { role: backup, password: { env: B } } }")?.login;
    assert.deepEqual([here?.host, here?.port, here?.role, here?.serverName], ["db.example", 5433, "backup", "shop.example"]);
    assert.deepEqual(here?.password, { kind: "env", name: "B" });
    const other = backupOf("{ repository: /b, login: { host: replica.example, role: backup } }")?.login;
    assert.deepEqual([other?.host, other?.port, other?.serverName, other?.password], ["replica.example", 5432, undefined, undefined]);
  });

  test("a time of day, a key and other bounds are taken as they are written; a dump has no WAL", () => {
    const backup = backupOf(
      '{ repository: /b, at: "03:15", key: { vault: k }, keep: { full: 2, days: 0 }, old: 3d, lag_max: 1GiB, partial: 5s }',
    );
    assert.deepEqual(backup?.schedule, { kind: "at", minuteOfDay: 195 });
    assert.deepEqual(backup.key, { kind: "vault", name: "k" });
    assert.deepEqual(backup.keep, { full: 2, ageMs: 0 });
    assert.deepEqual([backup.oldMs, backup.lagBytesMax, backup.partialEveryMs], [3 * 86_400_000, 1024 ** 3, 5_000]);
    assert.equal(backupOf("{ method: dump, repository: /b }")?.wal, false);
    assert.deepEqual(backupOf('{ method: external, external: { query: "SELECT now()" } }')?.external, { query: "SELECT now()" });
  });

  test("what contradicts itself is refused", () => {
    assert.match(problemsOf("{ method: dump }").join(), /`repository` is missing/);
    assert.match(problemsOf("{ method: external }").join(), /`external` is missing/);
    assert.match(problemsOf("{ method: external, external: { command: [x], query: y } }").join(), /one of `command` and `query`/);
    assert.match(problemsOf("{ repository: /b, external: { command: [x] } }").join(), /of no use unless/);
    assert.match(problemsOf('{ repository: /b, every: 1h, at: "03:15" }').join(), /remove one of them/);
    assert.match(problemsOf("{ method: dump, repository: /b, wal: true }").join(), /without base backups nothing/);
    assert.match(problemsOf('{ repository: /b, at: "25:00" }').join(), /time of day/);
    assert.match(problemsOf("{ repository: /b, key: secret }").join(), /a secret does not stand in this file/);
  });
});
