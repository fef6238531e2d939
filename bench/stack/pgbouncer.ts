/**
 * PgBouncer in session mode with its own defaults otherwise: the yardstick.
 * It is found, never installed here.
 */
import { spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serverAccount } from "../../test/support/postgres/account.ts";
import type { Login, TestServer } from "../../test/support/servers.ts";
import { freePort } from "../../src/cli/demo/free-port.ts";

export interface PgBouncerProcess {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startPgBouncer(program: string, server: TestServer, role: Login): Promise<PgBouncerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-pgbouncer-"));
  const port = await freePort();
  const config = `[databases]
* = host=${server.host} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, "users.txt")}
pool_mode = session
max_client_conn = 1100
default_pool_size = 1050
log_connections = 0
log_disconnections = 0
logfile = ${join(folder, "pgbouncer.log")}
`;
  const files = { "users.txt": `"${role.user}" "${role.password}"\n`, "pgbouncer.ini": config };
  const account = serverAccount();
  if (account) chownSync(folder, account.uid, account.gid);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    if (account) chownSync(join(folder, name), account.uid, account.gid);
  }
  const child = spawn(program, ["-q", join(folder, "pgbouncer.ini")], { ...account, cwd: folder, stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error("PgBouncer did not start");
    await delay(20);
  }
  return {
    port,
    pid: child.pid as number,
    async stop() {
      child.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
