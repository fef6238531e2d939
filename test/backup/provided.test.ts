/** Backups that others keep: asked for by a command or a query, and pgBackRest's own, by the real program. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "node:test";
import type { TargetBackupsView } from "../../src/control/backups-contract.ts";
import { callControl } from "../../src/control/client.ts";
import { openScene } from "../grants/scene.ts";
import { until } from "./ground.ts";
import { newFolder } from "../provision/shop.ts";
import { pgbackrest } from "../../src/recovery/backup/pgbackrest.ts";
import { commandProvider, queryProvider } from "../../src/recovery/backup/provided.ts";
import { serverAccount } from "../support/postgres/account.ts";
import { startServer, testServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";

const path = process.env["PATH"] ?? "";
const { signal } = new AbortController();

describe("a provider's backups", { timeout: 300_000 }, () => {
  test("are as old as the command or the query says; what is no time is an error", async () => {
    const at = async (...command: string[]) => (await commandProvider(command, path).list(signal)).map(({ endedAtMs }) => endedAtMs);
    assert.deepEqual(await at("echo", "2026-11-22T03:15:00Z"), [Date.UTC(2026, 10, 22, 3, 15)]);
    assert.deepEqual(await at("echo", "1795317300"), [1_795_317_300_000]);
    await assert.rejects(at("echo", "yesterday"), /the command printed no time: `yesterday`/);
    await assert.rejects(at("false"), /false ended with 1/);
    await assert.rejects(at("no-such-program-here"), /could not be started: ENOENT/);
    const server = await testServer(15);
    const query = async (text: string) =>
      (await queryProvider(text, () => server.connect()).list(signal)).map(({ endedAtMs }) => endedAtMs);
    assert.deepEqual(await query("SELECT timestamptz '2026-11-22 03:15:00Z'"), [Date.UTC(2026, 10, 22, 3, 15)]);
    assert.deepEqual(await query("SELECT NULL::timestamptz"), []);
    await assert.rejects(query("SELECT 'no'"), /the query gave no time/);
  });

  test("through the gateway: one too old is an alarm, and making one is the provider's", async () => {
    const server = await testServer(15);
    const file = join(newFolder(), "newest");
    writeFileSync(file, new Date(Date.now() - 10 * 86_400_000).toISOString());
    const scene = await openScene(server, { target: `backup: { method: external, external: { command: [/bin/cat, ${file}] } }` });
    try {
      const view = async (): Promise<TargetBackupsView | undefined> =>
        ((await callControl(scene.socket, { method: "GET", path: "/v1/backups" })) as { targets: TargetBackupsView[] }).targets[0];
      await until("it is alarming", async () => (await view())?.alarms[0]?.about === "old_backup");
      assert.equal((await view())?.backups.length, 1);
      const now = callControl(scene.socket, { method: "POST", path: "/v1/backups", body: { target: scene.shop.target } });
      await assert.rejects(now, /the provider makes the backups/);
    } finally {
      await scene.stop();
    }
  });
});

describe("pgBackRest", { timeout: 300_000 }, () => {
  test("is configured, makes a sealed backup with the WAL it needs, and is listed", async () => {
    await tool("pgbackrest");
    const folder = newFolder();
    chmodSync(folder, 0o755);
    const [place, repository] = [join(folder, "place"), join(folder, "repository")];
    for (const each of [place, repository]) mkdirSync(each, { mode: 0o700 });
    const found = asServerAccount(folder, [place, repository]);
    const archive = `pgbackrest --config=${join(place, "pgbackrest.conf")} --stanza=shop archive-push %p`;
    const server = await startServer({ version: 15, settings: { wal_level: "replica", archive_mode: "on", archive_command: archive } });
    try {
      const { user: role, password } = server.superuser;
      const provider = pgbackrest({
        stanza: "shop",
        repository,
        place,
        path: found,
        login: () => ({ host: server.host, port: server.port, role, password, database: "postgres", tls: "disable" }),
        server: async () => ({ dataDirectory: server.data, socketDirectory: server.data }),
        passphrase: "a passphrase for the cipher 4",
        keepFull: 2,
      });
      await provider.make?.(signal);
      await delay(1_100); // Labels are times in seconds.
      await server.asSuperuser("CREATE TABLE t AS SELECT generate_series(1, 1000) AS id");
      await provider.make?.(signal);
      const listed = await provider.list(signal);
      assert.equal(listed.length, 2);
      assert.ok((listed[0]?.startedAtMs ?? 0) > (listed[1]?.startedAtMs ?? 0), "newest first");
      assert.match(listed[0]?.from ?? "", /^[0-9A-F]+\/[0-9A-F]+$/);
      assert.ok((listed[0]?.bytes ?? 0) > 100_000);
      const wrong = pgbackrest({
        stanza: "shop",
        repository,
        place,
        path: found,
        login: () => ({ host: server.host, port: server.port, role, password, database: "postgres", tls: "disable" }),
        server: async () => ({ dataDirectory: undefined, socketDirectory: undefined }),
        passphrase: undefined,
        keepFull: 2,
      });
      await assert.rejects(async () => wrong.list(signal), /GRANT pg_read_all_settings/);
    } finally {
      await server.stop();
    }
  });
});

/**
 * A PATH on which `pgbackrest` is the real one, run as the servers' account where we are root: it and the server share their files. Where
 * we are nobody special it is the program itself.
 */
function asServerAccount(folder: string, shared: readonly string[]): string {
  const account = serverAccount();
  if (account === undefined) return path;
  for (const each of shared) chownSync(each, account.uid, account.gid);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const as = `setpriv --reuid=${account.uid} --regid=${account.gid} --clear-groups`;
  writeFileSync(
    join(bin, "pgbackrest"),
    `#!/bin/sh\nchown -R ${account.uid}:${account.gid} ${shared.join(" ")}\nexec ${as} /usr/bin/pgbackrest "$@"\n`,
    {
      mode: 0o755,
    },
  );
  return `${bin}:${path}`;
}
