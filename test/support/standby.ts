/**
 * A streaming standby of a test server, made by the server's own low-level backup and its own binaries: real replication over loopback.
 * It does not stand in for anything.
 */
import { spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serverAccount } from "./postgres/account.ts";
import { type ServerOptions, startServer, type TestServer } from "./servers.ts";

/** Resolves when the standby answers queries and streams. `stop()` it like any server; it is gone when the process is. */
export async function startStandby(primary: TestServer, settings: ServerOptions["settings"] = {}): Promise<TestServer> {
  const { user, password } = primary.superuser;
  const from = await backUp(primary);
  const standby = await startServer({
    version: primary.version,
    from,
    settings: {
      hot_standby: true,
      primary_conninfo: `host=127.0.0.1 port=${primary.port} user=${user} password=${password} application_name=standby`,
      wal_retrieve_retry_interval: "100ms",
      ...settings,
    },
  });
  rmSync(dirname(from), { recursive: true, force: true });
  await caughtUp(primary, standby);
  return standby;
}

/** Waits until the standby has replayed what the primary has written by now. */
export async function caughtUp(primary: TestServer, standby: TestServer): Promise<void> {
  const [at] = await primary.asSuperuser<{ lsn: string }>("SELECT pg_current_wal_flush_lsn()::text AS lsn");
  for (let tries = 0; tries < 600; tries++) {
    const [row] = await standby.asSuperuser<{ ok: boolean | null }>("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS ok", "postgres", [
      at?.lsn,
    ]);
    if (row?.ok === true) return;
    await delay(50);
  }
  throw new Error(`the standby does not follow:\n${standby.log()}`);
}

/** A copy of the data directory that recovers into a standby. */
async function backUp(primary: TestServer): Promise<string> {
  const account = serverAccount();
  const folder = mkdtempSync(join(dirname(primary.folder), "standby-"));
  if (account) chownSync(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const client = await primary.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', true)");
    copy(primary.data, data);
    const { rows } = await client.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop(false)");
    for (const left of ["postmaster.pid", "postmaster.opts"]) rmSync(join(data, left), { force: true });
    for (const [name, text] of Object.entries({ backup_label: rows[0]?.labelfile ?? "", "standby.signal": "" })) {
      writeFileSync(join(data, name), text, { mode: 0o600 });
      if (account) chownSync(join(data, name), account.uid, account.gid);
    }
    return data;
  } finally {
    await client.end();
  }
}

/** Files of a running server may go while they are copied; recovery does not need those. */
function copy(from: string, to: string): void {
  const { status, stderr } = spawnSync("cp", ["-a", from, to], { env: { ...process.env, LC_ALL: "C" }, encoding: "utf8" });
  const problems = stderr.split("\n").filter((line) => line !== "" && !line.endsWith("No such file or directory"));
  if (status !== 0 && problems.length > 0) throw new Error(`the data directory could not be copied: ${problems[0]}`);
}
